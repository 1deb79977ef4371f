//! All named schemas.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepwell_wire::llama::{
    Acknowledged, Acknowledgement, ClientEnvelope, ClientEvent, Envelope, ErrorBody, EventSchemas,
    Exception, GraphEdge, GraphNode, HandlerList, HandlerRecord, Health, HealthStatus, NodeKind,
    RunBody, SendBody, Status, StepRestarted, StepState, StepStateChanged, Timestamp,
    UnhandledEvent, WorkflowFailed, WorkflowGraph, WorkflowIdle, WorkflowList,
    WorkflowRepresentation, WorkflowSchema, WorkflowTimedOut,
};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{BARE_RECORD, FRAME, STREAM_EVENT, schema};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Returns all schemas by their names.
pub(super) fn all() -> Schemas {
    let mut all = answers();
    let requests = [
        named::<RunBody<'_>>(),
        named::<SendBody<'_>>(),
        named::<ClientEvent>(),
        named::<ClientEnvelope>(),
    ];
    all.extend(requests);
    all.extend(stream_events());
    all
}

/// The schemas of answers and of what is in them.
fn answers() -> Schemas {
    let mut answers = Schemas::from([
        named::<Acknowledged>(),
        named::<Acknowledgement>(),
        named::<Envelope<'_>>(),
        named::<ErrorBody<'_>>(),
        named::<EventSchemas>(),
        named::<Exception<'_>>(),
        named::<GraphEdge<'_>>(),
        named::<HandlerList<'_>>(),
        named::<HandlerRecord<'_>>(),
        named::<Health>(),
        named::<HealthStatus>(),
        named::<Status>(),
        named::<StepRestarted<'_>>(),
        named::<StepState>(),
        named::<StepStateChanged<'_>>(),
        named::<Timestamp>(),
        named::<UnhandledEvent<'_>>(),
        named::<WorkflowFailed<'_>>(),
        named::<WorkflowGraph<'_>>(),
        named::<WorkflowIdle>(),
        named::<WorkflowList<'_>>(),
        named::<WorkflowRepresentation<'_>>(),
        named::<WorkflowSchema>(),
        named::<WorkflowTimedOut>(),
    ]);
    answers.extend(graph_nodes());
    answers.values_mut().for_each(require_all);
    let bare = bare_record(&answers[&*<HandlerRecord<'_> as ToSchema>::name()]);
    answers.insert(BARE_RECORD.to_owned(), bare);
    answers
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

/// Says that all members are always there, if only as null: so it is in every answer.
fn require_all(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => object.required = object.properties.keys().cloned().collect(),
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(require_all),
        Schema::AllOf(all_of) => all_of.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// The schemas of nodes, one for each kind, with the members that all nodes have. They are put
/// together here because generators cannot do it.
fn graph_nodes() -> Schemas {
    let RefOr::T(Schema::AllOf(node)) = GraphNode::schema() else {
        unreachable!("a node is of a kind, and has members")
    };
    let RefOr::T(Schema::OneOf(kinds)) = NodeKind::schema() else {
        unreachable!("there are several kinds of nodes")
    };
    let shared = object(&node.items[1]).properties.clone();
    let mut nodes = Schemas::new();
    let mut mapping = serde_json::Map::new();
    for kind in &kinds.items {
        let mut kind = object(kind).clone();
        kind.properties.extend(shared.clone());
        let names = object(&kind.properties["node_type"]).enum_values.as_ref();
        let name = names.and_then(|names| names[0].as_str()).expect("kinds have names").to_owned();
        if name == "resource_config" {
            // Other servers have such nodes.
            continue;
        }
        let title = format!("GraphNode{}", name[..1].to_uppercase() + &name[1..]);
        mapping.insert(name, format!("#/components/schemas/{title}").into());
        nodes.insert(title, Schema::Object(kind).into());
    }
    let any: Vec<Value> = mapping.values().map(|path| json!({ "$ref": path })).collect();
    let any = json!({
        "description": node.description,
        "oneOf": any,
        "discriminator": {"propertyName": "node_type", "mapping": mapping},
    });
    nodes.insert(GraphNode::name().into_owned(), schema(any));
    nodes
}

fn object(schema: &RefOr<Schema>) -> &Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => unreachable!("this is an object"),
    }
}

/// The same record, but with a result that may be anything.
fn bare_record(record: &RefOr<Schema>) -> RefOr<Schema> {
    let mut bare = object(record).clone();
    let result = ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(
        "What it completed with, if it did: the result of a plain stop event, or the fields of \
         another.",
    ));
    bare.properties.insert("result".to_owned(), result.into());
    Schema::Object(bare).into()
}

/// Everything that can stand in a stream: the events of workflows, and those of the server.
fn stream_events() -> Schemas {
    let stop = json!(["StopEvent"]);
    let internal = json!(["InternalDispatchEvent"]);
    let nothing = json!({"type": "object"});
    let events = [
        ("WorkflowFailedEvent", &stop, reference::<WorkflowFailed<'_>>()),
        ("WorkflowTimedOutEvent", &stop, reference::<WorkflowTimedOut>()),
        ("WorkflowCancelledEvent", &stop, nothing),
        (StepStateChanged::TYPE, &internal, reference::<StepStateChanged<'_>>()),
        (WorkflowIdle::TYPE, &internal, reference::<WorkflowIdle>()),
        (UnhandledEvent::TYPE, &internal, reference::<UnhandledEvent<'_>>()),
        (StepRestarted::TYPE, &internal, reference::<StepRestarted<'_>>()),
    ];
    let names = events.each_ref().map(|(name, _, _)| format!("{name}Envelope"));
    let mut schemas = Schemas::new();
    for ((class, ancestors, value), name) in events.into_iter().zip(&names) {
        schemas.insert(name.clone(), server_event(class, ancestors, value));
    }
    let own = names.iter().map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
    let any: Vec<Value> = own.chain([reference::<Envelope<'_>>()]).collect();
    let any = json!({
        "description": "What streams consist of: the events of workflows, and those that the \
            server puts there. The last one has `StopEvent` as its class or among its `types`.",
        "anyOf": any,
    });
    schemas.insert(STREAM_EVENT.to_owned(), schema(any));
    schemas.insert(FRAME.to_owned(), frame());
    schemas
}

fn frame() -> RefOr<Schema> {
    schema(json!({
        "type": "object",
        "description": "A frame of server-sent events.",
        "required": ["id", "data"],
        "properties": {
            "id": {
                "type": "string",
                "pattern": "^[0-9]+$",
                "description": "The number of the event, to go on after.",
            },
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": format!("#/components/schemas/{STREAM_EVENT}")},
            },
        },
    }))
}

/// The envelope of an event that the server itself puts into streams. It repeats the members of
/// all envelopes, because generators cannot put schemas together.
fn server_event(class: &str, ancestors: &Value, value: Value) -> RefOr<Schema> {
    schema(json!({
        "type": "object",
        "required": ["value", "qualified_name", "type", "types"],
        "properties": {
            "value": value,
            "qualified_name": {"type": ["string", "null"]},
            "type": {"type": "string", "enum": [class]},
            "types": {"type": "array", "items": {"type": "string", "enum": ancestors}},
        },
    }))
}

fn reference<T: ToSchema>() -> Value {
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}
