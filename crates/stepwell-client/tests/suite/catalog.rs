//! What the server says of itself and of its workflows.

use serde_json::json;
use stepwell_client::{HealthStatus, NodeKind};

use crate::server::Server;

#[tokio::test]
async fn the_server_tells_what_it_serves() {
    let client = Server::new().await.client;
    assert_eq!(client.is_healthy().await.unwrap().status, HealthStatus::Healthy);
    let workflows = client.list_workflows().await.unwrap();
    assert_eq!(workflows.len(), 17);
    assert_eq!(workflows.first().unwrap(), "greet");
    assert_eq!(workflows.last().unwrap(), "grüße-世界");
    for workflow in workflows {
        client.get_workflow_schema(&workflow).await.unwrap();
        client.get_workflow_events_schema(&workflow).await.unwrap();
        client.get_workflow_graph(&workflow).await.unwrap();
    }
}

#[tokio::test]
async fn schemas_tell_the_classes_and_their_fields() {
    let client = Server::new().await.client;
    let schema = client.get_workflow_schema("greet").await.unwrap();
    assert_eq!(schema.start["title"], "GreetStart");
    assert_eq!(schema.start["properties"]["name"]["default"], "World");
    assert_eq!(schema.stop["title"], "StopEvent");
    let events = client.get_workflow_events_schema("human").await.unwrap();
    let mut titles: Vec<_> = events.iter().map(|event| event["title"].clone()).collect();
    titles.sort_by_key(ToString::to_string);
    assert_eq!(json!(titles), json!(["OutEvent", "RequestEvent", "ResponseEvent", "StartEvent"]));
}

#[tokio::test]
async fn a_graph_tells_steps_events_and_the_outside_world() {
    let graph = Server::new().await.client.get_workflow_graph("human").await.unwrap();
    assert_eq!(graph.name, "HumanWorkflow");
    let kind = |id: &str| &graph.nodes.iter().find(|node| node.id == id).unwrap().kind;
    assert!(matches!(kind("prompt_human"), NodeKind::Step { .. }));
    assert!(matches!(kind("external_step"), NodeKind::External));
    let NodeKind::Event { event_types, produced_by, .. } = kind("RequestEvent") else { panic!() };
    assert_eq!(event_types[..], ["RequestEvent", "InputRequiredEvent"]);
    assert_eq!(produced_by[..], ["prompt_human"]);
    let leads = |source, target| {
        graph.edges.iter().any(|edge| edge.source == source && edge.target == target)
    };
    assert!(leads("external_step", "ResponseEvent") && leads("ResponseEvent", "greet_human"));
}
