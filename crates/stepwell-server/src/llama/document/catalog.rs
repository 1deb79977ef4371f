//! What the endpoints of the service and the catalog answer.

use std::collections::BTreeMap;

use serde_json::json;
use stepwell_wire::llama::{
    EventSchemas, Health, HealthStatus, Refusal, WorkflowList, WorkflowRepresentation,
    WorkflowSchema,
};
use utoipa::IntoResponses;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, RefOr, Response};

use super::answers::Answers;
use super::examples;

/// Of `/`.
pub(in crate::llama) struct PageAnswers;

/// Of `/openapi.json`.
pub(in crate::llama) struct DocumentAnswers;

/// Of `/health`.
pub(in crate::llama) struct HealthAnswers;

/// Of `/workflows`.
pub(in crate::llama) struct WorkflowsAnswers;

/// Of `/workflows/{name}/schema`.
pub(in crate::llama) struct SchemaAnswers;

/// Of `/workflows/{name}/events`.
pub(in crate::llama) struct EventsAnswers;

/// Of `/workflows/{name}/representation`.
pub(in crate::llama) struct RepresentationAnswers;

impl IntoResponses for PageAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let content = ContentBuilder::new().schema(Some(text));
        Answers::open().content(200, "The page.", "text/html", content).into()
    }
}

impl IntoResponses for DocumentAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let object = ObjectBuilder::new().schema_type(Type::Object);
        let content = ContentBuilder::new().schema(Some(object));
        Answers::guarded().content(200, "The document.", "application/json", content).into()
    }
}

impl IntoResponses for HealthAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let health = |status| Health { status };
        Answers::open()
            .json::<Health>(200, "It answers.", ("Healthy", health(HealthStatus::Healthy)))
            .json::<Health>(503, "It is stopping.", ("Unhealthy", health(HealthStatus::Unhealthy)))
            .into()
    }
}

impl IntoResponses for WorkflowsAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let example = WorkflowList { workflows: vec!["greet".into(), "human".into()] };
        Answers::guarded()
            .json::<WorkflowList<'_>>(200, "In the order of registration.", ("Two", example))
            .into()
    }
}

impl IntoResponses for SchemaAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = |title: &str| json!({"title": title, "type": "object", "properties": {}});
        let example = WorkflowSchema { start: schema("StartEvent"), stop: schema("StopEvent") };
        Answers::guarded()
            .json::<WorkflowSchema>(200, "Both schemas.", ("Greeting", example))
            .refusals([Refusal::UnknownWorkflow, Refusal::NotFound])
            .into()
    }
}

impl IntoResponses for EventsAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = json!({"title": "StartEvent", "type": "object", "properties": {}});
        let example = EventSchemas { events: vec![schema] };
        let unknown = Refusal::NoSuchWorkflow { workflow: "greetings".to_owned() };
        Answers::guarded()
            .json::<EventSchemas>(200, "In no particular order.", ("Greeting", example))
            .refusals([unknown, Refusal::NotFound])
            .into()
    }
}

impl IntoResponses for RepresentationAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let example = ("Greeting", examples::graph());
        Answers::guarded()
            .json::<WorkflowRepresentation<'_>>(200, "The graph.", example)
            .refusals([Refusal::UnknownWorkflow, Refusal::NotFound])
            .into()
    }
}
