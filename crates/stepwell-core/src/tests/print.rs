//! Writes commands in a compact form.

use crate::{
    Command, End, Event, Execution, Payload, Recorded, StepChange, StepPhase, StreamItem, Unhandled,
};

pub(super) fn commands(commands: &[Command]) -> String {
    if commands.is_empty() {
        return "nothing".to_owned();
    }
    commands.iter().map(command).collect::<Vec<_>>().join("; ")
}

fn command(command: &Command) -> String {
    match command {
        Command::RunStep(execution) => run(execution),
        Command::Publish(item) => published(item),
        Command::PublishStreamed { count } => format!("publish {count} streamed"),
        Command::SetTimer { timer, due } => format!("set timer {timer} at {}", due.0 / 1000),
        Command::ClearTimer { timer } => format!("clear timer {timer}"),
        Command::EndRun(end) => match end {
            End::Completed(event) => format!("end completed {}", event.name),
            End::Failed(event) => format!("end failed {}", event.name),
            End::TimedOut(event) => format!("end timed out {}", event.name),
            End::Cancelled(event) => format!("end cancelled {}", event.name),
        },
    }
}

fn run(execution: &Execution) -> String {
    let Execution { item, attempt, step, event, recorded } = execution;
    let attempt = if *attempt == 1 { String::new() } else { format!("/{attempt}") };
    format!("run #{item}{attempt} {step}({}){}", event.name, done(recorded))
}

/// What an interrupted body had done, if anything.
fn done(recorded: &Recorded) -> String {
    let Recorded { sent, updated, streamed } = recorded;
    let sent = sent.iter().map(|sent| sent.event.name.to_string());
    let updated = updated.iter().map(|returned| returned.text().to_owned());
    let streamed = streamed.iter().map(|item| item.sequence.to_string());
    [
        ("sent", sent.collect::<Vec<_>>()),
        ("updated to", updated.collect()),
        ("streamed", streamed.collect()),
    ]
    .into_iter()
    .filter(|(_, what)| !what.is_empty())
    .map(|(verb, what)| format!(" having {verb} {}", what.join(" ")))
    .collect()
}

fn published(item: &StreamItem) -> String {
    match item {
        StreamItem::Event(Event { name, value, .. }) if *value == Payload::object() => {
            format!("publish {name}")
        }
        StreamItem::Event(Event { name, value, .. }) => format!("publish {name} {}", value.text()),
        StreamItem::Step(change) => changed(change),
        StreamItem::Idle => "idle".to_owned(),
        StreamItem::Unhandled(Unhandled { event, module: _, target, idle }) => {
            let target = target.as_ref().map(|step| format!(" for {step}")).unwrap_or_default();
            let idle = if *idle { " when idle" } else { "" };
            format!("unhandled {event}{target}{idle}")
        }
        StreamItem::Restarted { step, from_sequence } => {
            format!("{step} restarted from {from_sequence}")
        }
    }
}

fn changed(change: &StepChange) -> String {
    let StepChange { step, phase, worker, input, output } = change;
    let worker = worker.map(|worker| format!(".{worker}")).unwrap_or_default();
    let output = output.as_ref().map_or("nothing", |output| output.as_str());
    match phase {
        StepPhase::Queued => format!("{step}{worker} queued {input}"),
        StepPhase::Running => format!("{step}{worker} running {input}"),
        StepPhase::Returned => format!("{step}{worker} returned {output}"),
        StepPhase::Failed => format!("{step}{worker} failed"),
    }
}
