//! The bodies of requests.

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::super::{ClientEvent, MAX_DEPTH, Refusal, RunBody, SendBody};

#[test]
fn a_start_may_say_nothing() {
    check_run(
        "{}",
        expect![[r#"
            start event: bare {}
            context: false
            handler id: None
        "#]],
    );
}

#[test]
fn kwargs_take_the_place_of_an_absent_start_event() {
    check_run(
        r#"{"kwargs": {"name": "K"}, "handler_id": "h", "context": {"a": 1}}"#,
        expect![[r#"
            start event: bare {"name": "K"}
            context: true
            handler id: Some("h")
        "#]],
    );
}

#[test]
fn a_null_start_event_stands_for_no_fields_whatever_kwargs_say() {
    check_run(
        r#"{"start_event": null, "kwargs": {"name": "K"}}"#,
        expect![[r#"
            start event: bare {}
            context: false
            handler id: None
        "#]],
    );
}

#[test]
fn null_kwargs_are_no_fields() {
    check_run(
        r#"{"kwargs": null}"#,
        expect![[r#"
            start event: bare {}
            context: false
            handler id: None
        "#]],
    );
}

#[test]
fn kwargs_that_are_no_object_are_a_bad_start_event() {
    check_run(
        r#"{"kwargs": 5}"#,
        expect![[r#"
            start event: Failed to deserialize event. Must be a json object, or stringified json object
            context: false
            handler id: None
        "#]],
    );
}

#[test]
fn of_a_repeated_member_the_last_counts_and_unknown_ones_are_ignored() {
    check_run(
        r#"{"start_event": {"n": 1}, "other": [{}], "start\u005fevent": {"n": 2}}"#,
        expect![[r#"
            start event: bare {"n": 2}
            context: false
            handler id: None
        "#]],
    );
}

#[test]
fn a_handler_id_is_made_up_if_it_is_empty_and_refused_if_it_is_no_text() {
    check_run(
        r#"{"handler_id": ""}"#,
        expect![[r#"
            start event: bare {}
            context: false
            handler id: None
        "#]],
    );
    check_run(
        r#"{"handler_id": 5}"#,
        expect![[r#"
            start event: bare {}
            context: false
            handler id: Error processing request body: handler_id must be a text
        "#]],
    );
}

#[test]
fn contexts_without_content_do_not_count() {
    for empty in ["{}", "{ }", "[]", "null", "\"\"", "0", "-0.0", "false"] {
        let body = format!(r#"{{"context": {empty}}}"#);
        assert!(!RunBody::read(body.as_bytes()).unwrap().has_context(), "{empty}");
    }
    for full in ["{\"a\": 1}", "[0]", "\" \"", "1", "true", "1e-9"] {
        let body = format!(r#"{{"context": {full}}}"#);
        assert!(RunBody::read(body.as_bytes()).unwrap().has_context(), "{full}");
    }
}

#[test]
fn what_is_no_json_is_told_from_what_is_no_object() {
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"not json",
        b"{} {}",
        b"{'a': 1}",
        b"{\"a\": \"\xff\"}",
        b"[1]",
        b"[1",
        b"\"text\"",
    ];
    let mut seen = String::new();
    for body in bodies {
        let refusal = Refusal::RunBody(RunBody::read(body).unwrap_err());
        writeln!(seen, "{}: {refusal}", body.escape_ascii()).unwrap();
    }
    expect![[r#"
        : Invalid JSON body: EOF while parsing a value at line 1 column 0
        {: Invalid JSON body: EOF while parsing an object at line 1 column 1
        not json: Invalid JSON body: expected ident at line 1 column 2
        {} {}: Invalid JSON body: trailing characters at line 1 column 4
        {\'a\': 1}: Invalid JSON body: key must be a string at line 1 column 2
        {\"a\": \"\xff\"}: Invalid JSON body: invalid utf-8 sequence of 1 bytes from index 7
        [1]: Error processing request body: the body must be an object
        [1: Invalid JSON body: EOF while parsing a list at line 1 column 2
        \"text\": Error processing request body: the body must be an object
    "#]]
    .assert_eq(&seen);
}

#[test]
fn a_body_may_nest_only_so_deep() {
    let nested = |levels: usize| {
        let brackets = levels - 1;
        format!(r#"{{"start_event": {}{}}}"#, "[".repeat(brackets), "]".repeat(brackets))
    };
    assert!(RunBody::read(nested(MAX_DEPTH).as_bytes()).is_ok());
    for levels in [MAX_DEPTH + 1, 200_000] {
        let error = RunBody::read(nested(levels).as_bytes()).unwrap_err();
        expect!["it nests deeper than 100 levels"].assert_eq(&error.to_string());
    }
    // Brackets in texts do not nest.
    let text = format!(r#"{{"start_event": "{}\""}}"#, "[".repeat(2 * MAX_DEPTH));
    assert!(RunBody::read(text.as_bytes()).is_ok());
}

#[test]
fn an_event_may_be_for_one_step() {
    check_send(
        r#"{"event": {"type": "A"}, "step": "s"}"#,
        expect![[r#"{"type": "A"} for Some("s")"#]],
    );
    check_send(r#"{"event": "text", "step": null}"#, expect![[r#""text" for None"#]]);
    check_send(r#"{"event": 5, "step": ""}"#, expect![[r#"5 for Some("")"#]]);
    check_send(
        r#"{"event": 5, "step": 5}"#,
        expect!["Error processing request: step must be a text"],
    );
    check_send("[]", expect!["Error processing request: the body must be an object"]);
    check_send(
        "",
        expect!["Error processing request: EOF while parsing a value at line 1 column 0"],
    );
}

#[test]
fn an_empty_event_is_none() {
    for event in ["null", "{}", "\"\"", "[]", "0", "false"] {
        let body = format!(r#"{{"event": {event}}}"#);
        assert!(SendBody::read(body.as_bytes()).unwrap().event.is_none(), "{event}");
    }
    assert!(SendBody::read(b"{}").unwrap().event.is_none());
}

#[track_caller]
fn check_run(body: &str, expect: Expect) {
    let body = RunBody::read(body.as_bytes()).unwrap();
    let start_event = match body.start_event() {
        Ok(ClientEvent::Bare(fields)) => format!("bare {}", fields.get()),
        Ok(ClientEvent::Envelope(envelope)) => format!("{envelope:?}"),
        Err(error) => error.to_string(),
    };
    let handler_id = match body.handler_id() {
        Ok(handler_id) => format!("{handler_id:?}"),
        Err(error) => Refusal::RunBody(error).to_string(),
    };
    let context = body.has_context();
    expect.assert_eq(&format!(
        "start event: {start_event}\ncontext: {context}\nhandler id: {handler_id}\n"
    ));
}

#[track_caller]
fn check_send(body: &str, expect: Expect) {
    let seen = match SendBody::read(body.as_bytes()) {
        Ok(SendBody { event, step }) => {
            format!("{} for {step:?}", event.map_or("nothing", |event| event.get()))
        }
        Err(error) => Refusal::SendBody(error).to_string(),
    };
    expect.assert_eq(&seen);
}
