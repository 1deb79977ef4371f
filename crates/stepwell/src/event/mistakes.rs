//! All that is wrong with the fields of an event, for reading ends at the first mistake.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use stepwell_core::Payload;

use super::{EventType, EventTypeError};

/// How many mistakes of an event are told: enough to see a pattern, and finding each takes time in
/// proportion to the whole event.
const MAX_MISTAKES: usize = 20;

/// How serde begins to tell that a field is missing, whose name follows.
const MISSING: &str = "missing field `";

impl EventType {
    /// Lists the fields of an event that are wrong or missing: the first mistake within each, and
    /// at most 20 of them. There are none if the event can be [read](Self::read).
    #[must_use]
    pub fn mistakes(&self, fields: &Payload) -> Vec<EventTypeError> {
        let given: BTreeMap<String, &RawValue> =
            serde_json::from_str(fields.text()).unwrap_or_default();
        let mut left = given.clone();
        let mut found = Vec::new();
        let mut next = self.read(fields).err();
        // Without the field that has a mistake, reading gets to the next one.
        while let Some(mistake) = next.take()
            && found.len() < MAX_MISTAKES
        {
            if left.remove(mistake.member()).is_some() {
                found.push(mistake);
                let left = serde_json::value::to_raw_value(&left).expect("it was read from JSON");
                next = self.read(&left.into()).err();
            } else if let Some(name) = mistake.missing() {
                found.extend(self.missing(&given));
                // One that is missing only now was taken out above.
                let is_told = given.contains_key(name)
                    || found.iter().any(|other| other.missing() == Some(name));
                found.extend((!is_told).then_some(mistake));
            } else {
                found.push(mistake);
            }
        }
        found.truncate(MAX_MISTAKES);
        found
    }

    /// Returns the fields that must be given and are not.
    fn missing(&self, given: &BTreeMap<String, &RawValue>) -> Vec<EventTypeError> {
        let schema = self.schema();
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let missing = names.filter(|name| !given.contains_key(*name));
        let mistake =
            |name| EventTypeError { field: ".".to_owned(), message: format!("{MISSING}{name}`") };
        missing.map(mistake).collect()
    }
}

impl EventTypeError {
    /// Returns the field of the event itself in which the mistake is.
    fn member(&self) -> &str {
        self.field.split(['.', '[']).next().unwrap_or_default()
    }

    /// Returns the field of the event itself that is missing.
    fn missing(&self) -> Option<&str> {
        let name = self.message.strip_prefix(MISSING).filter(|_| self.field == ".")?;
        name.split('`').next()
    }
}
