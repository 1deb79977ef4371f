//! Events as clients may spell them.

use expect_test::{Expect, expect};
use serde_json::value::RawValue;

use super::super::{ClientEnvelope, ClientEvent, EventError, MAX_DEPTH, Mistake};

#[test]
fn a_start_event_without_value_or_both_names_is_bare() {
    check_start(r#"{"name": "A"}"#, expect![[r#"bare {"name": "A"}"#]]);
    check_start("{}", expect!["bare {}"]);
    check_start(
        r#"{"type": "A", "data": {"n": 1}}"#,
        expect![[r#"bare {"type": "A", "data": {"n": 1}}"#]],
    );
    check_start(r#"{"qualified_name": "m.A"}"#, expect![[r#"bare {"qualified_name": "m.A"}"#]]);
}

#[test]
fn a_start_event_with_value_or_both_names_is_an_envelope() {
    check_start(r#"{"type": "A", "value": {"n": 1}}"#, expect![[r#"A, none: {"n": 1}"#]]);
    check_start(r#"{"value": {}, "qualified_name": "m.A"}"#, expect!["none, m.A: {}"]);
    check_start(
        r#"{"type": "A", "qualified_name": null, "data": {"n": 1}}"#,
        expect![[r#"A, none: {"n": 1}"#]],
    );
    check_start(
        r#"{"type": "A", "qualified_name": "m.A"}"#,
        expect![[r#"
            Failed to deserialize event: 1 validation error for EventEnvelope
            value
              Field required"#]],
    );
    check_start(
        r#"{"value": {}}"#,
        expect!["Invalid client data. Must have a type or a qualified name, got neither"],
    );
}

#[test]
fn an_event_may_be_in_a_text_but_not_in_a_text_in_a_text() {
    check_start(r#"" {\"name\": \"A\"} ""#, expect![[r#"bare {"name": "A"}"#]]);
    check_sent(r#""{\"type\": \"A\", \"value\": {}}""#, expect!["A, none: {}"]);
    for text in ["not json", "", "[1]", "5", "null", "\\\"{}\\\"", "{", "{} {}"] {
        let error = start(&format!("\"{text}\"")).unwrap_err();
        assert_eq!(error, EventError::NotAnObject, "{text}");
    }
}

#[test]
fn nothing_but_objects_and_texts_are_events() {
    for json in ["5", "[1]", "true", "1.5", "null", "\"\\ud800\""] {
        assert_eq!(start(json).unwrap_err(), EventError::NotAnObject, "{json}");
        assert_eq!(sent(json).unwrap_err(), EventError::NotAnObject, "{json}");
    }
}

#[test]
fn a_sent_event_is_never_bare() {
    check_sent(
        r#"{"response": "x"}"#,
        expect![[r#"
            Failed to deserialize event: 1 validation error for EventEnvelope
            value
              Field required"#]],
    );
    check_sent(
        r#"{"type": "A"}"#,
        expect![[r#"
            Failed to deserialize event: 1 validation error for EventEnvelope
            value
              Field required"#]],
    );
    check_sent(r#"{"type": "A", "data": {}}"#, expect!["A, none: {}"]);
}

#[test]
fn value_wins_over_its_older_name() {
    check_sent(
        r#"{"type": "A", "data": {"n": 1}, "value": {"n": 2}}"#,
        expect![[r#"A, none: {"n": 2}"#]],
    );
    check_sent(r#"{"type": "A", "data": {"n": 1}, "value": null}"#, expect!["A, none: null"]);
}

#[test]
fn names_are_texts_and_an_empty_one_is_none() {
    check_sent(
        r#"{"type": 5, "value": {}}"#,
        expect![[r#"
            Failed to deserialize event: 1 validation error for EventEnvelope
            type
              Input should be a valid string"#]],
    );
    check_sent(
        r#"{"type": "A", "qualified_name": [], "value": {}}"#,
        expect![[r#"
            Failed to deserialize event: 1 validation error for EventEnvelope
            qualified_name
              Input should be a valid string"#]],
    );
    check_sent(r#"{"type": "", "qualified_name": "m.A", "value": {}}"#, expect!["none, m.A: {}"]);
    check_sent(
        r#"{"type": "", "qualified_name": null, "value": {}}"#,
        expect!["Invalid client data. Must have a type or a qualified name, got neither"],
    );
}

#[test]
fn further_members_of_an_envelope_are_ignored() {
    check_sent(
        r#"{"__is_pydantic": true, "qualified_name": "m.A", "types": ["B"], "value": {"_data": {}}}"#,
        expect![[r#"none, m.A: {"_data": {}}"#]],
    );
}

#[test]
fn an_event_in_a_text_may_nest_only_so_deep() {
    let text = format!(r#""{}1{}""#, r#"{\"a\":"#.repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert!(start(&text).is_ok());
    let text = format!(r#""{}""#, "[".repeat(MAX_DEPTH + 1));
    check_start(&text, expect!["Failed to deserialize event: it nests deeper than 100 levels"]);
}

#[test]
fn what_only_the_workflow_can_tell_is_worded_here_too() {
    let check = |error: EventError, expect: Expect| expect.assert_eq(&error.to_string());
    check(
        EventError::UnknownType { name: "X".into(), known: vec!["A".into(), "B".into()] },
        expect!["Invalid event type: X. Expected one of A, B"],
    );
    check(
        EventError::Undeclared { qualified_name: "m.X".into() },
        expect!["Event type m.X is not declared by this workflow."],
    );
    let bad = |mistakes: &[(&str, &str)]| {
        let mistakes = mistakes.iter().map(|(field, problem)| Mistake {
            field: (*field).to_owned(),
            problem: (*problem).to_owned(),
        });
        EventError::Fields { class: "A".into(), mistakes: mistakes.collect() }
    };
    check(
        bad(&[("inner.id", "Field required")]),
        expect![[r#"
            Failed to deserialize event: 1 validation error for A
            inner.id
              Field required"#]],
    );
    check(
        bad(&[("inner.id", "Field required"), ("color", "It is bad")]),
        expect![[r#"
            Failed to deserialize event: 2 validation errors for A
            inner.id
              Field required
            color
              It is bad"#]],
    );
    check(
        bad(&[("", "It is bad")]),
        expect![[r#"
            Failed to deserialize event: 1 validation error for A
              It is bad"#]],
    );
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn start(json: &str) -> Result<ClientEvent, EventError> {
    ClientEvent::read_start(&raw(json))
}

fn sent(json: &str) -> Result<ClientEnvelope, EventError> {
    ClientEvent::read_sent(&raw(json))
}

#[track_caller]
fn check_start(json: &str, expect: Expect) {
    expect.assert_eq(&match start(json) {
        Ok(ClientEvent::Bare(fields)) => format!("bare {}", fields.get()),
        Ok(ClientEvent::Envelope(envelope)) => describe(&envelope),
        Err(error) => error.to_string(),
    });
}

#[track_caller]
fn check_sent(json: &str, expect: Expect) {
    expect.assert_eq(&sent(json).map_or_else(|error| error.to_string(), |event| describe(&event)));
}

fn describe(envelope: &ClientEnvelope) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let ClientEnvelope { r#type, qualified_name, value } = envelope;
    format!("{}, {}: {}", name(r#type), name(qualified_name), value.get())
}
