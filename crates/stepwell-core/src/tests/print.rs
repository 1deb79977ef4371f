//! Writes commands in a compact form.

use serde_json::{Map, Value};

use crate::{
    Answer, Begun, CallKey, CallKind, Command, End, Event, Execution, FailedStep, Input, ItemId,
    Member, Outcome, Payload, Recorded, RunState, StepChange, StepPhase, StreamItem, Unhandled,
};

/// Writes commands, and of a body to run what it had done before: `run` is the run after them.
pub(super) fn commands(commands: &[Command], run: &RunState) -> String {
    if commands.is_empty() {
        return "nothing".to_owned();
    }
    commands.iter().map(|told| command(told, run)).collect::<Vec<_>>().join("; ")
}

fn command(command: &Command, run: &RunState) -> String {
    match command {
        Command::RunStep(execution) => body(execution, run.recorded(execution.item)),
        Command::Answer { item } => format!("answer #{item} {}", last_answer(*item, run)),
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

fn body(execution: &Execution, recorded: Option<&Recorded>) -> String {
    let Execution { item, attempt, step, input, .. } = execution;
    let attempt = if *attempt == 1 { String::new() } else { format!("/{attempt}") };
    let done = recorded.map(done).unwrap_or_default();
    format!("run #{item}{attempt} {step}({}){done}", given(input))
}

/// What a body is given: an event; the members of a batch, each with its index; one event of each
/// slot; or a failure.
fn given(input: &Input) -> String {
    match input {
        Input::Event(event) => named(event),
        Input::Batch(members) => {
            let member = |Member { index, event }: &Member| format!("{index}:{}", named(event));
            format!("[{}]", members.iter().map(member).collect::<Vec<_>>().join(" "))
        }
        Input::All(events) => events.iter().map(named).collect::<Vec<_>>().join(" + "),
        Input::Failed(failed) => {
            let FailedStep { step, input, failure, attempts, elapsed, history, .. } = &**failed;
            let times = format!("{attempts} in {} ms", elapsed.as_millis());
            let before: Vec<_> = history.iter().map(|it| it.failure.message.clone()).collect();
            let (input, why) = (given(input), &failure.message);
            format!("{step}({input}) failed {times}: {why}; {}", before.join(", "))
        }
    }
}

/// What an interrupted body had done, if anything.
fn done(recorded: &Recorded) -> String {
    let mut done: Vec<(&str, Vec<String>)> = Vec::new();
    let mut add = |verb, what| match done.last_mut() {
        Some((last, known)) if *last == verb => known.push(what),
        _ => done.push((verb, vec![what])),
    };
    for Begun { key, .. } in recorded.calls().iter().filter(|it| it.key.kind == CallKind::Send) {
        add("having sent", key.name.to_string());
    }
    for Answer { key, outcome } in recorded.answers() {
        let verb = match (key.kind, outcome) {
            (_, Outcome::Dropped) => "having dropped",
            (_, Outcome::TimedOut) => "having waited in vain for",
            (_, Outcome::Failed(_)) => "having failed with",
            (CallKind::Update, _) => "having updated to",
            (CallKind::Once, _) => "having done",
            (CallKind::Wait, _) => "having got",
            (CallKind::Sleep, _) => "having",
            (CallKind::Collect, _) => "having collected",
            (CallKind::Send, _) => panic!("a send has no answer"),
        };
        let what = match outcome {
            Outcome::Dropped | Outcome::TimedOut => key.name.to_string(),
            _ => answer(outcome),
        };
        add(verb, what);
    }
    for item in recorded.streamed() {
        add("having streamed", item.sequence.to_string());
    }
    let answered = |begun: &&Begun| recorded.answers().iter().any(|it| it.key == begun.key);
    for begun in recorded.calls().iter().filter(|begun| !answered(begun)) {
        let CallKey { kind, name, .. } = &begun.key;
        match kind {
            _ if recorded.is_given_up(&begun.key) => {
                let kind = format!("{kind:?}").to_lowercase();
                add("having given up", format!("{kind}({name})"));
            }
            CallKind::Sleep => add("having begun", "a sleep".to_owned()),
            CallKind::Wait => add("having begun to wait for", name.to_string()),
            CallKind::Send => {}
            _ => panic!("{kind:?} is begun and over at once"),
        }
    }
    done.iter().map(|(verb, what)| format!(" {verb} {}", what.join(" "))).collect()
}

fn last_answer(item: ItemId, run: &RunState) -> String {
    let answers = run.recorded(item).map(Recorded::answers).unwrap_or_default();
    answers.last().map_or_else(String::new, |it| answer(&it.outcome))
}

fn answer(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => value.text().to_owned(),
        Outcome::Failed(failure) => failure.message.clone(),
        Outcome::Event(event) => named(event),
        Outcome::TimedOut => "timed out".to_owned(),
        Outcome::Slept => "slept".to_owned(),
        Outcome::Collected(None) => "no set".to_owned(),
        Outcome::Collected(Some(set)) => {
            format!("[{}]", set.iter().map(named).collect::<Vec<_>>().join(" "))
        }
        Outcome::Dropped => "dropped".to_owned(),
    }
}

/// An event as a script names it.
fn named(event: &Event) -> String {
    let fields: Map<String, Value> = serde_json::from_str(event.value.text()).unwrap();
    if fields.is_empty() {
        return event.name.to_string();
    }
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        value => format!("{name}={value}"),
    };
    format!("{}{{{}}}", event.name, fields.iter().map(field).collect::<Vec<_>>().join(","))
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
        StepPhase::Waiting => format!("{step}{worker} waiting"),
        StepPhase::Returned => format!("{step}{worker} returned {output}"),
        StepPhase::Failed => format!("{step}{worker} failed"),
    }
}
