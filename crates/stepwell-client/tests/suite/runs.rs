//! Starting runs and reading what they return.

use serde_json::{Value, json};
use std::time::Duration;
use stepwell::StartEvent;
use stepwell_client::{Backoff, End, Status};

use crate::events::{BurstItem, GreetProgress, GreetStart};
use crate::server::{Server, named, unique};

#[tokio::test]
async fn a_run_is_started_with_a_type_with_fields_or_with_nothing() {
    let client = Server::new().await.client;
    let greeting = async |call: stepwell_client::Call<stepwell_client::RunWorkflow>| {
        let record = call.await.unwrap();
        assert_eq!(record.status, Status::Completed);
        record.result.unwrap().result_as::<String>().unwrap()
    };
    let ada = GreetStart { name: "Ada".to_owned() };
    let run = |workflow: &str| client.run_workflow(workflow);
    assert_eq!(greeting(run("greet").start_event(&ada)).await, "Hello, Ada!");
    assert_eq!(greeting(run("greet").fields(json!({"name": "世界"}))).await, "Hello, 世界!");
    assert_eq!(greeting(run("greet").fields(&ada)).await, "Hello, Ada!");
    assert_eq!(greeting(run("greet")).await, "Hello, World!");
    let by_name = named("GreetStart", json!({"name": "Kim"}));
    assert_eq!(greeting(run("greet").start_event(&by_name)).await, "Hello, Kim!");
    // Fields that the class does not declare.
    let open = StartEvent::new().with("name", "Ada");
    assert_eq!(greeting(run("hello").start_event(&open)).await, "Hello, Ada!");
    assert_eq!(greeting(run("hello").fields(&open)).await, "Hello, Ada!");
    assert_eq!(greeting(run("hello").fields(json!({"name": "Ada"}))).await, "Hello, Ada!");
    assert_eq!(greeting(run("hello")).await, "Hello, World!");
}

#[tokio::test]
async fn no_name_of_a_field_makes_an_event_into_something_else() {
    let client = Server::new().await.client;
    for odd in [
        json!({"value": {"name": "x"}, "name": "Ada"}),
        json!({"type": "x", "qualified_name": "y.z", "name": "Ada"}),
        json!({"value": 1, "type": "x", "qualified_name": "y", "data": {}, "name": "Ada"}),
        json!({"type": "GreetStart", "data": {"name": "x"}, "name": "Ada"}),
    ] {
        let start = named("StartEvent", odd);
        let record = client.run_workflow("hello").start_event(&start).await.unwrap();
        assert_eq!(record.result.unwrap().result_as::<String>().unwrap(), "Hello, Ada!");
        let started = client.run_workflow_nowait("hello").start_event(&start).await.unwrap();
        let record = client.wait_for_handler(&started.handler_id).await.unwrap();
        assert_eq!(record.result.unwrap().result_as::<String>().unwrap(), "Hello, Ada!");
    }
    let odd = json!({"type": "x", "data": {"name": "x"}, "name": "Ada"});
    let record = client.run_workflow("hello").fields(odd).await.unwrap();
    assert_eq!(record.result.unwrap().result_as::<String>().unwrap(), "Hello, Ada!");
}

#[tokio::test]
async fn events_are_followed_from_the_start_to_the_result() {
    let server = Server::new().await;
    let client = server.client;
    let started = client.run_workflow_nowait("greet").await.unwrap();
    assert_eq!((started.status, started.completed_at), (Status::Running, None));
    let mut events = client.get_workflow_events(&started.handler_id).await.unwrap();
    let mut messages = Vec::new();
    while let Some(event) = events.next_event().await.unwrap() {
        if let Some(progress) = event.load::<GreetProgress>().unwrap() {
            assert_eq!(progress.index as usize, messages.len());
            messages.push(progress.message);
        } else {
            assert_eq!(event.end().unwrap(), Some(End::Completed));
        }
    }
    assert_eq!(messages, ["step 0", "step 1", "step 2"]);
    // The record is final before the last event is told.
    let record = client.get_handler(&started.handler_id).await.unwrap();
    assert_eq!(
        (record.status, record.error, record.run_id),
        (Status::Completed, None, started.run_id)
    );
    assert!(record.completed_at >= Some(record.started_at));
}

#[tokio::test]
async fn what_steps_return_comes_back_as_it_was() {
    let client = Server::new().await.client;
    let sent = json!({
        "text": "a\u{85}\u{2028}\u{2029}\"\\\n\u{1F980}\0", "number": i64::MAX, "ratio": 0.1,
        "flag": true, "tags": ["x", ""], "inner": {"id": -1, "note": null},
        "children": [{"id": 2, "note": "n"}], "color": "blue",
    });
    let record = client.run_workflow("echo").fields(&sent).await.unwrap();
    assert_eq!(record.result.unwrap().value_as::<Value>().unwrap(), sent);
    let handler = record.handler_id;
    let mut events = client.get_workflow_events(&handler).await.unwrap();
    let event = events.next_event().await.unwrap().unwrap();
    assert_eq!((event.name(), event.is_terminal()), ("EchoStop", true));
    assert_eq!(event.result_as::<Value>().unwrap(), sent);

    let quiet = client.run_workflow("quiet").await.unwrap().result.unwrap();
    assert_eq!(quiet.result_as::<()>().unwrap(), ());
    let fanout = client.run_workflow("fanout").await.unwrap().result.unwrap();
    assert_eq!(fanout.result_as::<Value>().unwrap(), json!({"count": 4, "sum": 14}));
    let retry = client.run_workflow("retry").await.unwrap().result.unwrap();
    assert_eq!(retry.result_as::<Value>().unwrap(), json!({"attempts": 3}));
}

#[tokio::test]
async fn many_events_come_in_order_however_slowly_they_are_read() {
    let client = Server::new().await.client;
    let fields = json!({"n": 1000, "pad": 1000});
    let started = client.run_workflow_nowait("burst").fields(fields).await.unwrap();
    client.wait_for_handler(&started.handler_id).await.unwrap();
    let mut events = client.get_workflow_events(&started.handler_id).await.unwrap();
    let mut next = 0;
    while let Some(event) = events.next_event().await.unwrap() {
        tokio::task::yield_now().await;
        if let Some(item) = event.load::<BurstItem>().unwrap() {
            assert_eq!((item.seq, item.pad.len()), (next, 1000));
            next += 1;
        }
    }
    assert_eq!(next, 1000);
}

#[tokio::test]
async fn a_handler_id_goes_on_with_the_state_of_its_last_run() {
    let client = Server::new().await.client;
    let id = unique("counter");
    for runs in 1..=3 {
        let record = client.run_workflow("counter").handler_id(&id).await.unwrap();
        assert_eq!(record.handler_id, id);
        let counted: Value = record.result.unwrap().result_as().unwrap();
        assert_eq!(counted, json!({"total": runs, "runs": runs}));
    }
}

#[tokio::test]
async fn a_run_that_fails_is_a_record() {
    let server = Server::new().await;
    let client = server.client;
    let fields = json!({"message": "bäng", "emit": 1});
    let failed = client.run_workflow("fail").fields(fields).await.unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (Status::Failed, Some("bäng")));
    assert!(failed.result.is_none());
    let handler = &failed.handler_id;
    assert_eq!(client.get_handler(handler).await.unwrap().status, Status::Failed);
    assert_eq!(client.wait_for_handler(handler).await.unwrap().status, Status::Failed);
    let mut events = client.get_workflow_events(handler).await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "FailNotice");
    let last = events.next_event().await.unwrap().unwrap();
    let Some(End::Failed(failure)) = last.end().unwrap() else { panic!("{last:?}") };
    assert_eq!(failure.exception.exception_message, "bäng");
    assert_eq!((failure.step_name.as_ref(), failure.attempts), ("explode", Some(1)));
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_a_record() {
    let client = Server::new().await.client;
    let started = client.run_workflow_nowait("timeout").await.unwrap();
    let wait = client.wait_for_handler(&started.handler_id);
    let wait = wait.poll_interval(Duration::from_millis(20)).backoff(Backoff::Exponential);
    let record = wait.await.unwrap();
    assert_eq!(record.error.as_deref(), Some("Workflow timed out after 0.3s"));
    let mut events = client.get_workflow_events(&started.handler_id).await.unwrap();
    let last = events.next_event().await.unwrap().unwrap();
    let Some(End::TimedOut(end)) = last.end().unwrap() else { panic!("{last:?}") };
    assert_eq!((end.timeout, end.active_steps), (0.3, vec!["nap".to_owned()]));
}
