//! The events that every workflow knows.

use expect_test::expect;
use stepwell::{EventType, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent};

use super::{Place, check, check_schema};

#[test]
fn built_in_events_are_open_and_belong_to_the_module_of_the_python_package() {
    for builtin in [
        EventType::of::<StartEvent>(None),
        EventType::of::<StopEvent>(Some("mine")),
        EventType::of::<InputRequiredEvent>(Some("mine")),
        EventType::of::<HumanResponseEvent>(None),
    ] {
        assert_eq!(&**builtin.module(), "workflows.events");
    }
    check::<StartEvent>(r#"{"name": "John"}"#, expect![[r#"{"_data":{"name":"John"}}"#]]);
    check::<InputRequiredEvent>(
        r#"{"_data": {"prefix": "?"}}"#,
        expect![[r#"{"_data":{"prefix":"?"}}"#]],
    );
    check::<HumanResponseEvent>("{}", expect!["{}"]);
    assert_eq!(StartEvent::new().with("n", 7).get("n"), Some(7_i64));
}

#[test]
fn a_stop_event_without_result_is_an_empty_object() {
    check::<StopEvent>("{}", expect!["{}"]);
    check::<StopEvent>(r#"{"result": null}"#, expect!["{}"]);
    check::<StopEvent>(
        r#"{"result": [1, {"a": null}], "why": "x"}"#,
        expect![[r#"{"result":[1,{"a":null}],"_data":{"why":"x"}}"#]],
    );
}

#[test]
fn a_stop_event_is_made_of_anything_with_a_form_in_json() {
    assert_eq!(StopEvent::new("text").result, "text");
    assert_eq!(StopEvent::new(vec![1.5]).result, serde_json::json!([1.5]));
    let place = Place { town: "Ulm".to_owned(), floor: 1 };
    assert_eq!(StopEvent::of(&place).unwrap().result["floor"], 1);
    assert!(StopEvent::of(&std::collections::BTreeMap::from([((1, 2), 3)])).is_err());
}

#[test]
fn the_schema_of_a_stop_event_declares_nothing() {
    check_schema::<StopEvent>(expect![[r#"
        {
          "title": "StopEvent",
          "description": "Ends a run with any JSON value as its result.",
          "type": "object",
          "properties": {},
          "additionalProperties": true
        }"#]]);
}
