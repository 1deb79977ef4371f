//! Events as the reducer sees them: a name, a family, and a value that it never looks into.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The module of events whose workflow does not set one: where a Python script's own classes are.
pub const DEFAULT_MODULE: &str = "__main__";

/// The module of the events that every workflow knows.
pub const BUILTIN_MODULE: &str = "workflows.events";

/// A short text that is cheap to clone: the name of an event, a step or a workflow.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(Arc<str>);

impl Name {
    /// Returns the empty text, for what has no name.
    #[must_use]
    pub fn empty() -> Self {
        Self::from("")
    }

    /// Tells whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T: Into<Arc<str>>> From<T> for Name {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON text that is carried but never parsed here.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Arc<RawValue>);

impl Payload {
    /// Returns `{}`.
    #[must_use]
    pub fn object() -> Self {
        Self::of(&serde_json::json!({}))
    }

    /// Returns `null`.
    #[must_use]
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }

    /// Writes a JSON value as text.
    #[must_use]
    pub fn of(value: &serde_json::Value) -> Self {
        let raw = serde_json::value::to_raw_value(value);
        Self(raw.expect("a JSON value has text keys, so it can be written").into())
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Payload {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw.into())
    }
}

impl From<&RawValue> for Payload {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned().into())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What kind of event it is, as far as a run cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Goes from step to step.
    #[default]
    Plain,
    /// Begins a run.
    Start,
    /// Ends the run when a step returns it.
    Stop,
    /// Asks the outside world: published when a step returns it, and nobody need accept it.
    Request,
    /// Answers from the outside world: nobody need return it.
    Response,
}

/// A typed message: what it is called, and its fields as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its stored name; routing compares it exactly.
    pub name: Name,
    /// The module that clients find its class in.
    #[serde(default = "default_module", skip_serializing_if = "is_default_module")]
    pub module: Name,
    /// Its kind.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub family: Family,
    /// Its fields: a JSON object, with fields that its class does not declare under `_data`.
    pub value: Payload,
}

impl Event {
    /// Makes an event of the default module.
    pub fn new(name: impl Into<Name>, family: Family, value: Payload) -> Self {
        Self { name: name.into(), module: default_module(), family, value }
    }

    /// Makes one of the events that every workflow knows.
    pub fn builtin(name: &str, family: Family, value: Payload) -> Self {
        Self { name: name.into(), module: BUILTIN_MODULE.into(), family, value }
    }
}

fn default_module() -> Name {
    DEFAULT_MODULE.into()
}

fn is_default_module(module: &Name) -> bool {
    module == DEFAULT_MODULE
}

fn is_plain(family: &Family) -> bool {
    *family == Family::Plain
}
