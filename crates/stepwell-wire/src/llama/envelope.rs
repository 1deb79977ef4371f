//! Events as the server sends them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The module of the classes that every workflow knows.
pub const BUILTIN_MODULE: &str = "workflows.events";

/// An event with the names of its class. All four members are always there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(bound = ""))]
pub struct Envelope<'a, V = Box<RawValue>> {
    /// Its fields: an object, with those that the class does not declare under `_data`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub value: V,
    /// The module and name of its class, joined by a dot; null if the reader did not want it.
    pub qualified_name: Option<Cow<'a, str>>,
    /// The name of its class.
    pub r#type: Cow<'a, str>,
    /// The classes that its class descends from, nearest first, without `Event`; null if there
    /// are none, never empty.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, min_items = 1))]
    pub types: Option<Cow<'a, [Cow<'a, str>]>>,
}
