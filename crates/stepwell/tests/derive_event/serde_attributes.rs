//! The attributes of serde and schemars, which go on working.

use expect_test::expect;
use stepwell::Event;

use super::{check, check_schema};

mod celsius {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(kelvin: &f64, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(kelvin - 273.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        f64::deserialize(d).map(|celsius| celsius + 273.0)
    }
}

fn room() -> f64 {
    293.0
}

#[derive(Event)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(description = "From the attribute.")]
struct Weather {
    measured_at: u32,
    #[serde(rename = "temperature", with = "celsius", default = "room")]
    #[schemars(with = "f64", range(min = -273))]
    kelvin: f64,
    #[serde(skip)]
    cached: u32,
    #[serde(alias = "remarks", skip_serializing_if = "Vec::is_empty", default)]
    notes: Vec<String>,
    r#type: Option<String>,
}

#[test]
fn attributes_of_serde_work_as_usual() {
    check::<Weather>(
        r#"{"measuredAt": 1, "remarks": ["wet"], "type": "x"}"#,
        expect![[r#"{"measuredAt":1,"temperature":20.0,"notes":["wet"],"type":"x"}"#]],
    );
    let weather: Weather = serde_json::from_str(r#"{"measuredAt": 1}"#).unwrap();
    assert_eq!((weather.kelvin, weather.cached), (293.0, 0));
    check::<Weather>(
        r#"{"measuredAt": 1, "wind": 0}"#,
        expect![
            "wind: unknown field `wind`, expected one of `measuredAt`, `temperature`, `notes`, `remarks`, `type` at line 1 column 24"
        ],
    );
}

#[test]
fn attributes_of_serde_and_schemars_show_in_the_schema() {
    check_schema::<Weather>(expect![[r#"
        {
          "title": "Weather",
          "description": "From the attribute.",
          "type": "object",
          "properties": {
            "measuredAt": {
              "type": "integer",
              "format": "uint32",
              "minimum": 0
            },
            "notes": {
              "type": "array",
              "items": {
                "type": "string"
              }
            },
            "temperature": {
              "type": "number",
              "format": "double",
              "default": 20.0,
              "minimum": -273
            },
            "type": {
              "type": [
                "string",
                "null"
              ]
            }
          },
          "additionalProperties": false,
          "required": [
            "measuredAt"
          ]
        }"#]]);
}

#[derive(Event)]
#[serde(default)]
struct Settings {
    volume: u8,
    name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { volume: 11, name: "none".to_owned() }
    }
}

#[test]
fn all_defaults_may_come_from_the_struct() {
    check::<Settings>(r#"{"name": "loud"}"#, expect![[r#"{"volume":11,"name":"loud"}"#]]);
    check_schema::<Settings>(expect![[r#"
        {
          "title": "Settings",
          "type": "object",
          "properties": {
            "name": {
              "type": "string",
              "default": "none"
            },
            "volume": {
              "type": "integer",
              "format": "uint8",
              "default": 11,
              "maximum": 255,
              "minimum": 0
            }
          }
        }"#]]);
}
