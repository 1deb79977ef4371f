//! Checks what readers saw of a run. Pure: data in, complaints out.

use serde_json::{Value, json};

use super::reader::{Format, Kind, Plan, Seen};
use super::workflow::{EDGE, text};
use crate::frames::Frame;
use crate::reading::{Event, View};

/// The stream of a run as it is when the run has ended, internal items and all.
#[derive(Debug)]
pub(super) struct Log {
    frames: Vec<Frame>,
    events: Vec<Event>,
}

impl Log {
    /// Takes what was read, which must be events with numbers.
    pub(super) fn new(seen: Vec<Seen>) -> Result<Self, String> {
        let frames = seen.into_iter().map(|seen| {
            let sequence = seen.sequence.ok_or("an item has no number")?;
            Ok(Frame { sequence, text: seen.text })
        });
        let frames = frames.collect::<Result<Vec<_>, String>>()?;
        let events = frames.iter().map(|frame| Event::read(&frame.text));
        Ok(Self { events: events.collect::<Result<_, _>>()?, frames })
    }

    /// Returns what is wrong with it: it is numbered 0, 1, 2 …, has the only terminal event as its
    /// last, and tells what the workflow of this run publishes.
    pub(super) fn check(&self, run: u64, items: u64) -> Vec<String> {
        let mut complaints = Vec::new();
        for (due, frame) in (0..).zip(&self.frames) {
            if frame.sequence != due {
                complaints.push(format!("the log has {} where {due} is due", frame.sequence));
                break;
            }
        }
        let terminal: Vec<_> = self.events.iter().map(Event::is_terminal).collect();
        if terminal.iter().position(|is| *is) != terminal.len().checked_sub(1) {
            complaints.push("its terminal event is not once and last".to_owned());
        }
        let public = self.events.iter().filter(|event| !event.is_internal());
        let told: Vec<_> = public.map(told).collect();
        let expected = expected(run, items);
        if told != expected {
            let at = told.iter().zip(&expected).take_while(|(told, due)| told == due).count();
            let [told, due] = [told.get(at), expected.get(at)].map(|item| short(item.as_ref()));
            complaints.push(format!("its public item {at} is {told}, and should be {due}"));
        }
        complaints
    }

    /// Returns what is wrong with what somebody read of it.
    pub(super) fn check_reading(&self, plan: Plan, seen: &[Seen]) -> Vec<String> {
        let due: Vec<&Frame> = self.due(plan);
        let same = |(seen, due): (&Seen, &&Frame)| {
            let number = match plan.format {
                Format::Sse => seen.sequence == Some(due.sequence),
                Format::Ndjson => seen.sequence.is_none(),
            };
            number && seen.text == due.text
        };
        // That the run is idle may be told before such a reader comes, or after.
        let is_late = plan.kind == Kind::Now && plan.view == View::Everything;
        let due =
            &due[if is_late && seen.len() < due.len() { self.idle_behind_ask() } else { 0 }..];
        let at = seen.iter().zip(due).take_while(|pair| same((pair.0, pair.1))).count();
        if at == due.len() && at == seen.len() {
            return Vec::new();
        }
        let saw = short(seen.get(at).map(|seen| (seen.sequence, &seen.text)).as_ref());
        let expected = short(due.get(at).map(|due| (due.sequence, &due.text)).as_ref());
        vec![format!("item {at} of {} was {saw}, and is {expected} of {}", seen.len(), due.len())]
    }

    /// Returns what somebody is to see of it, in order.
    fn due(&self, plan: Plan) -> Vec<&Frame> {
        let from = if plan.kind == Kind::Now { self.behind_ask() } else { 0 };
        let items = self.frames.iter().zip(&self.events).skip(from);
        let items =
            items.filter(|(_, event)| plan.view == View::Everything || !event.is_internal());
        items.map(|(frame, _)| frame).collect()
    }

    /// Returns where the items behind the first question begin.
    fn behind_ask(&self) -> usize {
        self.events.iter().position(|event| event.name() == "Ask").map_or(0, |at| at + 1)
    }

    /// Returns how often the run tells right behind the first question that it is idle.
    fn idle_behind_ask(&self) -> usize {
        let behind = self.events[self.behind_ask()..].iter();
        behind.take_while(|event| event.name() == "WorkflowIdleEvent").count()
    }
}

/// Returns the public events of a run: the name and the value, without times.
fn expected(run: u64, items: u64) -> Vec<(String, Value)> {
    let ask = |number: u64| ("Ask".to_owned(), json!({ "number": number }));
    let mut events = Vec::new();
    for number in 0..items {
        if number == EDGE {
            events.push(ask(1));
        }
        if number == items - EDGE {
            events.push(ask(2));
        }
        let value = json!({ "run": run, "number": number, "text": text(run, number) });
        events.push(("Item".to_owned(), value));
    }
    events.push(("StopEvent".to_owned(), json!({ "result": items })));
    events
}

fn told(event: &Event) -> (String, Value) {
    let mut value = event.value().clone();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("at");
    }
    (event.name().to_owned(), value)
}

/// Returns as much of an item as tells it from others.
fn short<T: std::fmt::Debug>(item: Option<&T>) -> String {
    let text = item.map_or("nothing".to_owned(), |item| format!("{item:?}"));
    text.chars().take(160).collect()
}
