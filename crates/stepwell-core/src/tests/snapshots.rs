//! What is written down of a run's state: as good as the state itself, or not used.

use expect_test::expect_file;
use serde_json::{Value, json};

use super::apply;
use super::script::Scene;
use crate::{Definition, Definitions, RunState, SNAPSHOT_FORMAT, Snapshot, Unusable};

/// Returns the state as it is once it was written and read back, which must be no other. A run
/// that has not begun is not written.
#[track_caller]
pub(super) fn reread(run: &RunState) -> RunState {
    let Some(text) = run.snapshot() else { return run.clone() };
    let snapshot = Snapshot::read(text.get()).unwrap();
    let read = snapshot.into_state(run.definitions.clone()).unwrap();
    assert_eq!(&read, run, "it is another one when it is read back");
    read
}

const FLOW: &str = "
    start Start
    stop Stop
    response Answer
    timeout 60
    first takes Start
    work x1 takes A
    late takes 2 of B
    work fills join late
";

const SCRIPT: &[&str] = &[
    "0 start Start",
    "#1 returns [A{n=1} A{n=2}]",
    "#2 waits Answer",
    "#2 parks",
    "#3 fails no, again in 200",
];

/// Returns the state of a run in the middle of its work, as it is written.
fn written() -> (Definitions, Value) {
    let scene = Scene::parse(FLOW);
    let mut run = RunState::new(scene.definitions.clone());
    for line in SCRIPT {
        let entry = scene.entry(line, &run);
        apply(&mut run, &entry);
    }
    (scene.definitions, serde_json::from_str(run.snapshot().unwrap().get()).unwrap())
}

fn read(snapshot: &Value) -> Result<Snapshot, Unusable> {
    Snapshot::read(&snapshot.to_string())
}

#[test]
fn a_run_that_has_not_begun_is_not_written() {
    let definitions = Scene::parse(FLOW).definitions;
    assert!(RunState::new(definitions).snapshot().is_none());
}

/// Whoever changes these bytes gives the format another number.
#[test]
fn the_format_is_as_its_number_says() {
    let (_, mut snapshot) = written();
    snapshot["definition"] = json!("…");
    expect_file!["snapshot.json"].assert_eq(&format!("{snapshot:#}\n"));
}

#[test]
fn a_snapshot_of_another_format_or_of_newer_rules_is_not_used() {
    let (definitions, good) = written();
    assert!(read(&good).unwrap().into_state(definitions).is_some());
    for (field, number) in
        [("format", SNAPSHOT_FORMAT + 1), ("format", SNAPSHOT_FORMAT - 1), ("semantics", 99)]
    {
        let mut other = good.clone();
        other[field] = json!(number);
        // What is in it may be anything then.
        other["state"] = json!("encrypted");
        assert!(matches!(read(&other), Err(Unusable::Foreign)), "{field} {number}");
    }
}

#[test]
fn a_snapshot_that_lacks_something_is_not_used() {
    let (_, good) = written();
    let fields: Vec<String> = good["state"].as_object().unwrap().keys().cloned().collect();
    assert!(fields.len() > 20, "{fields:?}");
    for field in fields {
        let mut other = good.clone();
        other["state"][&field] = json!({ "no": "such thing" });
        // Any object can be the state of the user.
        assert_eq!(read(&other).is_ok(), field == "user_state", "{field}");
    }
    for text in ["", "null", "[]", "{}", "{\"format\":1"] {
        assert!(matches!(Snapshot::read(text), Err(Unusable::Unreadable(_))), "{text}");
    }
}

#[test]
fn a_snapshot_needs_its_definition() {
    let (_, good) = written();
    let snapshot = read(&good).unwrap();
    let other = Definition::new("Other");
    assert_ne!(snapshot.definition(), other.id());
    assert!(snapshot.into_state(other.into()).is_none());
}
