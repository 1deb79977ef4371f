//! Handlers: looking, filtering, cancelling and forgetting.

use std::time::Duration;

use stepwell_client::{End, Error, Status};

use crate::server::{Server, unique};

#[tokio::test]
async fn handlers_are_listed_by_status_and_workflow() {
    let server = Server::new().await;
    let client = &server.client;
    let (waits, _) = server.start_and_ask("human").await;
    let id = unique("failed");
    client.run_workflow("fail").handler_id(&id).await.unwrap();
    let id = &id;
    client.run_workflow("quiet").await.unwrap();

    let count = |records: &[stepwell_client::HandlerRecord], id: &str| {
        records.iter().filter(|record| record.handler_id == id).count()
    };
    let all = client.get_handlers().await.unwrap();
    assert_eq!((count(&all, &waits), count(&all, id)), (1, 1));
    let running = client.get_handlers().status(Status::Running).await.unwrap();
    assert_eq!((count(&running, &waits), count(&running, id)), (1, 0));
    assert!(running.iter().all(|record| record.status == Status::Running));
    let both = client.get_handlers().status(Status::Running).status(Status::Failed);
    let both = both.workflow_name("fail").workflow_name("quiet").await.unwrap();
    assert_eq!((count(&both, &waits), count(&both, id)), (0, 1));
    assert!(both.iter().all(|record| record.workflow_name == "fail"));
    let none = client.get_handlers().workflow_name(unique("no")).await.unwrap();
    assert!(none.is_empty());
    client.cancel_handler(waits).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_run_is_a_record_and_its_stream_ends() {
    let server = Server::new().await;
    let client = &server.client;
    let id = server.start("slow").await;
    let mut events = client.get_workflow_events(&id).await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().name(), "SlowTick");
    let limit = Duration::from_millis(1);
    let error = client.wait_for_handler(&id).timeout(limit).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    let waiting = tokio::spawn(client.wait_for_handler(&id).into_future());

    client.cancel_handler(&id).await.unwrap();
    assert_eq!(client.get_handler(&id).await.unwrap().status, Status::Cancelled);
    assert_eq!(waiting.await.unwrap().unwrap().status, Status::Cancelled);
    let mut end = None;
    while let Some(event) = events.next_event().await.unwrap() {
        end = event.end().unwrap();
    }
    assert_eq!(end, Some(End::Cancelled));
    let error = client.cancel_handler(&id).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn a_run_that_is_waited_for_and_cancelled_is_a_record() {
    let server = Server::new().await;
    let id = unique("slow");
    let call = server.client.run_workflow("slow").handler_id(&id);
    let running = tokio::spawn(call.into_future());
    while server.client.get_workflow_events(&id).await.is_err() {}
    server.client.cancel_handler(&id).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap().status, Status::Cancelled);
}

#[tokio::test]
async fn a_handler_that_is_purged_is_gone() {
    let server = Server::new().await;
    let client = &server.client;
    let (id, mut events) = server.start_and_ask("human").await;
    client.cancel_handler(&id).purge().await.unwrap();
    let last = events.next_event().await.unwrap().unwrap();
    assert_eq!(last.end().unwrap(), Some(End::Cancelled));
    assert!(events.next_event().await.unwrap().is_none());
    let not_found = |error: Error| {
        assert_eq!(error.detail().as_deref(), Some("Handler not found"));
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    };
    not_found(client.get_handler(&id).await.unwrap_err());
    not_found(client.wait_for_handler(&id).await.unwrap_err());
    not_found(client.get_workflow_events(&id).await.unwrap_err());
    not_found(client.cancel_handler(&id).purge().await.unwrap_err());
}
