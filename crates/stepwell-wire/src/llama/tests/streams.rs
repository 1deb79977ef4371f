//! Frames and lines.

use expect_test::{Expect, expect};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::{
    Envelope, StepRestarted, StepState, StepStateChanged, UnhandledEvent, WorkflowIdle, push_line,
    push_sse_frame,
};

#[test]
fn a_frame_is_an_id_line_and_a_data_line() {
    check(
        &envelope("Progress", raw(r#"{"text":"é世🌍"}"#)),
        expect![[r#"
            id: 7
            data: {"value":{"text":"é世🌍"},"qualified_name":"m.Progress","type":"Progress","types":["StopEvent"]}


            {"value":{"text":"é世🌍"},"qualified_name":"m.Progress","type":"Progress","types":["StopEvent"]}
        "#]],
    );
}

#[test]
fn an_envelope_always_has_all_four_members() {
    let envelope =
        Envelope { value: raw("{}"), qualified_name: None, r#type: "A".into(), types: None };
    check(
        &envelope,
        expect![[r#"
            id: 7
            data: {"value":{},"qualified_name":null,"type":"A","types":null}


            {"value":{},"qualified_name":null,"type":"A","types":null}
        "#]],
    );
}

#[test]
fn line_breaks_of_unicode_are_escaped_and_those_between_tokens_are_dropped() {
    let value =
        raw("{\n\"a\":\r\n\"1\u{85}2\u{2028}3\u{2029}4\",\"\u{2028}\":\"\u{2029}\u{2029}\"}");
    check(
        &envelope("\u{85}", value),
        expect![[r#"
            id: 7
            data: {"value":{ "a":  "1\u00852\u20283\u20294","\u2028":"\u2029\u2029"},"qualified_name":"m.\u0085","type":"\u0085","types":["StopEvent"]}


            {"value":{ "a":  "1\u00852\u20283\u20294","\u2028":"\u2029\u2029"},"qualified_name":"m.\u0085","type":"\u0085","types":["StopEvent"]}
        "#]],
    );
}

#[test]
fn letters_that_begin_like_line_breaks_are_left_alone() {
    check(
        &envelope("A", raw("\"¥…‰ℨÂ\"")),
        expect![[r#"
            id: 7
            data: {"value":"¥…‰ℨÂ","qualified_name":"m.A","type":"A","types":["StopEvent"]}


            {"value":"¥…‰ℨÂ","qualified_name":"m.A","type":"A","types":["StopEvent"]}
        "#]],
    );
}

#[test]
fn internal_events_have_the_fields_of_the_reference() {
    let check = |json: String, expect: Expect| expect.assert_eq(&json);
    check(
        json(&StepStateChanged {
            name: "greet".into(),
            step_state: StepState::Preparing,
            worker_id: StepStateChanged::ENQUEUED.into(),
            input_event_name: "StartEvent".into(),
            output_event_name: None,
        }),
        expect![[
            r#"{"name":"greet","step_state":"preparing","worker_id":"<enqueued>","input_event_name":"StartEvent","output_event_name":null}"#
        ]],
    );
    check(
        json(&StepStateChanged {
            name: "greet".into(),
            step_state: StepState::NotRunning,
            worker_id: "0".into(),
            input_event_name: "StartEvent".into(),
            output_event_name: Some(StepStateChanged::NOTHING.into()),
        }),
        expect![[
            r#"{"name":"greet","step_state":"not_running","worker_id":"0","input_event_name":"StartEvent","output_event_name":"NoneType"}"#
        ]],
    );
    check(
        json(&UnhandledEvent {
            event_type: "Approval".into(),
            qualified_name: "m.Approval".into(),
            step_name: None,
            idle: true,
        }),
        expect![[
            r#"{"event_type":"Approval","qualified_name":"m.Approval","step_name":null,"idle":true}"#
        ]],
    );
    check(json(&WorkflowIdle {}), expect!["{}"]);
    check(
        json(&StepRestarted { step_name: "greet".into(), from_sequence: 3 }),
        expect![[r#"{"step_name":"greet","from_sequence":3}"#]],
    );
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn envelope(name: &str, value: Box<RawValue>) -> Envelope<'static> {
    Envelope {
        value,
        qualified_name: Some(format!("m.{name}").into()),
        r#type: name.to_owned().into(),
        types: Some(vec!["StopEvent".into()].into()),
    }
}

/// Writes the envelope in both formats behind what is there already, and reads it back.
#[track_caller]
fn check(envelope: &Envelope<'_>, expect: Expect) {
    let mut out = Vec::new();
    push_sse_frame(&mut out, 7, envelope).unwrap();
    out.push(b'\n');
    let line = out.len();
    push_line(&mut out, envelope).unwrap();
    let read: Envelope<'_> = serde_json::from_slice(&out[line..]).unwrap();
    assert_eq!(read.r#type, envelope.r#type);
    expect.assert_eq(str::from_utf8(&out).unwrap());
}
