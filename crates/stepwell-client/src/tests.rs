//! Parts that need no server: addresses, settings, events and messages.

use bytes::Bytes;
use expect_test::{Expect, expect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::Base;
use crate::{
    Answer, Client, End, Error, Event, EventRegistry, EventStream, NamedEvent, TypedEvent,
};

fn address(base: &str, name: &str) -> String {
    match Base::parse(base).and_then(|base| base.join(&["handlers", name, "cancel"])) {
        Ok(url) => url.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_base_url_may_have_a_path() {
    for base in ["http://host", "http://host/", " http://host// "] {
        assert_eq!(address(base, "h"), "http://host/handlers/h/cancel");
    }
    for base in ["https://host:1/a/b", "https://host:1/a/b/"] {
        assert_eq!(address(base, "h"), "https://host:1/a/b/handlers/h/cancel");
    }
}

#[test]
fn a_base_url_that_cannot_be_meant_is_refused() {
    let check = |bases: &[&str], expected: Expect| {
        let problem = |base: &&str| address(base, "h").replace("the base URL ", "") + "\n";
        expected.assert_eq(&bases.iter().map(problem).collect::<String>());
    };
    check(
        &["localhost:8080", "unix:/run/x", "http://host?x=1", "http://host/#x"],
        expect![[r#"
            begins with localhost:, not with http: or https:
            begins with unix:, not with http: or https:
            has a query or a fragment, which would be lost
            has a query or a fragment, which would be lost
        "#]],
    );
    check(
        &["", "http://"],
        expect![[r#"
            cannot be read: relative URL without a base; one is such as http://localhost:8080
            cannot be read: empty host; one is such as http://localhost:8080
        "#]],
    );
}

#[test]
fn every_name_but_four_has_an_address() {
    let check = |name: &str, expected: Expect| expected.assert_eq(&address("http://h", name));
    check("grüße-世界", expect!["http://h/handlers/gr%C3%BC%C3%9Fe-%E4%B8%96%E7%95%8C/cancel"]);
    check("a b", expect!["http://h/handlers/a%20b/cancel"]);
    check("100%?#", expect!["http://h/handlers/100%25%3F%23/cancel"]);
    check("%2e%2E", expect!["http://h/handlers/%252e%252E/cancel"]);
    check("...", expect!["http://h/handlers/.../cancel"]);
    check(r"a\b", expect!["http://h/handlers/a%5Cb/cancel"]);
    check("a\tb\nc\0", expect!["http://h/handlers/a%09b%0Ac%00/cancel"]);
    check(
        "a/b",
        expect![[
            r#"the name "a/b" cannot be asked for: servers take a slash for the end of a name"#
        ]],
    );
    check(
        ".",
        expect![[r#"the name "." cannot be asked for: in an address it stands for a folder"#]],
    );
    check(
        "..",
        expect![[r#"the name ".." cannot be asked for: in an address it stands for a folder"#]],
    );
    check("", expect![[r#"the name "" cannot be asked for: it is empty"#]]);
}

#[test]
fn nothing_secret_is_shown() {
    let client = Client::builder("http://user:password@host/x").token("secret").build().unwrap();
    expect![[r#"Client { base_url: "http://host/x", .. }"#]].assert_eq(&format!("{client:?}"));
    let bad = Client::builder("http://host").token("sec\nret").build();
    expect![[r#"the header "authorization" has a name or a value that none can have"#]]
        .assert_eq(&bad.unwrap_err().to_string());
}

#[test]
fn streams_and_errors_can_go_to_other_threads() {
    fn check<T: Send + Unpin + 'static>() {}
    check::<EventStream>();
    check::<Error>();
    check::<EventRegistry<Value>>();
}

fn event(json: &Value) -> Event {
    serde_json::from_str(&json.to_string()).unwrap()
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    prompt: String,
    #[serde(default)]
    number: u64,
}

impl TypedEvent for Question {
    const NAME: &'static str = "Question";
    const MODULE: Option<&'static str> = Some("forms");
    const ALIASES: &'static [&'static str] = &["Ask"];
}

#[test]
fn undeclared_fields_are_read_like_all_others() {
    let value = json!({"number": 1, "_data": {"prompt": "?", "number": 2, "more": []}});
    let question = event(&json!({"value": value, "type": "X"}));
    let read: Question = question.value_as().unwrap();
    assert_eq!((read.prompt.as_str(), read.number), ("?", 1));
    assert_eq!(question.value().get(), value.to_string());

    let large = r#"{"value":{"_data":{"n":123456789012345678901234567890,"x":1.10}},"type":"X"}"#;
    let large: Event = serde_json::from_str(large).unwrap();
    let raw: Box<serde_json::value::RawValue> = large.value_as().unwrap();
    assert_eq!(raw.get(), r#"{"n":123456789012345678901234567890,"x":1.10}"#);

    let not_ours = json!({"_data": 5, "prompt": "_data"});
    let read: Value = event(&json!({"value": not_ours, "type": "X"})).value_as().unwrap();
    assert_eq!(read, not_ours);
}

#[test]
fn a_class_is_known_by_its_name_and_module() {
    let load = |r#type: &str, qualified: Value| {
        let value = json!({"prompt": "?"});
        let event = event(&json!({"value": value, "type": r#type, "qualified_name": qualified}));
        let registry = EventRegistry::new().with(|question: Question| question.prompt);
        let typed = event.load::<Question>().unwrap().is_some();
        assert_eq!(registry.load(&event).unwrap().is_some(), typed);
        typed
    };
    assert!(load("Question", json!("forms.Question")));
    assert!(load("Question", Value::Null));
    assert!(load("Ask", json!("forms.Ask")));
    assert!(!load("Question", json!("other.Question")));
    assert!(!load("Question", json!("other.forms.Question")));
    assert!(!load("Answer", json!("forms.Answer")));
}

#[test]
fn a_field_that_does_not_fit_is_named() {
    let event = event(&json!({"value": {"prompt": "?", "number": "x"}, "type": "Question"}));
    let error = event.load::<Question>().unwrap_err();
    expect!["an event of class Question is not as expected, at number"]
        .assert_eq(&error.to_string());
    assert!(event.value_as::<Vec<u8>>().is_err());
}

#[test]
fn deep_events_are_errors_and_no_overflows() {
    let deep = format!("{{\"value\":{{\"_data\":{}}},\"type\":\"X\"}}", "[".repeat(100_000));
    assert!(serde_json::from_str::<Event>(&deep).is_err());
    let (open, close) = ("{\"_data\":".repeat(10_000), "}".repeat(10_000));
    let deep = format!("{{\"value\":{open}{{}}{close},\"type\":\"X\"}}");
    if let Ok(event) = serde_json::from_str::<Event>(&deep) {
        assert!(event.value_as::<Value>().is_err());
    }
}

#[test]
fn results_are_read_as_the_old_api_tells_them() {
    let stop = |value: Value| event(&json!({"value": value, "type": "StopEvent"}));
    assert_eq!(stop(json!({"result": [1]})).result_as::<Vec<u8>>().unwrap(), [1]);
    assert_eq!(stop(json!({})).result_as::<Value>().unwrap(), Value::Null);
    assert_eq!(stop(json!({"_data": {"result": 1}})).result_as::<Value>().unwrap(), Value::Null);
    let own = event(&json!({"value": {"x": 1}, "type": "Out", "types": ["StopEvent"]}));
    assert_eq!(own.result_as::<Value>().unwrap(), json!({"x": 1}));
}

#[test]
fn the_last_event_tells_how_the_run_ended() {
    let end = |r#type: &str, value: Value| {
        let envelope = json!({"value": value, "type": r#type, "types": ["StopEvent"]});
        event(&envelope).end()
    };
    assert_eq!(end("Out", json!({})).unwrap(), Some(End::Completed));
    assert_eq!(end("WorkflowCancelledEvent", json!({})).unwrap(), Some(End::Cancelled));
    let exception = json!({"exception_type": "E", "exception_message": "no \u{1F980}"});
    let failed = json!({"step_name": "s", "exception": exception, "attempts": null});
    let Some(End::Failed(failed)) = end("WorkflowFailedEvent", failed).unwrap() else { panic!() };
    assert_eq!(failed.exception.exception_message, "no \u{1F980}");
    assert!(end("WorkflowTimedOutEvent", json!({})).is_err());
    assert_eq!(event(&json!({"value": {}, "type": "X"})).end().unwrap(), None);
}

#[test]
fn only_objects_are_events() {
    for fields in [json!(null), json!([]), json!("x")] {
        assert!(matches!(NamedEvent::new("X", fields), Err(Error::Argument(_))));
    }
}

#[test]
fn messages_show_the_beginning_of_an_answer() {
    let target = crate::transport::Target::example();
    let show = |body: Vec<u8>| {
        let body = Bytes::from(body);
        Error::refused(Answer { target: target.clone(), status: 503, body }).to_string()
    };
    let prefix = "503 Service Unavailable for GET http://host/health";
    assert_eq!(show(Vec::new()), prefix);
    assert_eq!(show("é".repeat(200).into()), format!("{prefix}: {}", "é".repeat(200)));
    assert_eq!(show("é".repeat(201).into()), format!("{prefix}: {}…", "é".repeat(200)));
    assert_eq!(show(b"a\x1b[31m\r\n\xff".to_vec()), format!("{prefix}: a [31m  \u{fffd}"));
}
