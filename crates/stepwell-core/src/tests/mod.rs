//! Scripts of ticks in, commands out. The names of tests begin with the rules of the semantics
//! they hold to: `rt` is routing, `sg` the order of steps, `ex` executing, `rn` the life of a run,
//! `sm` the stream, `sd` sending, `ce` collecting, `we` waiting, `hi` people, `fo` batches, `mj`
//! slots, `ry` trying again, `ca` handlers of failures, `to` the timeout, `cn` cancelling, `fl`
//! failing, `id` idling, `sr` resuming, `jr` the journal. `c` and `r` are weaknesses of the
//! reference that are none here, `p` the scenarios that it was probed with.

mod batches;
mod catching;
mod collecting;
mod cost;
mod deadline;
mod dropping;
mod effects;
mod ending;
mod executing;
mod expiring;
mod failures;
mod giving_up;
mod idling;
mod interrupted;
mod invariants;
mod joining;
mod lineage;
mod matching;
mod moving;
mod nesting;
mod parking;
mod print;
mod probed_ends;
mod probed_runs;
mod probed_sets;
mod probed_waits;
mod redefining;
mod resuming;
mod retrying;
mod routing;
mod script;
mod sending;
mod simulation;
mod slots;
mod snapshots;
mod stalling;
mod streaming;
mod taking;
mod timeout;
mod waiting;

use std::fmt::Write;

use expect_test::Expect;

use crate::{Command, Definitions, Entry, RunState};
use script::Scene;
use snapshots::reread;

/// Applies the script and compares its commands with `expect`. Then applies it again with a crash
/// after every entry: a run folded from its stored journal must go on exactly as before.
///
/// See [`script`] for the lines of definitions and scripts. A line of a script may begin with its
/// moment in milliseconds.
#[track_caller]
fn check(definitions: &str, script: &str, expect: Expect) {
    let scene = Scene::parse(definitions);
    let mut live = RunState::new(scene.definitions.clone());
    let (mut journal, mut told) = (Vec::new(), Vec::new());
    let (mut text, mut published) = (String::new(), 0);
    let is_whole = !script.contains("redefine");
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let entry = scene.entry(line, &live);
        let expected = live.expects(&entry.tick);
        let before = live.clone();
        live = reread(&live);
        let commands = apply(&mut live, &entry);

        published += commands.iter().map(publishes).sum::<u64>();
        assert_eq!(live.next_sequence(), published, "a sequence is skipped or repeated: {line}");
        let answer = if expected {
            print::commands(&commands, &live)
        } else {
            assert_eq!(live, before, "a tick that was not expected did something: {line}");
            "ignored".to_owned()
        };
        invariants::check(&live, is_whole);
        writeln!(text, "{line} -> {answer}").unwrap();
        journal.push(entry);
        told.push(commands);
    }
    expect.assert_eq(&text);
    for crash_after in 1..=journal.len() {
        crash(&scene.definitions, &journal, &told, crash_after, &live);
    }
}

/// Folds the entries before a crash in the form in which they are stored, goes on with the rest,
/// and compares what that says and leads to with the run that never crashed.
#[track_caller]
fn crash(
    definitions: &Definitions,
    journal: &[Entry],
    told: &[Vec<Command>],
    after: usize,
    live: &RunState,
) {
    let stored = serde_json::to_string(&journal[..after]).unwrap();
    let mut run = RunState::new(definitions.clone());
    for entry in serde_json::from_str::<Vec<Entry>>(&stored).unwrap() {
        run.apply(&entry, &mut Vec::new());
    }
    for (entry, commands) in journal.iter().zip(told).skip(after) {
        assert_eq!(&apply(&mut run, entry), commands, "after a crash: {entry:?}");
    }
    assert_eq!(&run, live, "a crash after {after} entries leads to another run");
}

/// Applies the script and returns what `look` sees after each entry.
fn watch<T>(definitions: &str, script: &[&str], mut look: impl FnMut(&RunState) -> T) -> Vec<T> {
    let scene = Scene::parse(definitions);
    let mut run = RunState::new(scene.definitions.clone());
    let mut seen = Vec::new();
    for line in script {
        let entry = scene.entry(line, &run);
        apply(&mut run, &entry);
        seen.push(look(&run));
    }
    seen
}

fn apply(run: &mut RunState, entry: &Entry) -> Vec<Command> {
    let mut commands = Vec::new();
    run.apply(entry, &mut commands);
    commands
}

/// Tells how many stream items a command appends.
fn publishes(command: &Command) -> u64 {
    match command {
        Command::Publish(_) => 1,
        Command::PublishStreamed { count } => *count as u64,
        _ => 0,
    }
}
