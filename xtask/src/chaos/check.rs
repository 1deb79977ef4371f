//! Checks what became of a run against the outside record. Pure: data in, violations out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::{Ack, Notes, Task};
use crate::frames::Frame;
use crate::reading::{Event, View};

/// What the server shows of a run in the end.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Its record; none if the server knows no such handler.
    pub(crate) record: Option<Value>,
    /// Its stream from the beginning, internal items and all.
    pub(crate) log: Vec<Frame>,
    /// Its stream from the beginning as it is for most readers.
    pub(crate) public: Vec<Frame>,
}

/// Returns every promise about the run that was not kept.
pub(crate) fn check(notes: &Notes, outcome: &Outcome) -> Vec<String> {
    let Some(record) = &outcome.record else {
        let lost = "its start was acknowledged, and there is no such handler";
        return if notes.may_be_gone() { Vec::new() } else { vec![lost.to_owned()] };
    };
    let mut broken = Vec::new();
    if notes.start == Ack::Refused {
        broken.push(format!("its start was refused, and it is there: {record}"));
    }
    if notes.purge == Some(Ack::Acknowledged) {
        broken.push(format!("its purge was acknowledged, and it is there: {record}"));
    }
    if notes.ended.as_ref().is_some_and(|before| before != record) {
        let before = notes.ended.as_ref().unwrap_or(&Value::Null);
        broken.push(format!("the record of the ended run changed: {before} became {record}"));
    }
    let events = match read(&outcome.log) {
        Ok(events) => events,
        Err(what) => {
            broken.push(what);
            return broken;
        }
    };
    broken.extend(check_log(&outcome.log, &events));
    broken.extend(check_public(outcome, &events));
    broken.extend(check_readings(notes, &outcome.log, &events));
    broken.extend(check_end(notes, record, &events));
    broken
}

fn read(log: &[Frame]) -> Result<Vec<Event>, String> {
    log.iter().map(|frame| Event::read(&frame.text)).collect()
}

/// The log is numbered 0, 1, 2 … and ends with the only terminal event.
fn check_log(log: &[Frame], events: &[Event]) -> Vec<String> {
    let mut broken = Vec::new();
    for (due, frame) in (0..).zip(log) {
        if frame.sequence != due {
            broken.push(format!("the stream has {} where {due} is due", frame.sequence));
            break;
        }
    }
    let terminal: Vec<_> = log
        .iter()
        .zip(events)
        .filter(|(_, event)| event.is_terminal())
        .map(|(f, _)| f.sequence)
        .collect();
    if terminal.len() != 1 {
        broken.push(format!("the stream has {} terminal events: {terminal:?}", terminal.len()));
    }
    if !events.last().is_some_and(Event::is_terminal) {
        let last = log.last().map_or("nothing", |frame| &frame.text);
        broken.push(format!("the stream does not end with a terminal event, but with {last}"));
    }
    broken
}

/// The public view is the log without its internal items.
fn check_public(outcome: &Outcome, events: &[Event]) -> Vec<String> {
    let log = outcome.log.iter().zip(events);
    let expected: Vec<_> = log.filter(|(_, event)| !event.is_internal()).map(|(f, _)| f).collect();
    if expected == outcome.public.iter().collect::<Vec<_>>() {
        return Vec::new();
    }
    let public = &outcome.public;
    vec![format!("the public view is {public:?}, and the log's public items are {expected:?}")]
}

/// Whatever any reader saw is what the stream says now, in that order and without holes.
fn check_readings(notes: &Notes, log: &[Frame], events: &[Event]) -> Vec<String> {
    let mut broken = Vec::new();
    let texts: BTreeMap<u64, &str> = log.iter().map(|f| (f.sequence, f.text.as_str())).collect();
    for (sequence, text) in &notes.seen {
        let now = texts.get(sequence).copied();
        if now != Some(text) {
            let now = now.unwrap_or("nothing");
            broken.push(format!("item {sequence} was seen as `{text}` and is `{now}`"));
        }
    }
    for reading in &notes.readings {
        let Some(last) = reading.sequences().last() else { continue };
        let items = log.iter().zip(events).filter(|(frame, event)| {
            frame.sequence <= *last && (reading.view() == View::Everything || !event.is_internal())
        });
        let expected: Vec<u64> = items.map(|(frame, _)| frame.sequence).collect();
        if expected != reading.sequences() {
            let (view, saw) = (reading.view(), reading.sequences());
            broken.push(format!("a reader of {view:?} saw {saw:?}, and it is {expected:?}"));
        }
        if reading.has_ended() && log.last().map(|frame| frame.sequence) != Some(*last) {
            broken.push(format!("a reader saw the stream end with {last}, and it goes on"));
        }
    }
    broken
}

/// The run ended as it should, its record says so, and so does its stream.
fn check_end(notes: &Notes, record: &Value, events: &[Event]) -> Vec<String> {
    let mut broken = check_public_events(notes, events);
    let last = events.last();
    match record["status"].as_str().unwrap_or_default() {
        "completed" => {
            if notes.cancel == Some(Ack::Acknowledged) {
                broken.push(format!("its cancel was acknowledged, and it completed: {record}"));
            }
            if last.map(Event::envelope) != Some(&record["result"]) {
                broken.push(format!("the result of its record is not the last event: {record}"));
            }
            if let Some(last) = last {
                broken.extend(check_result(notes, last));
            }
        }
        "cancelled" => {
            // A purge cancels first, and may have been cut after that.
            let asked = |ack: Option<Ack>| !matches!(ack, None | Some(Ack::Refused));
            if !asked(notes.cancel) && !asked(notes.purge) {
                broken.push(format!("nobody cancelled it, and it is cancelled: {record}"));
            }
            if last.map(Event::name) != Some("WorkflowCancelledEvent") {
                let last = last.map_or("nothing".to_owned(), |last| last.envelope().to_string());
                broken.push(format!("it is cancelled, and its stream ends with {last}"));
            }
        }
        _ => broken.push(format!("it should have ended well: {record}")),
    }
    broken
}

fn check_result(notes: &Notes, last: &Event) -> Vec<String> {
    let (name, expected) = match notes.task {
        Task::Greet => ("StopEvent", vec![json!({ "result": format!("Hello, {}!", notes.label) })]),
        Task::FanOut { items } => {
            let sum: u64 = (0..items).map(|number| number * number).sum();
            ("StopEvent", vec![json!({ "result": { "count": items, "sum": sum } })])
        }
        Task::Human => {
            let texts = candidates(notes).map(|text| json!({ "output": format!("Hello, {text}") }));
            ("OutEvent", texts.collect())
        }
    };
    if last.name() == name && expected.contains(last.value()) {
        return Vec::new();
    }
    let expected: Vec<_> = expected.iter().map(Value::to_string).collect();
    let expected = expected.join(" or ");
    vec![format!("it ended with {}, and should with {expected}", last.envelope())]
}

/// Returns the answers that may have been taken: those whose fate is unknown, and the first that
/// was acknowledged, since that was accepted before any later one was sent.
fn candidates(notes: &Notes) -> impl Iterator<Item = &str> {
    let sent = notes.answers.iter();
    let unknown = sent.clone().filter(|(_, ack)| *ack == Ack::Unknown);
    let first = sent.clone().find(|(_, ack)| *ack == Ack::Acknowledged);
    unknown.chain(first).map(|(text, _)| text.as_str())
}

/// Public items are published once each, in order.
fn check_public_events(notes: &Notes, events: &[Event]) -> Vec<String> {
    let published: Vec<&Event> =
        events.iter().filter(|event| !event.is_internal() && !event.is_terminal()).collect();
    let completed = events.last().is_some_and(|last| last.name() != "WorkflowCancelledEvent");
    let right = match notes.task {
        Task::Greet => {
            let in_order = (0..).zip(&published).all(|(due, event)| {
                event.name() == "StreamEvent" && *event.value() == json!({ "sequence": due })
            });
            in_order && (published.len() == 3 || published.len() < 3 && !completed)
        }
        Task::FanOut { .. } => published.is_empty(),
        Task::Human => {
            published.len() <= 1 && published.iter().all(|event| event.name() == "RequestEvent")
        }
    };
    if right {
        return Vec::new();
    }
    let envelopes: Vec<_> = published.iter().map(|event| event.envelope().to_string()).collect();
    vec![format!("its public items are {}", envelopes.join(", "))]
}
