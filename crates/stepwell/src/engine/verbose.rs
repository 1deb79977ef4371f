//! Says in words what a run does, for workflows that are built to be verbose.

use stepwell_core::{
    Entry, Event as RawEvent, RunId, StepChange, StepPhase, StreamItem, Tick, Unhandled,
};

/// How much of an event's fields is shown.
const SHOWN: usize = 200;

/// Logs what was committed: what happened, then what the stream says about it.
pub(super) fn log(run: &RunId, entries: &[Entry], items: &[StreamItem]) {
    let ticks = entries.iter().filter_map(|entry| tick(&entry.tick));
    for line in ticks.chain(items.iter().filter_map(item)) {
        tracing::info!(target: "stepwell::verbose", %run, "{line}");
    }
}

fn tick(tick: &Tick) -> Option<String> {
    let add = |event: &RawEvent, target: Option<&str>| {
        let target = target.map(|step| format!(" -> {step}")).unwrap_or_default();
        Some(format!("[tick] add: {}{target}", shown(event)))
    };
    match tick {
        Tick::Started(started) => add(&started.input, None),
        Tick::Received { event, target } => add(event, target.as_ref().map(|step| step.as_str())),
        Tick::Sent(sent) => add(&sent.event, sent.target.as_ref().map(|step| step.as_str())),
        Tick::Fired { timer, .. } => Some(format!("[tick] timer {timer} is due")),
        Tick::Cancelled => Some("[tick] cancelled".to_owned()),
        Tick::Resumed { epoch } => Some(format!("[tick] resumed in epoch {epoch}")),
        Tick::Failed { failure, retry, .. } => {
            let next = match retry {
                Some(delay) => format!("; again in {delay:?}"),
                None => "; for good".to_owned(),
            };
            Some(format!("[tick] failed: {}: {}{next}", failure.kind, failure.message))
        }
        _ => None,
    }
}

fn item(item: &StreamItem) -> Option<String> {
    match item {
        StreamItem::Event(event) if event.family == stepwell_core::Family::Stop => {
            Some(format!("[result] {}", shown(event)))
        }
        StreamItem::Event(event) => Some(format!("[publish] {}", shown(event))),
        StreamItem::Step(change) => Some(step(change)),
        StreamItem::Idle => Some("[idle]".to_owned()),
        StreamItem::Unhandled(Unhandled { event, .. }) => Some(format!("[unhandled] {event}")),
        StreamItem::Restarted { step, from_sequence } => {
            Some(format!("[{step}] published something else than before from {from_sequence} on"))
        }
    }
}

fn step(change: &StepChange) -> String {
    let StepChange { step, phase, worker, input, output } = change;
    let worker = worker.map(|worker| format!(":{worker}")).unwrap_or_default();
    match (phase, output) {
        (StepPhase::Queued, _) => format!("[{step}] enqueued (waiting for capacity)"),
        (StepPhase::Running, _) => format!("[{step}{worker}] started from {input}"),
        (StepPhase::Waiting, _) => format!("[{step}{worker}] waits"),
        (StepPhase::Returned, Some(output)) => format!("[{step}{worker}] complete with {output}"),
        (StepPhase::Returned, None) => format!("[{step}{worker}] complete with no result"),
        (StepPhase::Failed, _) => format!("[{step}{worker}] failed"),
    }
}

fn shown(event: &RawEvent) -> String {
    let fields = event.value.text();
    match fields.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} {}…", event.name, &fields[..end]),
        None => format!("{} {fields}", event.name),
    }
}
