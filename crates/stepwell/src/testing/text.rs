//! Streams as text, a line an item.

use stepwell_core::{StepChange, StepPhase, StreamItem};

use crate::engine::Sequenced;

/// Writes a stream.
pub(super) fn stream(items: &[Sequenced]) -> String {
    items.iter().map(|item| format!("{} {}\n", item.sequence, line(&item.item))).collect()
}

fn line(item: &StreamItem) -> String {
    match item {
        StreamItem::Event(event) => format!("{} {}", event.name, event.value.text()),
        StreamItem::Idle => "[idle]".to_owned(),
        StreamItem::Unhandled(unhandled) => format!("[nobody takes {}]", unhandled.event),
        StreamItem::Restarted { step, from_sequence } => {
            format!("[{step} restarted; what it published from {from_sequence} on is void]")
        }
        StreamItem::Step(change) => step(change),
    }
}

fn step(change: &StepChange) -> String {
    let StepChange { step, phase, output, .. } = change;
    let phase = match phase {
        StepPhase::Queued => "queued",
        StepPhase::Running => "running",
        StepPhase::Waiting => "waiting",
        StepPhase::Returned => "returned",
        StepPhase::Failed => "failed",
    };
    let output = output.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    format!("[{step} {phase}{output}]")
}

/// Moves every line to the right.
pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
