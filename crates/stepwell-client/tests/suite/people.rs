//! Runs that ask people.

use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::{HumanResponseEvent, InputRequiredEvent};
use stepwell_client::{Cursor, EventRegistry};

use crate::events::{Approval, ApprovalRequest, OutEvent, RequestEvent, ResponseEvent};
use crate::server::{Server, named, names};

#[tokio::test]
async fn a_request_is_answered_while_the_stream_is_read() {
    let client = Server::new().await.client;
    let id = client.run_workflow_nowait("human").await.unwrap().handler_id;
    let mut events = client.get_workflow_events(&id).await.unwrap();
    let mut output = None;
    while let Some(event) = events.next_event().await.unwrap() {
        if let Some(request) = event.load::<RequestEvent>().unwrap() {
            assert_eq!(request.prompt, "What is your name?");
            let answer = ResponseEvent { response: "Kim".to_owned() };
            client.send_event(&id, &answer).await.unwrap();
        } else if let Some(out) = event.load::<OutEvent>().unwrap() {
            output = Some(out.output);
        }
    }
    assert_eq!(output.as_deref(), Some("Hello, Kim"));
}

#[tokio::test]
async fn a_stream_from_now_on_misses_nothing_that_is_done_after_it_was_opened() {
    let server = Server::new().await;
    let (id, _) = server.start_and_ask("human").await;
    for _ in 0..2 {
        let call = server.client.get_workflow_events(&id).after(Cursor::Now);
        let mut events = call.include_internal_events().await.unwrap();
        // The answer comes only after the server has taken the reader.
        server.client.send_event(&id, &named("StartEvent", json!({}))).await.unwrap();
        while let Some(event) = events.next_event().await.unwrap() {
            if event.name() == "RequestEvent" {
                break;
            }
        }
    }
    let mut events = server.client.get_workflow_events(&id).after(Cursor::Now).await.unwrap();
    let answer = named("ResponseEvent", json!({"response": "x"}));
    server.client.send_event(&id, &answer).await.unwrap();
    assert_eq!(names(&mut events).await, ["OutEvent"]);
}

#[tokio::test]
async fn fields_that_no_class_declares_are_read_and_sent() {
    #[derive(Deserialize)]
    struct Question {
        prefix: String,
    }

    let server = Server::new().await;
    for answer in [json!("Kim"), json!(["a", {"b": null}]), json!(18_446_744_073_709_551_615_u64)] {
        let id = server.start("classic-human").await;
        let mut events = server.client.get_workflow_events(&id).await.unwrap();
        let request = events.next_event().await.unwrap().unwrap();
        assert_eq!(request.value_as::<Question>().unwrap().prefix, "What's your name? ");
        let typed = request.load::<InputRequiredEvent>().unwrap().unwrap();
        assert_eq!(typed.get::<String>("prefix").as_deref(), Some("What's your name? "));

        let response = HumanResponseEvent::new().with("response", answer.clone());
        server.client.send_event(&id, &response).await.unwrap();
        let stop = events.next_event().await.unwrap().unwrap();
        assert_eq!(stop.result_as::<Value>().unwrap(), answer);
    }
}

#[tokio::test]
async fn a_wait_within_a_step_is_answered() {
    enum Said {
        Asked(ApprovalRequest),
        Ended(Value),
    }

    let client = Server::new().await.client;
    let registry = EventRegistry::new()
        .with(Said::Asked)
        .with(|stop: stepwell::StopEvent| Said::Ended(stop.result));
    let started =
        client.run_workflow_nowait("wait").fields(json!({"ticket": "T-9"})).await.unwrap();
    let mut events = client.get_workflow_events(&started.handler_id).await.unwrap();
    let mut result = Value::Null;
    while let Some(event) = events.next_event().await.unwrap() {
        match registry.load(&event).unwrap() {
            Some(Said::Asked(ApprovalRequest { ticket })) => {
                let answer = Approval { ticket, approved: true };
                client.send_event(&started.handler_id, &answer).await.unwrap();
            }
            Some(Said::Ended(value)) => result = value,
            None => panic!("{event:?}"),
        }
    }
    assert_eq!(result, json!({"ticket": "T-9", "approved": true}));
}

#[tokio::test]
async fn an_event_goes_to_one_step_or_to_all() {
    let server = Server::new().await;
    let (id, mut events) = server.start_and_ask("steps-target").await;
    let ping = named("Ping", json!({"tag": "t"}));
    server.client.send_event(&id, &ping).step("left").await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "Hit");
    server.client.send_event(&id, &ping).await.unwrap();
    for _ in 0..2 {
        assert_eq!(events.next_event().await.unwrap().unwrap().name(), "Hit");
    }
    server.client.send_event(&id, &named("Finish", json!({}))).await.unwrap();
    let stop = events.next_event().await.unwrap().unwrap();
    assert_eq!(stop.result_as::<Value>().unwrap(), json!({"left": 2, "right": 1}));
}

#[tokio::test]
async fn two_questions_are_answered_one_after_the_other() {
    let server = Server::new().await;
    let (id, mut events) = server.start_and_ask("two-human").await;
    let first = named("FirstAnswer", json!({"answer": "1"}));
    server.client.send_event(&id, &first).await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "SecondQuestion");
    let second = named("SecondAnswer", json!({"answer": "2"}));
    server.client.send_event(&id, &second).await.unwrap();
    let stop = events.next_event().await.unwrap().unwrap();
    assert_eq!(stop.result_as::<Value>().unwrap(), json!({"first": "1", "second": "2"}));
}

#[tokio::test]
async fn an_answer_that_does_not_match_is_no_answer() {
    let server = Server::new().await;
    let (id, mut events) = server.start_and_ask("wait").await;
    let other = named("Approval", json!({"ticket": "other", "approved": false}));
    server.client.send_event(&id, &other).await.unwrap();
    let right = named("Approval", json!({"ticket": "T-1", "approved": true}));
    server.client.send_event(&id, &right).await.unwrap();
    let stop = events.next_event().await.unwrap().unwrap();
    let expected = json!({"ticket": "T-1", "approved": true});
    assert_eq!(stop.result_as::<Value>().unwrap(), expected);
}
