//! The graph of a workflow, as far as the signatures of its steps tell.
//!
//! # What is deliberately not here
//!
//! - **No resources.** Steps have none yet, so there are no nodes of the kinds `resource` and
//!   `resource_config`, and no edge has a label.
//! - **No subclasses.** A step accepts an event by its exact name.

use std::collections::BTreeSet;

use stepwell::workflow::Step;
use stepwell::{EventType, Family, Workflow};
use stepwell_wire::llama::{GraphEdge, GraphNode, NodeKind, WorkflowGraph};

use super::convert;

/// Returns the graph of a workflow.
pub(super) fn graph(workflow: &Workflow) -> WorkflowGraph<'_> {
    WorkflowGraph {
        name: workflow.name().into(),
        nodes: nodes(workflow.steps()),
        edges: edges(workflow.steps()),
        description: workflow.description().map(Into::into),
    }
}

/// Edges know nodes by id alone. So of nodes that would share one, such as a step and an event of
/// the same name, there is only the first.
fn nodes(steps: &[Step]) -> Vec<GraphNode<'_>> {
    let mut nodes = Vec::new();
    let mut ids = BTreeSet::new();
    for step in steps {
        ids.insert(step.name());
        nodes.push(node(step.name(), NodeKind::Step { description: None }));
    }
    for event in steps.iter().flat_map(|step| step.accepts().iter().chain(step.emits())) {
        if ids.insert(event.name()) {
            nodes.push(node(event.name(), event_kind(event, steps)));
        }
    }
    if asks(steps) && ids.insert(GraphNode::EXTERNAL) {
        nodes.push(node(GraphNode::EXTERNAL, NodeKind::External));
    }
    nodes
}

fn node<'a>(id: &'a str, kind: NodeKind<'a>) -> GraphNode<'a> {
    GraphNode { id: id.into(), label: id.into(), kind }
}

fn event_kind<'a>(event: &'a EventType, steps: &'a [Step]) -> NodeKind<'a> {
    let name = event.name().as_str();
    let ancestors = convert::ancestors(event.family(), event.module(), name).unwrap_or_default();
    let returns = |step: &&Step| step.emits().iter().any(|emitted| emitted.name() == event.name());
    NodeKind::Event {
        event_type: name.into(),
        event_types: std::iter::once(name.into()).chain(ancestors.iter().cloned()).collect(),
        event_schema: Some(event.schema().to_value()),
        produced_by: steps.iter().filter(returns).map(|step| step.name().into()).collect(),
    }
}

/// Tells whether a step returns a request. If none does, the outside world is left out, even if
/// it may send responses.
fn asks(steps: &[Step]) -> bool {
    let mut emitted = steps.iter().flat_map(Step::emits);
    emitted.any(|event| event.family() == Family::Request)
}

fn edges(steps: &[Step]) -> Vec<GraphEdge<'_>> {
    let asks = asks(steps);
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for step in steps {
        for event in step.accepts() {
            if asks && event.family() == Family::Response {
                pairs.push((GraphNode::EXTERNAL, event.name()));
            }
            pairs.push((event.name(), step.name()));
        }
        for event in step.emits() {
            pairs.push((step.name(), event.name()));
            if event.family() == Family::Request {
                pairs.push((event.name(), GraphNode::EXTERNAL));
            }
        }
    }
    let mut seen = BTreeSet::new();
    pairs.retain(|pair| seen.insert(*pair));
    pairs.into_iter().map(edge).collect()
}

fn edge<'a>((source, target): (&'a str, &'a str)) -> GraphEdge<'a> {
    GraphEdge { source: source.into(), target: target.into(), label: None }
}
