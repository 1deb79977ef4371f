//! What may stand in paths and queries, and in the one header that is read.

use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Deprecated, Required};

use super::schema;

/// Of a path with a workflow.
pub(in crate::llama) struct WorkflowPath;

/// Of a path with a handler.
pub(in crate::llama) struct HandlerPath;

/// Of `GET /handlers`.
pub(in crate::llama) struct HandlersQuery;

/// Of `POST /handlers/{handler_id}/cancel`.
pub(in crate::llama) struct CancelQuery;

/// Of `GET /events/{handler_id}`.
pub(in crate::llama) struct StreamQuery;

impl IntoParams for WorkflowPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![segment("name", "The name that the workflow is registered under.", "greet")]
    }
}

impl IntoParams for HandlerPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![segment(
            "handler_id",
            "The handler, as it was named when it was started.",
            "greeting-1",
        )]
    }
}

impl IntoParams for HandlersQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let statuses = json!(["running", "completed", "failed", "cancelled"]);
        vec![
            repeated(
                "status",
                "Only runs that stand like this. Repeat it for alternatives; without one, all.",
                json!({"type": "string", "enum": statuses}),
            ),
            repeated(
                "workflow_name",
                "Only runs of this workflow. Repeat it for alternatives; without one, all.",
                json!({"type": "string"}),
            ),
        ]
    }
}

impl IntoParams for CancelQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![switch("purge", "Whether to forget the handler as well, ended or not.", false)]
    }
}

impl IntoParams for StreamQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let acquire_timeout = query(
            "acquire_timeout",
            "Once, how long to wait for other readers. There may be any number of them, so it is \
             ignored.",
            json!({"type": "number"}),
        );
        vec![
            switch("sse", "Whether to send server-sent events; otherwise lines of JSON.", true),
            switch("include_internal", "Whether to send what steps do as well.", false),
            switch("include_qualified_name", "Whether to name the modules of classes.", true),
            query(
                "after_sequence",
                "After which number to begin. -1 begins with the first event; `now`, the default \
                 unless the server was told otherwise, with the one that comes next.",
                json!({
                    "oneOf": [{"type": "integer"}, {"type": "string", "enum": ["now"]}],
                    "default": "now",
                }),
            )
            .build(),
            acquire_timeout.deprecated(Some(Deprecated::True)).build(),
            ParameterBuilder::new()
                .name("Last-Event-ID")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "The number of the last event that was seen. Wins over `after_sequence` if it \
                     is an integer and the stream is one of server-sent events.",
                ))
                .schema(Some(schema(json!({"type": "string"}))))
                .example(Some(json!("3")))
                .build(),
        ]
    }
}

fn segment(name: &str, description: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema(json!({"type": "string", "minLength": 1}))))
        .example(Some(example.into()))
        .build()
}

fn query(name: &str, description: &str, of: Value) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema(of)))
}

/// On is `true` in any case, and anything else is off.
fn switch(name: &str, description: &str, default: bool) -> Parameter {
    query(name, description, json!({"type": "boolean", "default": default})).build()
}

fn repeated(name: &str, description: &str, of: Value) -> Parameter {
    query(name, description, json!({"type": "array", "items": of})).explode(Some(true)).build()
}
