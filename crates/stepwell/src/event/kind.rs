//! A type of event as data: for whoever reads events that come from outside.

use std::fmt;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use stepwell_core::{DEFAULT_MODULE, Family, Name, Payload};

use super::Event;
use crate::shape::TypeRef;

/// A type of event, known by its name.
#[derive(Clone)]
pub struct EventType {
    name: Name,
    module: Name,
    family: Family,
    aliases: &'static [&'static str],
    schema: fn() -> Schema,
    read: fn(&Payload) -> Result<Payload, EventTypeError>,
}

/// Why a JSON object is not an event of a type.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct EventTypeError {
    /// The path of the field that is wrong, such as `inner.id`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl EventType {
    /// Describes the type `E`. Without a module of its own it is in `module`, or else in
    /// [`DEFAULT_MODULE`].
    #[must_use]
    pub fn of<E: Event>(module: Option<&str>) -> Self {
        Self::new(TypeRef::of::<E>(), module)
    }

    pub(crate) fn new(event: TypeRef, module: Option<&str>) -> Self {
        let TypeRef { name, module: own, family, aliases, schema, read } = event;
        let module = own.or(module).unwrap_or(DEFAULT_MODULE).into();
        Self { name: name.into(), module, family, aliases, schema, read }
    }

    /// Tells whether events of this name are of the type.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        *self.name == *name || self.aliases.contains(&name)
    }

    /// Tells whether another one says the same, as far as that can be told.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let what = |event: &Self| (event.name.clone(), event.module.clone(), event.family);
        what(self) == what(other) && self.aliases == other.aliases
    }

    /// Returns its stored name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Returns the module that clients find its class in.
    #[must_use]
    pub fn module(&self) -> &Name {
        &self.module
    }

    /// Returns its module and name, joined by a dot.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    /// Returns its kind.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Returns the names it was stored under before.
    #[must_use]
    pub fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Returns the JSON Schema of its fields, draft 2020-12, with its name as the title, and with
    /// `properties` even if there are none.
    #[must_use]
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }

    /// Reads the fields of an event: checks them, fills in defaults, and moves those that the
    /// type does not declare under `_data` if the type is open, or else drops them.
    ///
    /// # Errors
    ///
    /// Returns the first field that is missing or wrong.
    pub fn read(&self, fields: &Payload) -> Result<stepwell_core::Event, EventTypeError> {
        let value = (self.read)(fields)?;
        Ok(stepwell_core::Event {
            name: self.name.clone(),
            module: self.module.clone(),
            family: self.family,
            value,
        })
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, .. } = self;
        write!(f, "EventType({}, {family:?})", self.qualified_name())
    }
}

pub(crate) fn schema<E: Event>() -> Schema {
    let mut schema = SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<E>();
    schema.insert("title".to_owned(), E::NAME.into());
    schema.remove("$schema");
    // Clients look for it, even where there is nothing in it.
    let properties = || serde_json::Value::Object(serde_json::Map::new());
    schema.ensure_object().entry("properties").or_insert_with(properties);
    schema
}

pub(crate) fn read<E: Event>(fields: &Payload) -> Result<Payload, EventTypeError> {
    let event: E = super::load(fields).map_err(|error| EventTypeError {
        field: error.path().to_string(),
        message: error.inner().to_string(),
    })?;
    super::payload(&event)
        .map_err(|error| EventTypeError { field: ".".to_owned(), message: error.to_string() })
}
