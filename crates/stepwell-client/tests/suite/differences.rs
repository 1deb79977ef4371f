//! Where Stepwell and LlamaIndex's server differ for this client.

use serde_json::json;
use stepwell_client::{Error, Status, StepState, StepStateChanged};

use crate::server::{Kind, Server, unique};

#[tokio::test]
async fn ids_are_longer_here() {
    let server = Server::new().await;
    let record = server.client.run_workflow("quiet").await.unwrap();
    let expected = match server.kind {
        Kind::Stepwell => 22,
        Kind::Reference => 10,
    };
    assert_eq!((record.handler_id.len(), record.run_id.len()), (expected, expected));
}

#[tokio::test]
async fn lengths_have_limits_here() {
    let server = Server::new().await;
    let long_id = server.client.run_workflow("quiet").handler_id(unique(&"x".repeat(600))).await;
    let long_name = json!({"name": "x".repeat(5 << 20)});
    let long_body = server.client.run_workflow("quiet").fields(long_name).await;
    match server.kind {
        Kind::Stepwell => {
            let error = long_id.unwrap_err();
            assert!(matches!(error, Error::Rejected(_)), "{error:?}");
            let error = long_body.unwrap_err();
            // The server does not read on, so the client may find the connection closed.
            assert!(error.status() == Some(413) || matches!(error, Error::Broken { .. }));
        }
        Kind::Reference => {
            assert_eq!(long_id.unwrap().status, Status::Completed);
            assert_eq!(long_body.unwrap().status, Status::Completed);
        }
    }
}

#[tokio::test]
async fn classes_are_called_by_their_names_here() {
    let server = Server::new().await;
    let id = server.start("greet").await;
    let call = server.client.get_workflow_events(&id).include_internal_events();
    let mut events = call.await.unwrap();
    let mut ends = Vec::new();
    while let Some(event) = events.next_event().await.unwrap() {
        if event.name() == StepStateChanged::TYPE {
            let change: StepStateChanged<'_> = event.value_as().unwrap();
            if change.step_state == StepState::NotRunning {
                ends.push((change.input_event_name, change.output_event_name.unwrap()));
            }
        }
    }
    let expected = match server.kind {
        Kind::Stepwell => ("GreetStart", "StopEvent"),
        Kind::Reference => {
            ("<class 'fixtures.GreetStart'>", "<class 'workflows.events.StopEvent'>")
        }
    };
    assert_eq!(ends, [(expected.0.into(), expected.1.into())]);
}
