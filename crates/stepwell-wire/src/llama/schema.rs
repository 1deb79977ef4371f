//! The schemas of what clients may send. The types that read it pick JSON apart, so their schemas
//! are written by hand; those of all answers are derived.

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{ClientEnvelope, ClientEvent, RunBody, SendBody};

/// Takes JSON for the schema that it is.
fn schema(json: Value) -> RefOr<Schema> {
    serde_json::from_value(json).expect("what is written here is a schema")
}

fn reference<T: ToSchema>() -> Value {
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

impl ToSchema for ClientEnvelope {}

impl PartialSchema for ClientEnvelope {
    fn schema() -> RefOr<Schema> {
        schema(json!({
            "description": "An event of a class that is named: by `type`, by `qualified_name` or \
                by both, of which a good one makes up for a bad one. Other members are ignored.",
            "allOf": [
                {
                    "type": "object",
                    "properties": {
                        "value": {
                            "type": "object",
                            "description": "Its fields. Those that its class does not declare \
                                are kept if it is open, and may stand under `_data`.",
                        },
                        "data": {
                            "type": "object",
                            "deprecated": true,
                            "description": "The older name of `value`; ignored beside it.",
                        },
                        "type": {
                            "type": ["string", "null"],
                            "description": "The name of its class.",
                        },
                        "qualified_name": {
                            "type": ["string", "null"],
                            "description": "The module and name of its class, joined by a dot.",
                        },
                    },
                },
                {"anyOf": [
                    {"type": "object", "required": ["value"]},
                    {"type": "object", "required": ["data"]},
                ]},
                {"anyOf": [
                    {"type": "object", "required": ["type"]},
                    {"type": "object", "required": ["qualified_name"]},
                ]},
            ],
        }))
    }
}

impl ToSchema for ClientEvent {
    fn name() -> std::borrow::Cow<'static, str> {
        "ClientStartEvent".into()
    }
}

impl PartialSchema for ClientEvent {
    fn schema() -> RefOr<Schema> {
        schema(json!({
            "description": "A start event, spelled in one of four ways. An object that has a \
                `value`, or both a `type` and a `qualified_name`, is an envelope.",
            "anyOf": [
                {
                    "type": "object",
                    "description": "Bare: the fields of the workflow's start event.",
                },
                reference::<ClientEnvelope>(),
                {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"type": "object"},
                    "description": "Either of them as a text.",
                },
                {
                    "type": "null",
                    "description": "A start event without fields, whatever `kwargs` says.",
                },
            ],
        }))
    }
}

impl ToSchema for RunBody<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Start".into()
    }
}

impl PartialSchema for RunBody<'_> {
    fn schema() -> RefOr<Schema> {
        schema(json!({
            "type": "object",
            "description": "What to start. Other members are ignored.",
            "examples": [
                {},
                {"start_event": {"name": "Ada"}, "handler_id": "greeting-1"},
                {"start_event": {"type": "StartEvent", "value": {"_data": {"name": "Ada"}}}},
                {"start_event": "{\"name\": \"Ada\"}", "handler_id": null, "context": {}},
                {"kwargs": {"name": "Ada"}},
            ],
            "properties": {
                "start_event": reference::<ClientEvent>(),
                "kwargs": {
                    "type": "object",
                    "description": "The fields of the start event, if there is no `start_event`.",
                },
                "handler_id": {
                    "type": ["string", "null"],
                    "description": "What the run is to be known by, in at most 512 bytes. One \
                        whose run has ended gets another. If it is absent, null or empty, the \
                        server makes one up.",
                },
                "context": {
                    "type": ["object", "null"],
                    "description": "The serialized context of an earlier run. One with anything \
                        in it is refused unless the server allows it.",
                },
            },
        }))
    }
}

impl ToSchema for SendBody<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Send".into()
    }
}

impl PartialSchema for SendBody<'_> {
    fn schema() -> RefOr<Schema> {
        schema(json!({
            "type": "object",
            "description": "What to send. Other members are ignored.",
            "examples": [
                {"event": {"type": "ResponseEvent", "value": {"response": "Ada"}}},
                {"event": {"type": "ResponseEvent", "data": {"response": "Ada"}}, "step": null},
                {
                    "event": "{\"type\": \"ResponseEvent\", \"value\": {\"response\": \"Ada\"}}",
                    "step": "greet_human",
                },
            ],
            "required": ["event"],
            "properties": {
                "event": {"anyOf": [
                    reference::<ClientEnvelope>(),
                    {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": reference::<ClientEnvelope>(),
                        "description": "The same as a text.",
                    },
                ]},
                "step": {
                    "type": ["string", "null"],
                    "description": "The step that it is for; absent or null for all that take it.",
                },
            },
        }))
    }
}
