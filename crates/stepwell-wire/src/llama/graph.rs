//! The graph of a workflow: steps and events as nodes, and what leads where.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a question for a workflow's graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowRepresentation<'a> {
    /// The graph.
    pub graph: WorkflowGraph<'a>,
}

/// A workflow's graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkflowGraph<'a> {
    /// The workflow's own name, not the one that it is registered under.
    pub name: Cow<'a, str>,
    /// Its nodes, in no particular order; no two have the same id.
    pub nodes: Vec<GraphNode<'a>>,
    /// Its edges, in no particular order. Some servers repeat them.
    pub edges: Vec<GraphEdge<'a>>,
    /// What the workflow is for.
    pub description: Option<Cow<'a, str>>,
}

/// A step, an event, the outside world or a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GraphNode<'a> {
    /// The name that edges know it by.
    pub id: Cow<'a, str>,
    /// What people are shown: the id, except of resources.
    pub label: Cow<'a, str>,
    /// What it is.
    #[serde(flatten)]
    pub kind: NodeKind<'a>,
}

impl GraphNode<'_> {
    /// The id of the outside world.
    pub const EXTERNAL: &'static str = "external_step";
}

/// What a node is. The text of its `node_type` comes with members of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node_type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NodeKind<'a> {
    /// A step.
    Step {
        /// What it is for.
        description: Option<Cow<'a, str>>,
    },
    /// A class of event.
    Event {
        /// Its name.
        event_type: Cow<'a, str>,
        /// Its name, then the classes that it descends from, nearest first, without `Event`.
        event_types: Vec<Cow<'a, str>>,
        /// Its JSON Schema.
        // A value, for serde cannot read raw text in an enum with a tag.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        event_schema: Option<Value>,
        /// The steps that return it.
        produced_by: Vec<Cow<'a, str>>,
    },
    /// The outside world, which takes requests and sends responses.
    External,
    /// Something that steps share, such as a client. Its id is `resource_` and 12 digits.
    Resource {
        /// The name of its type.
        type_name: Option<Cow<'a, str>>,
        /// The name of the function that makes it.
        getter_name: Option<Cow<'a, str>>,
        /// The file with that function.
        source_file: Option<Cow<'a, str>>,
        /// The function's line in the file.
        source_line: Option<u32>,
        /// What it is for.
        description: Option<Cow<'a, str>>,
    },
    /// A resource that is read from a file. Its id is `resource_config_` and 12 digits.
    ResourceConfig {
        /// The name of its type.
        type_name: Option<Cow<'a, str>>,
        /// The file.
        config_file: Option<Cow<'a, str>>,
        /// The part of the file that is taken, if it is not the whole.
        path_selector: Option<Cow<'a, str>>,
        /// Its JSON Schema.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        config_schema: Option<Value>,
        /// What is in the file.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        config_value: Option<Value>,
        /// What it is for.
        description: Option<Cow<'a, str>>,
    },
}

/// Leads from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GraphEdge<'a> {
    /// The id of the node that it comes from.
    pub source: Cow<'a, str>,
    /// The id of the node that it leads to.
    pub target: Cow<'a, str>,
    /// What people are shown: the parameter that takes a resource; null on all other edges.
    pub label: Option<Cow<'a, str>>,
}
