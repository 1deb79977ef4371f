//! Names with anything in them.

use stepwell_client::{Client, Error};

use crate::server::{Server, names, unique};

#[tokio::test]
async fn workflows_and_handlers_may_be_called_anything() {
    let client = Server::new().await.client;
    for name in ["grüße-世界", "a b", "100%", "?x=1&y", "#", "%2e%2e", "...", "a\\b", "a;b:c@d,e"]
    {
        let id = unique(name);
        let record = client.run_workflow("grüße-世界").handler_id(&id).await.unwrap();
        assert_eq!(record.workflow_name, "grüße-世界");
        assert_eq!(client.get_handler(&id).await.unwrap().handler_id, id);
        let mut events = client.get_workflow_events(&id).await.unwrap();
        assert_eq!(names(&mut events).await.len(), 4);
        client.cancel_handler(&id).purge().await.unwrap();
    }
}

#[tokio::test]
async fn names_that_cannot_be_asked_for_are_refused_here() {
    let client = Server::new().await.client;
    for name in ["", ".", "..", "a/b"] {
        let error = client.get_handler(name).await.unwrap_err();
        assert!(matches!(error, Error::Argument(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_address_does_not_matter() {
    let server = Server::new().await;
    let client = Client::new(format!("{}/", server.address)).unwrap();
    client.is_healthy().await.unwrap();
}
