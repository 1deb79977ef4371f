//! Events as JSON: what is read, and what is then written.

use expect_test::expect;
use stepwell::Event;

use super::{Note, Order, Ping, Place, Pong, check, check_schema};

#[test]
fn what_is_absent_is_filled_in_with_its_default() {
    check::<Order>(
        r#"{"pieces": 18446744073709551615, "place": {"town": "Ulm", "floor": -2}}"#,
        expect![[
            r#"{"pieces":18446744073709551615,"currency":"EUR","sizes":[1,2],"express":false,"discount":null,"place":{"town":"Ulm","floor":-2}}"#
        ]],
    );
}

#[test]
fn what_is_given_wins_over_the_default() {
    check::<Order>(
        r#"{"pieces": 1, "currency": "CHF", "sizes": [], "express": true, "discount": 3,
            "place": {"town": "Ulm", "floor": 0}}"#,
        expect![[
            r#"{"pieces":1,"currency":"CHF","sizes":[],"express":true,"discount":3.0,"place":{"town":"Ulm","floor":0}}"#
        ]],
    );
}

#[test]
fn a_missing_field_is_named() {
    check::<Order>(r#"{"pieces": 1}"#, expect![".: missing field `place` at line 1 column 13"]);
}

#[test]
fn a_wrong_field_is_named_with_its_path() {
    check::<Order>(
        r#"{"pieces": 1, "place": {"town": "Ulm", "floor": "up"}}"#,
        expect![[r#"place.floor: invalid type: string "up", expected i8 at line 1 column 52"#]],
    );
}

#[test]
fn null_is_refused_for_a_field_that_is_not_optional() {
    check::<Place>(
        r#"{"town": null, "floor": 0}"#,
        expect!["town: invalid type: null, expected a string at line 1 column 13"],
    );
}

#[test]
fn a_closed_event_drops_what_it_does_not_declare() {
    check::<Place>(
        r#"{"town": "Ulm", "floor": 0, "door": 3, "_data": {"bell": 1}}"#,
        expect![[r#"{"town":"Ulm","floor":0}"#]],
    );
}

#[test]
fn an_event_without_fields_is_an_empty_object() {
    check::<Ping>("{}", expect!["{}"]);
    check::<Pong>("{}", expect!["{}"]);
    check::<Ping>(r#"{"a": 1}"#, expect!["{}"]);
    check::<Ping>(
        "null",
        expect![".: invalid type: null, expected struct Ping at line 1 column 4"],
    );
}

#[test]
fn an_open_event_keeps_what_it_does_not_declare() {
    check::<Note>(
        r#"{"text": "x", "big": 9223372036854775807, "small": -9223372036854775808,
            "nested": {"b": [null], "a": 0.1}}"#,
        expect![[
            r#"{"text":"x","stars":0,"_data":{"big":9223372036854775807,"nested":{"a":0.1,"b":[null]},"small":-9223372036854775808}}"#
        ]],
    );
}

#[test]
fn direct_members_win_over_those_under_data() {
    check::<Note>(
        r#"{"b": "direct", "text": "x", "_data": {"a": 1, "b": "under"}, "c": 18446744073709551615}"#,
        expect![[
            r#"{"text":"x","stars":0,"_data":{"a":1,"b":"direct","c":18446744073709551615}}"#
        ]],
    );
}

#[test]
fn declared_fields_are_not_read_from_data() {
    check::<Note>(
        r#"{"text": "x", "_data": {"text": "y", "stars": 5}}"#,
        expect![[r#"{"text":"x","stars":0,"_data":{"stars":5,"text":"y"}}"#]],
    );
    check::<Note>(
        r#"{"_data": {"text": "y"}}"#,
        expect![".: missing field `text` at line 1 column 24"],
    );
}

#[test]
fn an_open_event_without_undeclared_fields_has_no_data() {
    check::<Note>(r#"{"text": "x"}"#, expect![[r#"{"text":"x","stars":0}"#]]);
    check::<Note>(r#"{"text": "x", "_data": {}}"#, expect![[r#"{"text":"x","stars":0}"#]]);
    check::<Note>(r#"{"text": "x", "_data": null}"#, expect![[r#"{"text":"x","stars":0}"#]]);
}

#[test]
fn data_that_is_not_an_object_is_refused() {
    check::<Note>(
        r#"{"text": "x", "_data": 5}"#,
        expect![".: invalid type: integer `5`, expected a map at line 1 column 25"],
    );
}

#[test]
fn a_wrong_field_of_an_open_event_is_named() {
    check::<Note>(
        r#"{"text": "x", "stars": 300}"#,
        expect!["stars: invalid value: integer `300`, expected u8 at line 1 column 26"],
    );
}

#[test]
fn undeclared_fields_are_read_as_a_type_of_the_readers_choice() {
    let note: Note =
        serde_json::from_str(r#"{"text": "x", "n": 5, "list": ["a"], "none": null}"#).unwrap();

    assert_eq!((note.text.as_str(), note.stars), ("x", 0));
    assert_eq!(note.rest.get("n"), Some(5_u8));
    assert_eq!(note.rest.get::<String>("n"), None);
    assert_eq!(note.rest.get("list"), Some(vec!["a".to_owned()]));
    assert_eq!(note.rest.get::<Option<u8>>("none"), Some(None));
    assert_eq!(note.rest.get::<u8>("absent"), None);
    assert_eq!(note.rest.value("n"), Some(&5.into()));
    assert_eq!(note.rest.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["list", "n", "none"]);
}

#[test]
fn a_field_may_hold_events_of_the_same_type() {
    #[derive(Event)]
    struct Tree {
        #[event(default = Self::leaves())]
        children: Vec<Self>,
        parent: Option<Box<Tree>>,
    }

    impl Tree {
        fn leaves() -> Vec<Self> {
            Vec::new()
        }
    }

    check::<Tree>(
        r#"{"children": [{"parent": {}}]}"#,
        expect![[
            r#"{"children":[{"children":[],"parent":{"children":[],"parent":null}}],"parent":null}"#
        ]],
    );
    check_schema::<Tree>(expect![[r##"
        {
          "title": "Tree",
          "type": "object",
          "properties": {
            "children": {
              "type": "array",
              "default": [],
              "items": {
                "$ref": "#"
              }
            },
            "parent": {
              "anyOf": [
                {
                  "$ref": "#"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        }"##]]);
}

#[test]
fn private_fields_and_odd_names_do_not_disturb() {
    mod elsewhere {
        use stepwell::Event;

        #[derive(Debug, PartialEq, Event)]
        #[expect(non_camel_case_types, reason = "it is the odd name that this test is about")]
        pub(super) struct r#type {
            secret: u8,
            __default_secret: u8,
        }

        impl r#type {
            pub(super) fn new(secret: u8) -> Self {
                Self { secret, __default_secret: 0 }
            }
        }
    }

    check::<elsewhere::r#type>(
        r#"{"secret": 1, "__default_secret": 2}"#,
        expect![[r#"{"secret":1,"__default_secret":2}"#]],
    );
    assert_eq!(elsewhere::r#type::NAME, "type");
    assert_ne!(elsewhere::r#type::new(1), elsewhere::r#type::new(2));
}
