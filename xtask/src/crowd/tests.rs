//! The checker finds every fault that is put in.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::check::Log;
use super::connection::Chunks;
use super::reader::{Format, Kind, Plan, Seen};
use super::workflow::text;
use crate::reading::View;

/// The run that is looked at, and how many items it publishes.
const RUN: u64 = 3;
const ITEMS: u64 = 5;

fn envelope(name: &str, value: &Value, types: &Value) -> String {
    json!({ "value": value, "qualified_name": name, "type": name, "types": types }).to_string()
}

fn item(number: u64) -> String {
    let value = json!({ "run": RUN, "number": number, "text": text(RUN, number), "at": 17 });
    envelope("Item", &value, &Value::Null)
}

fn ask(number: u64) -> String {
    envelope("Ask", &json!({ "number": number }), &json!(["InputRequiredEvent"]))
}

fn internal(name: &str) -> String {
    envelope(name, &json!({}), &json!(["InternalDispatchEvent"]))
}

fn stop(items: u64) -> String {
    envelope("StopEvent", &json!({ "result": items }), &Value::Null)
}

/// The log of a run as it should be.
fn log() -> Vec<Seen> {
    let texts = vec![
        internal("StepStateChanged"),
        item(0),
        item(1),
        ask(1),
        internal("WorkflowIdleEvent"),
        internal("StepStateChanged"),
        item(2),
        ask(2),
        internal("WorkflowIdleEvent"),
        item(3),
        item(4),
        stop(5),
    ];
    let numbered = (0..).zip(texts);
    numbered.map(|(sequence, text)| Seen { sequence: Some(sequence), text }).collect()
}

/// Does something to the log and compares what the checker says of it.
fn check_log(change: impl FnOnce(&mut Vec<Seen>), expected: Expect) {
    let mut seen = log();
    change(&mut seen);
    let complaints = match Log::new(seen) {
        Ok(log) => log.check(RUN, ITEMS).join("\n"),
        Err(complaint) => complaint,
    };
    expected.assert_eq(&complaints);
}

/// Does something to what a reader saw and compares what the checker says of it.
fn check_reading(
    kind: Kind,
    view: View,
    format: Format,
    change: impl FnOnce(&mut Vec<Seen>),
    expected: Expect,
) {
    let behind_ask = if kind == Kind::Now { 4 } else { 0 };
    let mut seen: Vec<Seen> = log().into_iter().skip(behind_ask).collect();
    seen.retain(|seen| view == View::Everything || !seen.text.contains("InternalDispatchEvent"));
    if format == Format::Ndjson {
        seen.iter_mut().for_each(|seen| seen.sequence = None);
    }
    change(&mut seen);
    let plan = Plan { run: RUN, kind, view, format };
    let log = Log::new(log()).unwrap();
    expected.assert_eq(&log.check_reading(plan, &seen).join("\n"));
}

#[test]
fn what_is_right_is_not_complained_about() {
    check_log(|_| {}, expect![""]);
    for view in [View::Public, View::Everything] {
        for format in [Format::Sse, Format::Ndjson] {
            check_reading(Kind::Steady, view, format, |_| {}, expect![""]);
            check_reading(Kind::Now, view, format, |_| {}, expect![""]);
        }
    }
}

#[test]
fn a_log_with_a_hole_is_found() {
    check_log(|seen| drop(seen.remove(5)), expect!["the log has 6 where 5 is due"]);
}

#[test]
fn a_log_that_does_not_begin_with_zero_is_found() {
    check_log(|seen| drop(seen.remove(0)), expect!["the log has 1 where 0 is due"]);
}

#[test]
fn a_log_without_an_end_is_found() {
    check_log(
        |seen| drop(seen.pop()),
        expect![[r#"
            its terminal event is not once and last
            its public item 7 is nothing, and should be ("StopEvent", Object {"result": Number(5)})"#]],
    );
}

#[test]
fn an_empty_log_is_found() {
    check_log(
        Vec::clear,
        expect![[
            r#"its public item 0 is nothing, and should be ("Item", Object {"number": Number(0), "run": Number(3), "text": String("run 3, item 0: \u{2028}\u{85}\n\r\"water is drawn from a stepwell; water is drawn from a"#
        ]],
    );
}

#[test]
fn a_log_that_ends_twice_is_found() {
    check_log(
        |seen| seen.push(Seen { sequence: Some(12), text: stop(5) }),
        expect![[r#"
            its terminal event is not once and last
            its public item 8 is ("StopEvent", Object {"result": Number(5)}), and should be nothing"#]],
    );
}

#[test]
fn another_runs_item_in_a_log_is_found() {
    check_log(
        |seen| seen[2].text = seen[2].text.replace("\"run\":3", "\"run\":4"),
        expect![[
            r#"its public item 1 is ("Item", Object {"number": Number(1), "run": Number(4), "text": String("run 3, item 1: \u{2028}\u{85}\n\r\"water is drawn from a stepwell; water is drawn from a, and should be ("Item", Object {"number": Number(1), "run": Number(3), "text": String("run 3, item 1: \u{2028}\u{85}\n\r\"water is drawn from a stepwell; water is drawn from a"#
        ]],
    );
}

#[test]
fn what_is_no_event_in_a_log_is_found() {
    check_log(
        |seen| seen[1].text = "{}".to_owned(),
        expect!["an event has not the four members of one: {}"],
    );
}

#[test]
fn an_item_that_a_reader_missed_is_found() {
    check_reading(
        Kind::Cut,
        View::Everything,
        Format::Sse,
        |seen| drop(seen.remove(8)),
        expect![[
            r#"item 8 of 11 was (Some(9), "{\"qualified_name\":\"Item\",\"type\":\"Item\",\"types\":null,\"value\":{\"at\":17,\"number\":3,\"run\":3,\"text\":\"run 3, item 3: \u{2028}\u{85}\\n, and is (8, "{\"qualified_name\":\"WorkflowIdleEvent\",\"type\":\"WorkflowIdleEvent\",\"types\":[\"InternalDispatchEvent\"],\"value\":{}}") of 12"#
        ]],
    );
}

#[test]
fn an_end_that_a_reader_missed_is_found() {
    for kind in [Kind::Steady, Kind::Now] {
        let mut items = 0;
        let count = |seen: &mut Vec<Seen>| {
            seen.pop();
            items = seen.len();
        };
        check_reading(
            kind,
            View::Public,
            Format::Ndjson,
            count,
            match kind {
                Kind::Now => expect![[
                    r#"item 4 of 4 was nothing, and is (11, "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}") of 5"#
                ]],
                _ => expect![[
                    r#"item 7 of 7 was nothing, and is (11, "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}") of 8"#
                ]],
            },
        );
    }
}

#[test]
fn items_that_a_reader_saw_twice_or_in_another_order_are_found() {
    check_reading(
        Kind::Still,
        View::Public,
        Format::Sse,
        |seen| seen.insert(7, seen[6].clone()),
        expect![[
            r#"item 7 of 9 was (Some(10), "{\"qualified_name\":\"Item\",\"type\":\"Item\",\"types\":null,\"value\":{\"at\":17,\"number\":4,\"run\":3,\"text\":\"run 3, item 4: \u{2028}\u{85}\\, and is (11, "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}") of 8"#
        ]],
    );
    check_reading(
        Kind::Joining,
        View::Public,
        Format::Ndjson,
        |seen| seen.swap(2, 3),
        expect![[
            r#"item 2 of 8 was (None, "{\"qualified_name\":\"Item\",\"type\":\"Item\",\"types\":null,\"value\":{\"at\":17,\"number\":2,\"run\":3,\"text\":\"run 3, item 2: \u{2028}\u{85}\\n\\r, and is (3, "{\"qualified_name\":\"Ask\",\"type\":\"Ask\",\"types\":[\"InputRequiredEvent\"],\"value\":{\"number\":1}}") of 8"#
        ]],
    );
}

#[test]
fn a_number_that_is_wrong_or_should_not_be_there_is_found() {
    let wrong = |seen: &mut Vec<Seen>| seen[7].sequence = Some(12);
    check_reading(
        Kind::After,
        View::Public,
        Format::Sse,
        wrong,
        expect![[
            r#"item 7 of 8 was (Some(12), "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}"), and is (11, "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}") of 8"#
        ]],
    );
    check_reading(
        Kind::After,
        View::Public,
        Format::Ndjson,
        wrong,
        expect![[
            r#"item 7 of 8 was (Some(12), "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}"), and is (11, "{\"qualified_name\":\"StopEvent\",\"type\":\"StopEvent\",\"types\":null,\"value\":{\"result\":5}}") of 8"#
        ]],
    );
}

#[test]
fn a_reader_of_what_is_to_come_must_not_see_what_was() {
    let before = |seen: &mut Vec<Seen>| seen.insert(0, log()[3].clone());
    check_reading(
        Kind::Now,
        View::Everything,
        Format::Sse,
        before,
        expect![[
            r#"item 0 of 9 was (Some(3), "{\"qualified_name\":\"Ask\",\"type\":\"Ask\",\"types\":[\"InputRequiredEvent\"],\"value\":{\"number\":1}}"), and is (4, "{\"qualified_name\":\"WorkflowIdleEvent\",\"type\":\"WorkflowIdleEvent\",\"types\":[\"InternalDispatchEvent\"],\"value\":{}}") of 8"#
        ]],
    );
    let late = |seen: &mut Vec<Seen>| drop(seen.drain(..3));
    check_reading(
        Kind::Now,
        View::Everything,
        Format::Sse,
        late,
        expect![[
            r#"item 0 of 5 was (Some(7), "{\"qualified_name\":\"Ask\",\"type\":\"Ask\",\"types\":[\"InputRequiredEvent\"],\"value\":{\"number\":2}}"), and is (5, "{\"qualified_name\":\"StepStateChanged\",\"type\":\"StepStateChanged\",\"types\":[\"InternalDispatchEvent\"],\"value\":{}}") of 7"#
        ]],
    );
    // That the run is idle may be told before this reader comes.
    let early = |seen: &mut Vec<Seen>| drop(seen.remove(0));
    check_reading(Kind::Now, View::Everything, Format::Sse, early, expect![""]);
}

#[test]
fn chunks_are_put_together_wherever_the_bytes_are_cut() {
    let bytes = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
    for cut in 0..=bytes.len() {
        let mut chunks = Chunks::default();
        let mut body = chunks.take(&bytes[..cut]).unwrap();
        assert_eq!(chunks.ended, cut == bytes.len());
        body.extend(chunks.take(&bytes[cut..]).unwrap());
        assert_eq!(body, b"abc0123456789");
        assert!(chunks.ended);
    }
}

#[test]
fn what_is_no_chunk_is_refused() {
    for bytes in ["x\r\n", "1\r\nabc\r\n", "0\r\n\r\nmore"] {
        assert!(Chunks::default().take(bytes.as_bytes()).is_err(), "{bytes:?}");
    }
}
