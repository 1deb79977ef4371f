//! The OpenAPI document. Each endpoint says what it is where it is; here is what they share, and
//! what there is to say about the whole.
//!
//! # What is deliberately not here
//!
//! - **No routes.** They come from the router, so that there is none without a description.
//! - **No workflows.** What their events look like is told by the catalog, so that one document
//!   describes every server.

mod answers;
mod catalog;
mod examples;
mod parameters;
mod runs;
mod schemas;

pub(super) use catalog::{
    DocumentAnswers, EventsAnswers, HealthAnswers, PageAnswers, RepresentationAnswers,
    SchemaAnswers, WorkflowsAnswers,
};
pub(super) use parameters::{CancelQuery, HandlerPath, HandlersQuery, StreamQuery, WorkflowPath};
pub(super) use runs::{
    CancelAnswers, HandlerAnswers, HandlersAnswers, ResultAnswers, RunAnswers, SendAnswers,
    StartAnswers, StreamAnswers,
};
use serde_json::Value;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder, RefOr, Schema, ServerBuilder};

pub(super) const SERVICE: &str = "service";
pub(super) const WORKFLOWS: &str = "workflows";
pub(super) const HANDLERS: &str = "handlers";
pub(super) const EVENTS: &str = "events";

/// The name of the way to show who one is.
const BEARER: &str = "bearer";

/// The schema of a record with a bare result.
const BARE_RECORD: &str = "HandlerWithBareResult";

/// The schema of a frame of server-sent events.
const FRAME: &str = "StreamFrame";

/// The schema of what streams consist of.
const STREAM_EVENT: &str = "StreamEvent";

const DESCRIPTION: &str = "\
Runs workflows and tells what becomes of them, in the protocol of LlamaIndex's workflow server.

- Bodies are read as JSON whatever their `Content-Type`. Members and parameters that nobody knows \
are ignored, and of a parameter that is repeated without need the last one counts.
- Switches are on for `true` in any case, and off for anything else.
- A HEAD request is answered as a GET request is, without the body.
- The record of a failed or cancelled run comes with status 500.
- What was answered with 2xx is durable.";

/// Returns the document as it is without endpoints.
pub(super) fn frame() -> OpenApi {
    let license = LicenseBuilder::new()
        .name(env!("CARGO_PKG_LICENSE"))
        .identifier(Some(env!("CARGO_PKG_LICENSE")))
        .build();
    let info = InfoBuilder::new()
        .title("Stepwell")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license));
    let tags = [
        (WORKFLOWS, "What can be run, and running it."),
        (HANDLERS, "What became of runs."),
        (EVENTS, "What runs say, and what is said to them."),
        (SERVICE, "The server itself."),
    ];
    let tags =
        tags.map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    let here = ServerBuilder::new().url(".").description(Some("Where this document is."));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("Needed if the server was given a token."))
        .build();
    let components = schemas::all()
        .into_iter()
        .fold(ComponentsBuilder::new(), |all, (name, schema)| all.schema(name, schema))
        .security_scheme(BEARER, SecurityScheme::Http(bearer));
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([here.build()]))
        .tags(Some(tags))
        .components(Some(components.build()))
        .security(Some([
            SecurityRequirement::new(BEARER, [] as [&str; 0]),
            SecurityRequirement::default(),
        ]))
        .build()
}

/// Takes JSON for the schema that it is.
fn schema(json: Value) -> RefOr<Schema> {
    serde_json::from_value(json).expect("what is written here is a schema")
}
