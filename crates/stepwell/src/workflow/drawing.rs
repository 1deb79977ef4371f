//! The graph of a workflow, to look at.
//!
//! # Examples
//!
//! ```
//! use stepwell::workflow::drawing::NodeKind;
//! use stepwell::{Context, Event, StartEvent, StopEvent, Workflow};
//!
//! #[derive(Event)]
//! struct Draft {}
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let workflow = Workflow::builder("Writer")
//!     .step("write", |_: StartEvent, _: Context| async { Draft {} })
//!     .step("print", |_: Draft, _: Context| async { StopEvent::default() })
//!     .build()?;
//!
//! // Paste the text into https://mermaid.live, or into Markdown on GitHub.
//! let mermaid = workflow.graph().to_mermaid();
//! assert!(mermaid.contains("step_write --> event_Draft"));
//!
//! // Steps alone.
//! let steps = workflow.graph().without(NodeKind::Event);
//! assert_eq!(steps.edges[0].label.as_deref(), Some("Draft"));
//! # Ok(())
//! # }
//! ```
//!
//! # What is deliberately not here
//!
//! - **No bodies.** What a body sends and waits for, and the resources that other resources are
//!   made of, cannot be seen from outside.

mod dot;
mod mermaid;
mod without;

#[cfg(test)]
mod tests;

use stepwell_core::Family;

use super::graph::covers;
use super::{Step, Workflow};
use crate::event::EventType;
use crate::shape::InputShape;

/// The graph of a workflow, as far as the signatures of its steps tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Graph {
    /// The workflow's name.
    pub name: String,
    /// What the workflow is for.
    pub description: Option<String>,
    /// Steps, events, the outside world, and resources.
    pub nodes: Vec<Node>,
    /// What leads where.
    pub edges: Vec<Edge>,
}

/// Something in a graph.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Node {
    /// What edges know it by.
    pub id: NodeId,
    /// What people are shown.
    pub label: String,
    /// More about it.
    pub detail: Detail,
}

/// Tells nodes apart. A step and an event may have the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId {
    /// What the node is.
    pub kind: NodeKind,
    /// The name of the step or event, or of the resource's type; empty for the outside world.
    pub name: String,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A step.
    Step,
    /// A type of event.
    Event,
    /// The outside world, which takes requests and sends responses. It is there only if a step
    /// returns a request.
    External,
    /// A resource that steps take.
    Resource,
}

/// More about a node.
#[derive(Clone, Debug)]
pub enum Detail {
    /// Of a step.
    Step {
        /// What it is for.
        description: Option<String>,
        /// What it runs for.
        role: Role,
    },
    /// Of a type of event.
    Event {
        /// The type.
        event: EventType,
        /// The steps that return it.
        produced_by: Vec<String>,
    },
    /// Of the outside world.
    External,
    /// Of a resource.
    Resource {
        /// The full name of its type.
        type_name: &'static str,
    },
}

/// What a step runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// For each event.
    Each,
    /// For the events of a batch together.
    Join,
    /// For one event of each type together.
    All,
    /// For failures of other steps.
    Handler,
}

/// Leads from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where it comes from.
    pub source: NodeId,
    /// Where it leads.
    pub target: NodeId,
    /// What people are shown: the parameter that takes a resource, or what was left out here.
    pub label: Option<String>,
    /// What it stands for.
    pub kind: EdgeKind,
}

/// What an edge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// An event goes this way.
    Flow,
    /// A step takes a resource.
    Uses,
    /// Failures of a step go to a handler.
    Fails,
}

impl Graph {
    pub(super) fn of(workflow: &Workflow) -> Self {
        let steps = workflow.steps();
        Self {
            name: workflow.name().to_owned(),
            description: workflow.description().map(str::to_owned),
            nodes: nodes(steps),
            edges: edges(steps),
        }
    }

    fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }
}

impl NodeId {
    fn new(kind: NodeKind, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }

    fn step(step: &Step) -> Self {
        Self::new(NodeKind::Step, &step.name)
    }

    fn event(event: &EventType) -> Self {
        Self::new(NodeKind::Event, event.name())
    }

    fn external() -> Self {
        Self::new(NodeKind::External, "")
    }
}

fn nodes(steps: &[Step]) -> Vec<Node> {
    let mut nodes: Vec<Node> = steps.iter().map(step_node).collect();
    let mut add = |node: Node| {
        if !nodes.iter().any(|known| known.id == node.id) {
            nodes.push(node);
        }
    };
    for event in steps.iter().flat_map(|step| step.accepts.iter().chain(&step.emits)) {
        add(event_node(event, steps));
    }
    if asks(steps) {
        let label = "outside".to_owned();
        add(Node { id: NodeId::external(), label, detail: Detail::External });
    }
    for resource in steps.iter().flat_map(Step::resources) {
        let id = NodeId::new(NodeKind::Resource, resource.type_name);
        let detail = Detail::Resource { type_name: resource.type_name };
        add(Node { id, label: short(resource.type_name), detail });
    }
    nodes
}

fn step_node(step: &Step) -> Node {
    let role = match step.input {
        _ if step.catch.is_some() => Role::Handler,
        InputShape::Join { .. } => Role::Join,
        InputShape::All(_) => Role::All,
        InputShape::Each(_) | InputShape::Failed(_) | InputShape::Any => Role::Each,
    };
    let description = step.description().map(str::to_owned);
    let detail = Detail::Step { description, role };
    Node { id: NodeId::step(step), label: step.name.to_string(), detail }
}

fn event_node(event: &EventType, steps: &[Step]) -> Node {
    let returns = |step: &&Step| step.emits.iter().any(|emitted| emitted.name() == event.name());
    let produced_by = steps.iter().filter(returns).map(|step| step.name.to_string()).collect();
    let detail = Detail::Event { event: event.clone(), produced_by };
    Node { id: NodeId::event(event), label: event.name().to_string(), detail }
}

/// Tells whether a step returns a request. If none does, the outside world is left out, even if
/// it may send responses.
fn asks(steps: &[Step]) -> bool {
    steps.iter().flat_map(Step::emits).any(|event| event.family() == Family::Request)
}

fn edges(steps: &[Step]) -> Vec<Edge> {
    let asks = asks(steps);
    let mut edges: Vec<Edge> = Vec::new();
    let mut add = |source: &NodeId, target: &NodeId, label: Option<&str>, kind: EdgeKind| {
        let (source, target) = (source.clone(), target.clone());
        let edge = Edge { source, target, label: label.map(str::to_owned), kind };
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    };
    for (step, covered) in steps.iter().zip(covers(steps)) {
        let id = NodeId::step(step);
        for event in &step.accepts {
            if asks && event.family() == Family::Response {
                add(&NodeId::external(), &NodeId::event(event), None, EdgeKind::Flow);
            }
            add(&NodeId::event(event), &id, None, EdgeKind::Flow);
        }
        for covered in covered {
            add(&NodeId::step(&steps[covered]), &id, None, EdgeKind::Fails);
        }
        for event in &step.emits {
            add(&id, &NodeId::event(event), None, EdgeKind::Flow);
            if event.family() == Family::Request {
                add(&NodeId::event(event), &NodeId::external(), None, EdgeKind::Flow);
            }
        }
        for resource in step.resources() {
            let target = NodeId::new(NodeKind::Resource, resource.type_name);
            add(&id, &target, Some(&resource.parameter), EdgeKind::Uses);
        }
    }
    edges
}

/// Returns the name of a type without the modules of what it is made of.
fn short(type_name: &str) -> String {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let mut short = String::new();
    let mut rest = type_name;
    while let Some(letter) = rest.chars().next() {
        let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        if end == 0 {
            short.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            short += rest[..end].rsplit("::").next().unwrap_or_default();
            rest = &rest[end..];
        }
    }
    short
}
