//! The JSON Schemas of events.

use expect_test::expect;

use super::{Note, Order, Ping, check_schema};

#[test]
fn the_schema_shows_names_descriptions_defaults_and_nested_types() {
    check_schema::<Order>(expect![[r##"
        {
          "title": "OrderPlaced",
          "description": "An order\nof some goods.",
          "type": "object",
          "properties": {
            "currency": {
              "type": "string",
              "default": "EUR"
            },
            "discount": {
              "type": [
                "number",
                "null"
              ],
              "format": "double"
            },
            "express": {
              "type": "boolean",
              "default": false
            },
            "pieces": {
              "description": "How many pieces.",
              "type": "integer",
              "format": "uint64",
              "minimum": 0
            },
            "place": {
              "$ref": "#/$defs/Place"
            },
            "sizes": {
              "type": "array",
              "default": [
                1,
                2
              ],
              "items": {
                "type": "integer",
                "format": "uint32",
                "minimum": 0
              }
            }
          },
          "required": [
            "pieces",
            "place"
          ],
          "$defs": {
            "Place": {
              "description": "Where an order goes.",
              "type": "object",
              "properties": {
                "floor": {
                  "type": "integer",
                  "format": "int8",
                  "maximum": 127,
                  "minimum": -128
                },
                "town": {
                  "description": "The town.",
                  "type": "string"
                }
              },
              "required": [
                "town",
                "floor"
              ]
            }
          }
        }"##]]);
}

#[test]
fn the_schema_of_an_open_event_allows_more_than_it_declares() {
    check_schema::<Note>(expect![[r#"
        {
          "title": "Note",
          "type": "object",
          "properties": {
            "stars": {
              "type": "integer",
              "format": "uint8",
              "default": 0,
              "maximum": 255,
              "minimum": 0
            },
            "text": {
              "type": "string"
            }
          },
          "additionalProperties": true,
          "required": [
            "text"
          ]
        }"#]]);
}

#[test]
fn the_schema_of_an_event_without_fields_is_an_object() {
    check_schema::<Ping>(expect![[r#"
        {
          "title": "Ping",
          "type": "object",
          "properties": {}
        }"#]]);
}
