//! The state that a context brings.

use expect_test::{Expect, expect};

use super::super::{MAX_DEPTH, Refusal, RunBody};

#[test]
fn a_state_is_an_object_of_texts_of_json() {
    check(
        r#"{"version": 2, "is_running": false, "stream_seq": 0, "state": {
            "state_data": {"_data": {"total": "41", "deep": "{\"a\": [1, null]}", "s": "\"t\""}},
            "state_type": "DictState", "state_module": "workflows.context.state_store"
        }}"#,
        expect![[r#"{"deep":{"a":[1,null]},"s":"t","total":41}"#]],
    );
}

#[test]
fn a_state_may_be_an_instance_of_a_class_and_hold_such() {
    check(
        r#"{"version": 1, "state": {"state_data":
            "{\"__is_pydantic\": true, \"value\": {\"total\": 1}, \"qualified_name\": \"m.S\"}"
        }}"#,
        expect![[r#"{"total":1}"#]],
    );
    check(
        r#"{"state": {"state_data": {"_data": {
            "inner": "[{\"__is_pydantic\": true, \"value\": {\"id\": 7}, \"qualified_name\": \"m.I\"}]"
        }}}}"#,
        expect![[r#"{"inner":[{"id":7}]}"#]],
    );
}

#[test]
fn the_whole_state_may_be_a_text() {
    check(r#"{"state": {"state_data": "{\"_data\": {\"a\": \"1\"}}"}}"#, expect![[r#"{"a":1}"#]]);
}

#[test]
fn a_context_without_state_brings_none() {
    for context in [
        "null",
        "{}",
        "[]",
        r#""""#,
        "0",
        r#"{"version": 0}"#,
        r#"{"version": null, "state": null}"#,
        r#"{"version": 2, "state": {}}"#,
        r#"{"version": 1, "state": {"state_data": null}}"#,
    ] {
        check(context, expect!["none"]);
    }
}

#[test]
fn a_context_of_a_wrong_form_is_refused() {
    check(r#"{"version": 99}"#, expect!["refused: version 99 is not one of 0 to 2"]);
    check("[1]", expect!["refused: it must be an object"]);
    check(r#""context""#, expect!["refused: it must be an object"]);
    check(r#"{"state": 5}"#, expect!["refused: state must be an object"]);
    check(
        r#"{"state": {"state_data": 5}}"#,
        expect!["refused: state_data must have a member _data, or be an instance of a class"],
    );
    check(
        r#"{"state": {"state_data": "no JSON"}}"#,
        expect!["refused: state_data is no JSON: expected ident at line 1 column 2"],
    );
    check(
        r#"{"state": {"state_data": {"total": "1"}}}"#,
        expect!["refused: state_data must have a member _data, or be an instance of a class"],
    );
    check(
        r#"{"state": {"state_data": {"_data": []}}}"#,
        expect!["refused: _data must be an object"],
    );
    check(
        r#"{"state": {"state_data": {"_data": {"total": 1}}}}"#,
        expect!["refused: total must be a text"],
    );
    check(
        r#"{"state": {"state_data": {"_data": {"total": "{"}}}}"#,
        expect!["refused: total is no JSON: EOF while parsing an object at line 1 column 1"],
    );
    let deep = format!(
        r#"{{"state": {{"state_data": {{"_data": {{"a": "{}"}}}}}}}}"#,
        "[".repeat(MAX_DEPTH + 1)
    );
    check(&deep, expect!["refused: a nests deeper than 100 levels"]);
}

#[test]
fn a_context_with_work_that_is_not_done_is_refused() {
    check(
        r#"{"version": 2, "is_running": true, "workers": {
            "a": {"queue": []}, "b": {"in_progress": [{"event": "{}"}]}
        }}"#,
        expect![
            "refused: step b has work that is not done, and only the state of a context is taken over"
        ],
    );
    check(
        r#"{"version": 0, "is_running": true, "in_progress": {"c": ["{}"]}}"#,
        expect![
            "refused: step c has work that is not done, and only the state of a context is taken over"
        ],
    );
    // What its run left over when it ended is nobody's work any more.
    check(
        r#"{"version": 2, "is_running": false, "workers": {"b": {"queue": [1]}}}"#,
        expect!["none"],
    );
    check(
        r#"{"version": 2, "is_running": true, "workers": {"b": {"queue": []}}}"#,
        expect!["none"],
    );
}

/// What every refusal begins with.
const REFUSED: &str =
    "Error processing request body: Context dict specified in an invalid format: ";

fn check(context: &str, expect: Expect) {
    let body = format!(r#"{{"context": {context}}}"#);
    let state = RunBody::read(body.as_bytes()).unwrap().context_state();
    let told = match state.map_err(Refusal::RunBody) {
        Ok(Some(state)) => state.to_string(),
        Ok(None) => "none".to_owned(),
        Err(refusal) => refusal.to_string().replace(REFUSED, "refused: "),
    };
    expect.assert_eq(&told);
}
