//! The checker finds every fault that is put in.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::check::{Outcome, check};
use super::record::{Ack, Notes, Task};
use crate::frames::Frame;
use crate::reading::{Reading, View};

fn envelope(name: &str, value: Value, types: Value) -> Value {
    json!({ "value": value, "qualified_name": format!("m.{name}"), "type": name, "types": types })
}

fn internal(step_state: &str) -> Value {
    let value = json!({ "step_state": step_state });
    envelope("StepStateChanged", value, json!(["InternalDispatchEvent"]))
}

fn progress(sequence: u64) -> Value {
    envelope("StreamEvent", json!({ "sequence": sequence }), Value::Null)
}

fn stop(result: impl Into<Value>) -> Value {
    envelope("StopEvent", json!({ "result": result.into() }), Value::Null)
}

fn question() -> Value {
    envelope("RequestEvent", json!({ "prompt": "?" }), json!(["InputRequiredEvent"]))
}

fn out(text: &str) -> Value {
    envelope("OutEvent", json!({ "output": text }), json!(["StopEvent"]))
}

fn cancelled() -> Value {
    envelope("WorkflowCancelledEvent", json!({}), json!(["StopEvent"]))
}

/// A run that went well, to put faults into.
struct Case {
    notes: Notes,
    outcome: Outcome,
}

impl Case {
    fn new(task: Task, events: &[Value]) -> Self {
        let mut notes = Notes::new("ann".to_owned(), Some("ann".to_owned()), task);
        notes.start = Ack::Acknowledged;
        let mut case = Self { notes, outcome: Outcome::default() };
        case.log(events);
        case
    }

    fn greet() -> Self {
        let events = [internal("running"), progress(0), progress(1), progress(2), internal("done")];
        Self::new(Task::Greet, &[events.as_slice(), &[stop("Hello, ann!")]].concat())
    }

    fn human(answers: &[(&str, Ack)], output: &str) -> Self {
        let mut case = Self::new(Task::Human, &[question(), internal("running"), out(output)]);
        case.notes.answers = answers.iter().map(|(text, ack)| ((*text).to_owned(), *ack)).collect();
        case
    }

    /// Makes these events the stream, with a public view and a record that fit.
    fn log(&mut self, events: &[Value]) {
        let frame = |(sequence, event): (u64, &Value)| Frame { sequence, text: event.to_string() };
        self.outcome.log = (0..).zip(events).map(frame).collect();
        let is_internal = |event: &Value| event["types"] == json!(["InternalDispatchEvent"]);
        let public = (0..).zip(events).filter(|(_, event)| !is_internal(event));
        self.outcome.public = public.map(frame).collect();
        let last = events.last().cloned().unwrap_or_default();
        let completed = last["type"] != "WorkflowCancelledEvent";
        self.outcome.record = Some(json!({
            "status": if completed { "completed" } else { "cancelled" },
            "result": if completed { last } else { Value::Null },
        }));
    }

    /// Lets a reader see the first items of the stream.
    fn read(&mut self, view: View, count: usize) {
        let mut reading = Reading::new(view);
        let frames = match view {
            View::Everything => &self.outcome.log,
            View::Public => &self.outcome.public,
        };
        for frame in frames.iter().take(count) {
            reading.take(&mut self.notes.seen, frame.clone()).unwrap();
        }
        self.notes.readings.push(reading);
    }

    fn check(&self, expected: Expect) {
        expected.assert_eq(&check(&self.notes, &self.outcome).join("\n"));
    }

    /// Checks that there is at least one complaint, and returns all.
    fn complaints(&self) -> String {
        let complaints = check(&self.notes, &self.outcome);
        assert!(!complaints.is_empty(), "a fault was not found");
        complaints.join("\n")
    }
}

#[test]
fn runs_that_went_well_pass() {
    let mut greet = Case::greet();
    greet.read(View::Everything, 3);
    greet.read(View::Public, 4);
    greet.check(expect![""]);

    let answers = [("one", Ack::Unknown), ("two", Ack::Acknowledged), ("three", Ack::Acknowledged)];
    Case::human(&answers, "Hello, one").check(expect![""]);
    Case::human(&answers, "Hello, two").check(expect![""]);

    let sum = stop(json!({ "count": 4, "sum": 14 }));
    Case::new(Task::FanOut { items: 4 }, &[internal("running"), sum]).check(expect![""]);

    let mut stopped = Case::new(Task::Greet, &[progress(0), cancelled()]);
    stopped.notes.cancel = Some(Ack::Unknown);
    stopped.check(expect![""]);
}

#[test]
fn a_lost_start_is_found_unless_nobody_was_told_of_it() {
    let mut case = Case::greet();
    case.outcome = Outcome::default();
    case.check(expect!["its start was acknowledged, and there is no such handler"]);
    case.notes.start = Ack::Unknown;
    case.check(expect![""]);
    case.notes.start = Ack::Acknowledged;
    case.notes.purge = Some(Ack::Unknown);
    case.check(expect![""]);
}

#[test]
fn a_run_that_should_not_be_there_is_found() {
    let mut case = Case::greet();
    case.notes.start = Ack::Refused;
    assert!(case.complaints().starts_with("its start was refused, and it is there"));
    let mut case = Case::greet();
    case.notes.purge = Some(Ack::Acknowledged);
    assert!(case.complaints().starts_with("its purge was acknowledged, and it is there"));
}

#[test]
fn a_missing_sequence_is_found() {
    let mut case = Case::greet();
    case.outcome.log.remove(4);
    case.check(expect!["the stream has 5 where 4 is due"]);
}

#[test]
fn a_sequence_given_twice_is_found() {
    let mut case = Case::greet();
    let again = case.outcome.log[4].clone();
    case.outcome.log.insert(4, again);
    case.check(expect!["the stream has 4 where 5 is due"]);
}

#[test]
fn an_item_published_twice_is_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(0), progress(1), progress(2), stop("Hello, ann!")]);
    assert!(case.complaints().starts_with("its public items are"));
}

#[test]
fn items_in_another_order_are_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(2), progress(1), stop("Hello, ann!")]);
    assert!(case.complaints().starts_with("its public items are"));
}

#[test]
fn a_missing_item_is_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(1), stop("Hello, ann!")]);
    assert!(case.complaints().starts_with("its public items are"));
}

#[test]
fn two_terminal_events_are_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(1), progress(2), stop("Hello, ann!"), stop("Hello, ann!")]);
    assert!(case.complaints().starts_with("the stream has 2 terminal events: [3, 4]"));
}

#[test]
fn something_after_the_terminal_event_is_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(1), progress(2), stop("Hello, ann!"), internal("done")]);
    assert!(case.complaints().contains("the stream does not end with a terminal event"));
}

#[test]
fn a_stream_without_an_end_is_found() {
    let mut case = Case::greet();
    case.outcome.log.pop();
    assert!(case.complaints().starts_with("the stream has 0 terminal events: []"));
}

#[test]
fn a_public_view_that_lacks_an_item_is_found() {
    let mut case = Case::greet();
    case.outcome.public.remove(1);
    assert!(case.complaints().starts_with("the public view is"));
}

#[test]
fn an_item_that_changed_since_it_was_seen_is_found() {
    let mut case = Case::greet();
    case.read(View::Everything, 2);
    case.notes.seen.insert(1, progress(7).to_string());
    assert!(case.complaints().starts_with("item 1 was seen as"));
}

#[test]
fn an_item_that_was_seen_and_is_gone_is_found() {
    let mut case = Case::greet();
    case.notes.seen.insert(99, progress(7).to_string());
    assert!(case.complaints().starts_with("item 99 was seen as"));
}

#[test]
fn an_item_that_slipped_in_behind_a_reader_is_found() {
    let mut case = Case::greet();
    case.outcome.public.remove(1);
    case.read(View::Public, 2);
    case.outcome.public.insert(1, case.outcome.log[2].clone());
    case.check(expect!["a reader of Public saw [1, 3], and it is [1, 2, 3]"]);
}

#[test]
fn a_stream_that_went_on_after_its_end_is_found() {
    let mut case = Case::human(&[("ann", Ack::Acknowledged)], "Hello, ann");
    case.read(View::Everything, 3);
    case.log(&[
        question(),
        internal("running"),
        out("Hello, ann"),
        internal("x"),
        out("Hello, ann"),
    ]);
    assert!(case.complaints().contains("a reader saw the stream end with 2, and it goes on"));
}

#[test]
fn a_wrong_result_is_found() {
    let mut case = Case::greet();
    case.log(&[progress(0), progress(1), progress(2), stop("Hello, bob!")]);
    assert!(case.complaints().starts_with("it ended with"));
    let counted_twice = stop(json!({ "count": 4, "sum": 15 }));
    let case = Case::new(Task::FanOut { items: 4 }, &[counted_twice]);
    assert!(case.complaints().starts_with("it ended with"));
}

#[test]
fn an_answer_that_was_lost_or_never_sent_is_found() {
    let answers = [("one", Ack::Refused), ("two", Ack::Acknowledged), ("three", Ack::Acknowledged)];
    for output in ["Hello, one", "Hello, three", "Hello, nobody"] {
        assert!(Case::human(&answers, output).complaints().starts_with("it ended with"));
    }
}

#[test]
fn a_lost_cancel_is_found() {
    let mut case = Case::greet();
    case.notes.cancel = Some(Ack::Acknowledged);
    assert!(case.complaints().starts_with("its cancel was acknowledged, and it completed"));
}

#[test]
fn a_cancel_that_nobody_sent_is_found() {
    let mut case = Case::new(Task::Greet, &[progress(0), cancelled()]);
    assert!(case.complaints().starts_with("nobody cancelled it"));
    case.notes.cancel = Some(Ack::Refused);
    assert!(case.complaints().starts_with("nobody cancelled it"));
}

#[test]
fn a_record_that_contradicts_the_stream_is_found() {
    let mut case = Case::greet();
    case.outcome.record = Some(json!({ "status": "completed", "result": stop("x") }));
    assert!(case.complaints().starts_with("the result of its record is not the last event"));
    case.outcome.record = Some(json!({ "status": "running" }));
    assert!(case.complaints().starts_with("it should have ended well"));
    case.notes.cancel = Some(Ack::Acknowledged);
    case.outcome.record = Some(json!({ "status": "cancelled" }));
    assert!(case.complaints().contains("it is cancelled, and its stream ends with"));
}

#[test]
fn the_record_of_an_ended_run_never_changes() {
    let mut case = Case::greet();
    let record = case.outcome.record.clone().unwrap();
    assert_eq!(case.notes.take_record(&record), Ok(()));
    assert_eq!(case.notes.take_record(&record), Ok(()));
    assert!(case.notes.take_record(&json!({ "status": "running" })).is_err());
    case.outcome.record =
        Some(json!({ "status": "completed", "result": stop("Hello, ann!"), "new": 1 }));
    assert!(case.complaints().starts_with("the record of the ended run changed"));
}

/// Gives frames to a reader and returns its first complaint.
fn read(view: View, frames: &[(u64, Value)]) -> String {
    let mut reading = Reading::new(view);
    let mut seen = BTreeMap::from([(1, progress(1).to_string())]);
    for (sequence, event) in frames {
        let frame = Frame { sequence: *sequence, text: event.to_string() };
        if let Err(complaint) = reading.take(&mut seen, frame) {
            return complaint.split(':').next().unwrap_or_default().to_owned();
        }
    }
    String::new()
}

#[test]
fn readers_complain_at_once() {
    use View::{Everything, Public};

    let ordered = [(0, progress(0)), (1, progress(1)), (4, stop("x"))];
    expect![""].assert_eq(&read(Public, &ordered));
    expect!["item 4 came where 2 was due"].assert_eq(&read(Everything, &ordered));
    let again = [(0, progress(0)), (0, progress(0))];
    expect!["item 0 came where 1 was due"].assert_eq(&read(Public, &again));
    let more = [(0, stop("x")), (2, stop("x"))];
    expect!["item 2 came after the terminal event"].assert_eq(&read(Public, &more));
    let hidden = [(0, internal("running"))];
    expect!["item 0 is internal, and nobody asked for it"].assert_eq(&read(Public, &hidden));
    let changed = [(0, progress(0)), (1, progress(5))];
    expect!["item 1 was `{\"qualified_name\""].assert_eq(&read(Everything, &changed));
    let foreign = [(0, json!({ "type": "StopEvent" }))];
    expect!["an event has not the four members of one"].assert_eq(&read(Everything, &foreign));
}
