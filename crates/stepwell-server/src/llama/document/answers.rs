//! Puts together what an endpoint answers, status by status.
//!
//! The texts and statuses of refusals are taken from the refusals themselves, and examples from
//! the types that are sent, so none of it can be told wrong.

use std::collections::BTreeMap;

use axum::http::header;
use serde::Serialize;
use serde_json::Value;
use stepwell::MAX_EVENT_BYTES;
use stepwell_wire::llama::{ErrorBody, Refusal};
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::Link;
use utoipa::openapi::schema::{OneOfBuilder, Type};
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
};

use crate::Limits;
use crate::server::BODY_LIMIT;

const JSON: &str = "application/json";

/// What an endpoint answers, status by status.
pub(super) struct Answers(BTreeMap<u16, Answer>);

#[derive(Default)]
struct Answer {
    descriptions: Vec<&'static str>,
    /// The names of what may be in the body.
    schemas: Vec<String>,
    examples: Vec<(String, Value)>,
    /// Another content than JSON: its type and schema.
    others: Vec<(&'static str, ContentBuilder)>,
    headers: Vec<(&'static str, Header)>,
    links: Vec<(&'static str, Link)>,
}

impl Answers {
    /// What anybody is answered who is refused before an endpoint is called.
    pub(super) fn open() -> Self {
        Self(BTreeMap::new()).refusals([
            Refusal::NoHost,
            Refusal::UnknownHost { host: "example.com".to_owned() },
            Refusal::TargetTooLong { limit: Limits::default().target_bytes },
            Refusal::Crowded,
        ])
    }

    /// The same for an endpoint that needs the token, if there is one.
    pub(super) fn guarded() -> Self {
        Self::open().refusal(Refusal::Unauthorized).header(
            401,
            header::WWW_AUTHENTICATE.as_str(),
            "How to show the token.",
            "Bearer",
        )
    }

    /// The same for an endpoint that changes something, and that pages of others may not call.
    pub(super) fn changing() -> Self {
        Self::guarded().refusals([
            Refusal::ForeignOrigin { origin: "https://example.com".to_owned() },
            Refusal::Overloaded,
        ])
    }

    /// Adds what can become of a request with a body.
    pub(super) fn with_body(self) -> Self {
        self.refusals([
            Refusal::BodyCutOff,
            Refusal::BodyTimeout,
            Refusal::TooLarge { limit: BODY_LIMIT },
            Refusal::EventTooLarge { bytes: MAX_EVENT_BYTES + 1, limit: MAX_EVENT_BYTES },
        ])
    }

    /// Adds an answer in JSON.
    pub(super) fn json<T: ToSchema>(
        self,
        status: u16,
        description: &'static str,
        (name, example): (&str, impl Serialize),
    ) -> Self {
        self.named(status, description, &T::name(), (name, example))
    }

    /// Adds an answer in JSON whose schema has this name.
    pub(super) fn named(
        mut self,
        status: u16,
        description: &'static str,
        schema: &str,
        (name, example): (&str, impl Serialize),
    ) -> Self {
        let answer = self.0.entry(status).or_default();
        if !answer.descriptions.contains(&description) {
            answer.descriptions.push(description);
        }
        if !answer.schemas.iter().any(|known| known == schema) {
            answer.schemas.push(schema.to_owned());
        }
        let example = serde_json::to_value(example).expect("examples are JSON");
        answer.examples.push((name.to_owned(), example));
        self
    }

    /// Adds an answer that is no JSON.
    pub(super) fn content(
        mut self,
        status: u16,
        description: &'static str,
        content_type: &'static str,
        content: ContentBuilder,
    ) -> Self {
        let answer = self.0.entry(status).or_default();
        if !description.is_empty() {
            answer.descriptions.push(description);
        }
        answer.others.push((content_type, content));
        self
    }

    /// Adds an answer without a body.
    pub(super) fn empty(mut self, status: u16, description: &'static str) -> Self {
        self.0.entry(status).or_default().descriptions.push(description);
        self
    }

    /// Adds a header, whose value is a text, to the answers of a status.
    pub(super) fn header(
        mut self,
        status: u16,
        name: &'static str,
        description: &'static str,
        value: &'static str,
    ) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([value]));
        let header = Header::builder().schema(Some(schema)).description(Some(description)).build();
        self.0.entry(status).or_default().headers.push((name, header));
        self
    }

    /// Tells what may be asked next of the handler whose record is in the answers of a status.
    pub(super) fn leads_to(mut self, status: u16, operations: &[&'static str]) -> Self {
        let link = |operation: &&'static str| {
            let handler = "$response.body#/handler_id";
            let link = Link::builder().operation_id(*operation).parameter("handler_id", handler);
            (*operation, link.build())
        };
        self.0.entry(status).or_default().links.extend(operations.iter().map(link));
        self
    }

    /// Adds refusals.
    pub(super) fn refusals(self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        refusals.into_iter().fold(self, Self::refusal)
    }

    /// Adds what can become of any request that the engine has a part in.
    pub(super) fn of_the_engine(self) -> Self {
        self.refusals([Refusal::Unavailable, Refusal::Closing, Refusal::Internal])
    }

    fn refusal(self, refusal: Refusal) -> Self {
        let status = refusal.status();
        let detail = refusal.to_string().into();
        let answers = self.json::<ErrorBody<'_>>(
            status,
            describe(&refusal),
            (&name(&refusal), ErrorBody { detail }),
        );
        if refusal.is_passing() { answers.with_retry_after(status) } else { answers }
    }

    fn with_retry_after(mut self, status: u16) -> Self {
        let name = header::RETRY_AFTER.as_str();
        let answer = self.0.entry(status).or_default();
        if answer.headers.iter().all(|(known, _)| *known != name) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
            let header = Header::builder()
                .schema(Some(seconds))
                .description(Some("After how many seconds to try again."));
            answer.headers.push((name, header.build()));
        }
        self
    }
}

/// What a status means to who is refused.
fn describe(refusal: &Refusal) -> &'static str {
    match refusal.status() {
        400 => "The request cannot be read.",
        401 => "The token is missing or wrong.",
        403 => "The page that calls is of another origin, which is not allowed.",
        404 => "There is nothing of this name.",
        405 => "The name contains a slash, which makes it another path.",
        408 => "The body came too slowly.",
        409 => "The handler's run is not in a state for this.",
        413 => "The body or the event is too large.",
        414 => "Path and query are too long.",
        421 => "The server is not called by this name.",
        429 => "As many events wait for the run as may.",
        500 if *refusal == Refusal::Internal => "The server made a mistake.",
        500 => "The event cannot be sent to this step.",
        503 => "Not possible now; a moment later it may be.",
        status => unreachable!("a refusal with status {status} is described here"),
    }
}

/// The names of a refusal's variant and of the reason in it.
fn name(refusal: &Refusal) -> String {
    let debug = format!("{refusal:?}");
    let names = debug.split([' ', '"']).next().unwrap_or_default();
    names.replace('(', "")
}

impl Answer {
    fn into_response(self) -> Response {
        let mut response = ResponseBuilder::new().description(self.descriptions.join(" Or: "));
        if !self.schemas.is_empty() {
            let mut content = ContentBuilder::new().schema(Some(one_of(&self.schemas)));
            for (name, example) in self.examples {
                let example = ExampleBuilder::new().value(Some(example)).build();
                content = content.examples_from_iter([(name, RefOr::T(example))]);
            }
            response = response.content(JSON, content.build());
        }
        for (content_type, content) in self.others {
            response = response.content(content_type, content.build());
        }
        for (name, link) in self.links {
            response = response.link(name, link);
        }
        for (name, header) in self.headers {
            response = response.header(name, header);
        }
        response.build()
    }
}

fn one_of(names: &[String]) -> RefOr<Schema> {
    match names {
        [name] => Ref::from_schema_name(name).into(),
        names => names
            .iter()
            .fold(OneOfBuilder::new(), |all, name| all.item(Ref::from_schema_name(name)))
            .into(),
    }
}

impl From<Answers> for BTreeMap<String, RefOr<Response>> {
    fn from(answers: Answers) -> Self {
        let answers = answers.0.into_iter();
        answers
            .map(|(status, answer)| (status.to_string(), answer.into_response().into()))
            .collect()
    }
}
