//! Examples, made of the types that are sent.

use std::borrow::Cow;

use serde_json::{Value, json};
use stepwell_wire::llama::{
    BUILTIN_MODULE, Envelope, GraphEdge, GraphNode, HandlerRecord, NodeKind, Status, Timestamp,
    WorkflowGraph, WorkflowRepresentation,
};

/// 2026-01-02T03:04:05.678901.
const STARTED: u64 = 1_767_323_045_678_901;
const SECOND: u64 = 1_000_000;

/// The record of a run that ended like this, or has not ended.
pub(super) fn record(status: Status) -> HandlerRecord<'static, Envelope<'static, Value>> {
    record_with(status, greeting())
}

/// The same with a bare result.
pub(super) fn bare_record(status: Status) -> HandlerRecord<'static, Value> {
    record_with(status, json!("Hello, Ada!"))
}

fn record_with<R>(status: Status, result: R) -> HandlerRecord<'static, R> {
    let updated_at = Timestamp::from_micros(STARTED + SECOND);
    HandlerRecord {
        handler_id: "greeting-1".into(),
        workflow_name: "greet".into(),
        run_id: "033bf0pgsp3d1lpcv0ot6g".into(),
        error: (status == Status::Failed).then_some("no name to greet".into()),
        result: (status == Status::Completed).then_some(result),
        result_unreadable: false,
        status,
        started_at: Timestamp::from_micros(STARTED),
        updated_at,
        completed_at: (status != Status::Running).then_some(updated_at),
    }
}

/// The record of a run whose last event cannot be read.
pub(super) fn unreadable() -> HandlerRecord<'static, Value> {
    HandlerRecord { result: None, result_unreadable: true, ..bare_record(Status::Completed) }
}

/// An event that ends a run.
pub(super) fn greeting() -> Envelope<'static, Value> {
    Envelope {
        value: json!({"result": "Hello, Ada!"}),
        qualified_name: Some(format!("{BUILTIN_MODULE}.StopEvent").into()),
        r#type: "StopEvent".into(),
        types: None,
    }
}

/// An event of a workflow's own.
pub(super) fn progress() -> Envelope<'static, Value> {
    Envelope {
        value: json!({"sequence": 0}),
        qualified_name: Some("greet.StreamEvent".into()),
        r#type: "StreamEvent".into(),
        types: None,
    }
}

/// The graph of a workflow with one step.
pub(super) fn graph() -> WorkflowRepresentation<'static> {
    let event = |name: &'static str, produced_by: &[&'static str]| GraphNode {
        id: name.into(),
        label: name.into(),
        kind: NodeKind::Event {
            event_type: name.into(),
            event_types: vec![name.into()],
            event_schema: Some(json!({"title": name, "type": "object", "properties": {}})),
            produced_by: produced_by.iter().copied().map(Cow::from).collect(),
        },
    };
    let edge = |source: &'static str, target: &'static str| GraphEdge {
        source: source.into(),
        target: target.into(),
        label: None,
    };
    let step = GraphNode {
        id: "greet".into(),
        label: "greet".into(),
        kind: NodeKind::Step { description: Some("Says hello.".into()) },
    };
    WorkflowRepresentation {
        graph: WorkflowGraph {
            name: "GreetingWorkflow".into(),
            nodes: vec![step, event("StartEvent", &[]), event("StopEvent", &["greet"])],
            edges: vec![edge("StartEvent", "greet"), edge("greet", "StopEvent")],
            description: None,
        },
    }
}
