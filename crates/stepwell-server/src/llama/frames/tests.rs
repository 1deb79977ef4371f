//! Items of a stream as readers see them.

use expect_test::{Expect, expect};
use stepwell::engine::Sequenced;
use stepwell::{Family, Payload, RawEvent, StepChange, StepPhase, StreamItem, Unhandled};

use super::{Format, QualifiedNames, View};

#[test]
fn a_step_is_told_of_from_its_queue_to_its_end() {
    let change = |phase, worker, output: Option<&'static str>| {
        StreamItem::Step(StepChange {
            step: "greet".into(),
            phase,
            worker,
            input: "StartEvent".into(),
            output: output.map(Into::into),
        })
    };
    check(
        &[
            change(StepPhase::Queued, None, None),
            change(StepPhase::Running, Some(3), None),
            change(StepPhase::Returned, Some(3), Some("StopEvent")),
            change(StepPhase::Returned, Some(3), None),
            change(StepPhase::Failed, Some(3), None),
        ],
        expect![[r#"
            {"value":{"name":"greet","step_state":"preparing","worker_id":"<enqueued>","input_event_name":"StartEvent","output_event_name":null},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"name":"greet","step_state":"running","worker_id":"3","input_event_name":"StartEvent","output_event_name":null},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"name":"greet","step_state":"not_running","worker_id":"3","input_event_name":"StartEvent","output_event_name":"StopEvent"},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"name":"greet","step_state":"not_running","worker_id":"3","input_event_name":"StartEvent","output_event_name":"NoneType"},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
            {"value":{"name":"greet","step_state":"not_running","worker_id":"3","input_event_name":"StartEvent","output_event_name":null},"qualified_name":"workflows.events.StepStateChanged","type":"StepStateChanged","types":["InternalDispatchEvent"]}
        "#]],
    );
}

#[test]
fn other_internal_items_have_classes_of_their_own() {
    let unhandled = |target: Option<&'static str>| {
        StreamItem::Unhandled(Unhandled {
            event: "Ping".into(),
            module: "fixtures".into(),
            target: target.map(Into::into),
            idle: target.is_none(),
        })
    };
    check(
        &[
            StreamItem::Idle,
            unhandled(None),
            unhandled(Some("left")),
            StreamItem::Restarted { step: "greet".into(), from_sequence: 3 },
        ],
        expect![[r#"
            {"value":{},"qualified_name":"workflows.events.WorkflowIdleEvent","type":"WorkflowIdleEvent","types":["InternalDispatchEvent"]}
            {"value":{"event_type":"Ping","qualified_name":"fixtures.Ping","step_name":null,"idle":true},"qualified_name":"workflows.events.UnhandledEvent","type":"UnhandledEvent","types":["InternalDispatchEvent"]}
            {"value":{"event_type":"Ping","qualified_name":"fixtures.Ping","step_name":"left","idle":false},"qualified_name":"workflows.events.UnhandledEvent","type":"UnhandledEvent","types":["InternalDispatchEvent"]}
            {"value":{"step_name":"greet","from_sequence":3},"qualified_name":"workflows.events.StepRestarted","type":"StepRestarted","types":["InternalDispatchEvent"]}
        "#]],
    );
}

#[test]
fn an_event_names_the_family_of_its_class_unless_it_is_the_first_of_it() {
    let families = [Family::Plain, Family::Start, Family::Stop, Family::Request, Family::Response];
    let own = families.map(|family| RawEvent::new("Own", family, Payload::object()));
    let builtin = [
        ("StartEvent", Family::Start),
        ("StopEvent", Family::Stop),
        ("InputRequiredEvent", Family::Request),
        ("HumanResponseEvent", Family::Response),
        ("WorkflowFailedEvent", Family::Stop),
    ]
    .map(|(name, family)| RawEvent::builtin(name, family, Payload::object()));
    // A class of the user's own with a familiar name is not the first of its family.
    let namesake = RawEvent::new("StopEvent", Family::Stop, Payload::object());
    let events = own.into_iter().chain(builtin).chain([namesake]);
    let items: Vec<StreamItem> = events.map(StreamItem::Event).collect();
    check(
        &items,
        expect![[r#"
            {"value":{},"qualified_name":"__main__.Own","type":"Own","types":null}
            {"value":{},"qualified_name":"__main__.Own","type":"Own","types":["StartEvent"]}
            {"value":{},"qualified_name":"__main__.Own","type":"Own","types":["StopEvent"]}
            {"value":{},"qualified_name":"__main__.Own","type":"Own","types":["InputRequiredEvent"]}
            {"value":{},"qualified_name":"__main__.Own","type":"Own","types":["HumanResponseEvent"]}
            {"value":{},"qualified_name":"workflows.events.StartEvent","type":"StartEvent","types":null}
            {"value":{},"qualified_name":"workflows.events.StopEvent","type":"StopEvent","types":null}
            {"value":{},"qualified_name":"workflows.events.InputRequiredEvent","type":"InputRequiredEvent","types":null}
            {"value":{},"qualified_name":"workflows.events.HumanResponseEvent","type":"HumanResponseEvent","types":null}
            {"value":{},"qualified_name":"workflows.events.WorkflowFailedEvent","type":"WorkflowFailedEvent","types":["StopEvent"]}
            {"value":{},"qualified_name":"__main__.StopEvent","type":"StopEvent","types":["StopEvent"]}
        "#]],
    );
}

/// Writes items as lines; also sees to it that internal ones are for those who ask.
#[track_caller]
fn check(items: &[StreamItem], expect: Expect) {
    let all =
        View { format: Format::Ndjson, internal: true, qualified_names: QualifiedNames::Included };
    let public = View { internal: false, ..all };
    let mut lines = Vec::new();
    for (sequence, item) in (0..).zip(items) {
        let item = Sequenced { sequence, item: item.clone() };
        all.push(&mut lines, &item);
        let mut line = Vec::new();
        public.push(&mut line, &item);
        assert_eq!(line.is_empty(), item.item.is_internal());
    }
    expect.assert_eq(str::from_utf8(&lines).unwrap());
}
