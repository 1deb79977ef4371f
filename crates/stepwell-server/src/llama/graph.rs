//! The graph of a workflow in the words of the protocol, which knows nodes by their names alone.
//!
//! # What is deliberately not here
//!
//! - **No configuration.** Resources are values, so no node is of the kind `resource_config`, and
//!   nobody knows the file in which a resource is made.
//! - **No subclasses.** A step accepts an event by its exact name.

use std::collections::BTreeSet;
use std::fmt::Write;

use sha2::{Digest, Sha256};
use stepwell::workflow::drawing::{Detail, Edge, EdgeKind, Graph, Node, NodeId, NodeKind, Role};
use stepwell::{EventType, Workflow};
use stepwell_wire::llama::{self, GraphEdge, GraphNode, WorkflowGraph};

use super::convert;

/// The class of event that error handlers accept there.
const FAILURE: &str = "StepFailedEvent";

/// Returns the graph of a workflow.
pub(super) fn graph(workflow: &Workflow) -> WorkflowGraph<'static> {
    let graph = workflow.graph();
    let (nodes, edges) = (nodes(&graph), edges(&graph));
    let Graph { name, description, .. } = graph;
    WorkflowGraph { name: name.into(), nodes, edges, description: description.map(Into::into) }
}

/// Edges know nodes by id alone. So of nodes that would share one, such as a step and an event of
/// the same name, there is only the first.
fn nodes(graph: &Graph) -> Vec<GraphNode<'static>> {
    let mut nodes: Vec<_> = graph.nodes.iter().map(node).collect();
    if graph.nodes.iter().any(is_handler) {
        nodes.push(failure());
    }
    let mut ids = BTreeSet::new();
    nodes.retain(|node| ids.insert(node.id.clone()));
    nodes
}

fn node(node: &Node) -> GraphNode<'static> {
    let kind = match &node.detail {
        Detail::Step { description, .. } => {
            llama::NodeKind::Step { description: description.clone().map(Into::into) }
        }
        Detail::Event { event, produced_by } => event_kind(event, produced_by),
        Detail::Resource { type_name } => llama::NodeKind::Resource {
            type_name: Some((*type_name).into()),
            getter_name: None,
            source_file: None,
            source_line: None,
            description: None,
        },
        Detail::External => llama::NodeKind::External,
    };
    let id = id(&node.id);
    let label = if node.id.kind == NodeKind::Resource { node.label.clone() } else { id.clone() };
    GraphNode { id: id.into(), label: label.into(), kind }
}

fn failure() -> GraphNode<'static> {
    let kind = llama::NodeKind::Event {
        event_type: FAILURE.into(),
        event_types: vec![FAILURE.into()],
        event_schema: None,
        produced_by: Vec::new(),
    };
    GraphNode { id: FAILURE.into(), label: FAILURE.into(), kind }
}

fn event_kind(event: &EventType, produced_by: &[String]) -> llama::NodeKind<'static> {
    let name = event.name().as_str();
    let ancestors = convert::ancestors(event.family(), event.module(), name).unwrap_or_default();
    llama::NodeKind::Event {
        event_type: name.to_owned().into(),
        event_types: std::iter::once(name.to_owned().into())
            .chain(ancestors.iter().cloned())
            .collect(),
        event_schema: Some(event.schema().to_value()),
        produced_by: produced_by.iter().map(|step| step.clone().into()).collect(),
    }
}

fn is_handler(node: &Node) -> bool {
    matches!(node.detail, Detail::Step { role: Role::Handler, .. })
}

fn edges(graph: &Graph) -> Vec<GraphEdge<'static>> {
    // A failure leads from no node there.
    let drawn = graph.edges.iter().filter(|edge| edge.kind != EdgeKind::Fails);
    let failures = graph.nodes.iter().filter(|node| is_handler(node));
    let failures = failures.map(|handler| (FAILURE.to_owned(), id(&handler.id), None));
    let mut seen = BTreeSet::new();
    drawn
        .map(|Edge { source, target, label, .. }| (id(source), id(target), label.clone()))
        .chain(failures)
        .filter(|edge| seen.insert(edge.clone()))
        .map(|(source, target, label)| GraphEdge {
            source: source.into(),
            target: target.into(),
            label: label.map(Into::into),
        })
        .collect()
}

fn id(id: &NodeId) -> String {
    match id.kind {
        NodeKind::Step | NodeKind::Event => id.name.clone(),
        NodeKind::External => GraphNode::EXTERNAL.to_owned(),
        NodeKind::Resource => {
            let mut text = "resource_".to_owned();
            for byte in &Sha256::digest(&id.name)[..6] {
                write!(text, "{byte:02x}").expect("a text takes any letters");
            }
            text
        }
    }
}
