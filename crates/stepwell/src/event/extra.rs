//! The fields of an open event that its type does not declare.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The member that undeclared fields are written under.
const MEMBER: &str = "_data";

/// The undeclared fields of an open event.
///
/// Written, they are together under `_data`, and nothing if there are none. Read, they may stand
/// there or beside the declared fields; one that stands in both places is taken from beside.
///
/// # Examples
///
/// ```
/// use stepwell::{Event, Extra};
///
/// #[derive(Event)]
/// struct Note {
///     text: String,
///     #[event(extra)]
///     extra: Extra,
/// }
///
/// let mut note = Note { text: "buy milk".to_owned(), extra: Extra::default() };
/// note.extra.insert("urgent", true);
///
/// assert_eq!(note.extra.get("urgent"), Some(true));
/// assert_eq!(note.extra.get::<u32>("urgent"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra(Map<String, Value>);

impl Extra {
    /// Returns a field as a type of the caller's choice; none if it is absent or of another type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.value(name)?).ok()
    }

    /// Returns a field as JSON.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Sets a field. What is not JSON already goes through [`serde_json::to_value`] first.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the fields one after another, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Extra {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl IntoIterator for Extra {
    type Item = (String, Value);
    type IntoIter = serde_json::map::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(usize::from(!self.is_empty())))?;
        if !self.is_empty() {
            map.serialize_entry(MEMBER, &self.0)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Undeclared)
    }
}

/// Collects the members that the struct around it has left over.
struct Undeclared;

impl<'de> Visitor<'de> for Undeclared {
    type Value = Extra;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Extra, A::Error> {
        let mut fields = Map::new();
        let mut beside = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == MEMBER {
                fields = members.next_value::<Option<_>>()?.unwrap_or_default();
            } else {
                beside.insert(name, members.next_value()?);
            }
        }
        fields.append(&mut beside);
        Ok(Extra(fields))
    }
}

impl JsonSchema for Extra {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Extra".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true })
    }
}
