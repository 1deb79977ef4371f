//! The OpenAPI document: complete, exact, and no less than what the older API described.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect_file;
use serde_json::Value;

use crate::fixture::{Fixture, describe};
use crate::older_api::{self, Operation};

/// The document of a server.
struct Document(Value);

impl Document {
    async fn of(fixture: &Fixture) -> Self {
        Self(serde_json::from_str(&fixture.body("GET /openapi.json").await).unwrap())
    }

    /// Returns all operations by method and path.
    fn operations(&self) -> BTreeMap<(String, String), &Value> {
        let paths = self.0["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap();
            methods
                .iter()
                .map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
        });
        operations.collect()
    }

    /// Returns what a reference leads to.
    fn follow<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref") {
            Some(path) => {
                let path = path.as_str().unwrap().strip_prefix('#').unwrap();
                self.0.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"))
            }
            None => schema,
        }
    }

    /// Collects the members that an object of a schema may have.
    fn members(&self, schema: &Value, members: &mut BTreeSet<String>) {
        let schema = self.follow(schema);
        if let Some(properties) = schema["properties"].as_object() {
            members.extend(properties.keys().cloned());
        }
        for kind in ["allOf", "anyOf", "oneOf"] {
            for schema in schema[kind].as_array().into_iter().flatten() {
                self.members(schema, members);
            }
        }
    }

    /// Returns the members of an answer, or of an item of a stream.
    fn members_of_answer(&self, answer: &Value) -> BTreeSet<String> {
        let mut members = BTreeSet::new();
        for content in answer["content"].as_object().into_iter().flatten().map(|(_, it)| it) {
            self.members(&content["schema"], &mut members);
        }
        members
    }
}

#[tokio::test(start_paused = true)]
async fn the_document_is_the_one_that_was_reviewed() {
    let document = Document::of(&Fixture::new().await).await;
    let text = serde_json::to_string_pretty(&document.0).unwrap() + "\n";
    expect_file!["../../../../docs/openapi.json"].assert_eq(&text);
}

#[tokio::test(start_paused = true)]
async fn every_endpoint_is_described_and_nothing_else() {
    let fixture = Fixture::new().await;
    let document = Document::of(&fixture).await;
    let operations = document.operations();
    let described = operations.keys().map(|(method, path)| format!("{method} {path}"));
    let older = older_api::OPERATIONS.iter().map(|Operation { endpoint, .. }| *endpoint);
    let expected: BTreeSet<String> =
        older.chain(older_api::NEW_ENDPOINTS).map(ToOwned::to_owned).collect();
    assert_eq!(described.collect::<BTreeSet<_>>(), expected);

    let not_found = describe(fixture.send("GET /nope").await).await;
    let not_allowed = describe(fixture.send("POST /nope").await).await;
    for (method, path) in operations.keys() {
        let path = path.replace("{name}", "x").replace("{handler_id}", "x");
        let answer = describe(fixture.send(&format!("{method} {path} {{}}")).await).await;
        assert!(answer != not_found && answer != not_allowed, "{method} {path}: {answer}");
        // Any other method is nobody's.
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = describe(fixture.send(&format!("{method} {path}")).await).await;
            assert_eq!(answer, not_allowed, "{method} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_says_what_it_is() {
    let document = Document::of(&Fixture::new().await).await;
    let mut ids = BTreeSet::new();
    for (endpoint, operation) in document.operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{id}");
        // What anybody may be answered, and what is answered without the token.
        for status in ["200", "400", "414", "421", "503"] {
            assert!(operation["responses"].get(status).is_some(), "{id} {status}");
        }
        let is_open = ["/", "/index.html", "/health"].contains(&endpoint.1.as_str());
        assert_eq!(operation["responses"].get("401").is_none(), is_open, "{id}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let text = answer["description"].as_str().unwrap();
            assert!(text.ends_with('.'), "{id} {status}: {text}");
            let refuses = status.starts_with('4') && status != "422";
            if refuses {
                assert_eq!(document.members_of_answer(answer), BTreeSet::from(["detail".into()]));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_no_token_is_refused_where_the_document_says_so() {
    let document = Document::of(&Fixture::new().await).await;
    let token = "correct-horse-battery-staple-0123456789".parse().unwrap();
    let fixture = Fixture::with(|server| server.token(token)).await;
    for ((method, path), operation) in document.operations() {
        let request = format!("{method} {path} {{}}").replace("{name}", "x");
        let answer = fixture.send(&request.replace("{handler_id}", "x")).await;
        let declared = operation["responses"].get("401");
        assert_eq!(answer.status() == 401, declared.is_some(), "{method} {path}");
        if let Some(declared) = declared {
            let scheme = &declared["headers"]["www-authenticate"]["schema"]["enum"][0];
            assert_eq!(answer.headers()["www-authenticate"], scheme.as_str().unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_reference_leads_to_a_schema_and_every_schema_is_referred_to() {
    let document = Document::of(&Fixture::new().await).await;
    let text = document.0.to_string();
    for name in document.0["components"]["schemas"].as_object().unwrap().keys() {
        assert!(text.contains(&format!(r##""#/components/schemas/{name}""##)), "{name}");
    }
    for part in text.split(r#""$ref":""#).skip(1) {
        let (reference, _) = part.split_once('"').unwrap();
        document.follow(&serde_json::json!({ "$ref": reference }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_older_api_described_is_there_but_for_known_differences() {
    let document = Document::of(&Fixture::new().await).await;
    let operations = document.operations();
    for Operation { endpoint, parameters, statuses, members, body } in older_api::OPERATIONS {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let operation = operations[&(method.to_owned(), path.to_owned())];

        let known = operation["parameters"].as_array();
        let known = known.into_iter().flatten().map(|parameter| {
            let text = |name: &str| parameter[name].as_str().unwrap();
            let of = parameter["schema"]["type"].as_str().unwrap_or("any");
            format!("{} {} {of}", text("in"), text("name"))
        });
        let known: BTreeSet<String> = known.collect();
        for parameter in *parameters {
            assert!(known.contains(*parameter), "{endpoint}: {parameter} is not among {known:?}");
        }

        for status in *statuses {
            let is_there = operation["responses"].get(status).is_some();
            let is_known = older_api::NO_SUCH_STATUS.contains(&(*endpoint, *status));
            assert_ne!(is_there, is_known, "{endpoint} {status}");
        }

        let answer = document.members_of_answer(&operation["responses"]["200"]);
        let of_frames = document.members_of_answer(&serde_json::json!({"content": {"": {
            "schema": {"$ref": "#/components/schemas/StreamEvent"}
        }}}));
        for member in *members {
            let of_frames = *endpoint == "GET /events/{handler_id}" && of_frames.contains(*member);
            assert!(answer.contains(*member) || of_frames, "{endpoint}: {member}");
        }

        let mut sent = BTreeSet::new();
        document
            .members(&operation["requestBody"]["content"]["application/json"]["schema"], &mut sent);
        for member in *body {
            assert!(sent.contains(*member), "{endpoint}: {member} is not among {sent:?}");
        }
    }
}
