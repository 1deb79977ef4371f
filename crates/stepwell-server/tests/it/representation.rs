//! Graphs of workflows.

use expect_test::expect;
use stepwell::{
    Context, Engine, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StepFailed,
    StepOptions, StopEvent, Workflow,
};
use stepwell_wire::llama::{NodeKind, WorkflowRepresentation};

use crate::fixture::Fixture;
use crate::workflows;

/// Serves one workflow as `w`.
async fn serve(workflow: Workflow) -> Fixture {
    Fixture::of(Engine::builder().workflow("w", workflow).open().await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_graph_has_steps_and_events_and_the_name_of_the_class() {
    let fixture = Fixture::new().await;
    fixture.check("GET /workflows/greet/representation", expect![[r#"
        200
        content-type: application/json

        {"graph":{"name":"GreetWorkflow","nodes":[{"id":"greet","label":"greet","node_type":"step","description":null},{"id":"GreetStart","label":"GreetStart","node_type":"event","event_type":"GreetStart","event_types":["GreetStart","StartEvent"],"event_schema":{"properties":{"name":{"default":"World","type":"string"}},"title":"GreetStart","type":"object"},"produced_by":[]},{"id":"StopEvent","label":"StopEvent","node_type":"event","event_type":"StopEvent","event_types":["StopEvent"],"event_schema":{"additionalProperties":true,"description":"Ends a run with any JSON value as its result.","properties":{},"title":"StopEvent","type":"object"},"produced_by":["greet"]}],"edges":[{"source":"GreetStart","target":"greet","label":null},{"source":"greet","target":"StopEvent","label":null}],"description":"Greets <somebody>."}}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn the_outside_world_takes_requests_and_sends_responses() {
    let fixture = Fixture::new().await;
    fixture.check("GET /workflows/human/representation", expect![[r#"
        200
        content-type: application/json

        {"graph":{"name":"HumanWorkflow","nodes":[{"id":"prompt_human","label":"prompt_human","node_type":"step","description":null},{"id":"greet_human","label":"greet_human","node_type":"step","description":null},{"id":"StartEvent","label":"StartEvent","node_type":"event","event_type":"StartEvent","event_types":["StartEvent"],"event_schema":{"additionalProperties":true,"description":"Begins a run of a workflow without a start event of its own. All its fields are undeclared.","properties":{},"title":"StartEvent","type":"object"},"produced_by":[]},{"id":"RequestEvent","label":"RequestEvent","node_type":"event","event_type":"RequestEvent","event_types":["RequestEvent","InputRequiredEvent"],"event_schema":{"properties":{"prompt":{"type":"string"}},"required":["prompt"],"title":"RequestEvent","type":"object"},"produced_by":["prompt_human"]},{"id":"ResponseEvent","label":"ResponseEvent","node_type":"event","event_type":"ResponseEvent","event_types":["ResponseEvent","HumanResponseEvent"],"event_schema":{"properties":{"response":{"type":"string"}},"required":["response"],"title":"ResponseEvent","type":"object"},"produced_by":[]},{"id":"OutEvent","label":"OutEvent","node_type":"event","event_type":"OutEvent","event_types":["OutEvent","StopEvent"],"event_schema":{"properties":{"output":{"type":"string"}},"required":["output"],"title":"OutEvent","type":"object"},"produced_by":["greet_human"]},{"id":"external_step","label":"external_step","node_type":"external"}],"edges":[{"source":"StartEvent","target":"prompt_human","label":null},{"source":"prompt_human","target":"RequestEvent","label":null},{"source":"RequestEvent","target":"external_step","label":null},{"source":"external_step","target":"ResponseEvent","label":null},{"source":"ResponseEvent","target":"greet_human","label":null},{"source":"greet_human","target":"OutEvent","label":null}],"description":null}}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn work_that_is_split_leads_from_step_to_step() {
    let fixture = serve(workflows::fan_out()).await;
    let ended = fixture.body("POST /workflows/w/run {}").await;
    assert!(ended.contains(r#""value":{"result":[0,1,4]}"#), "{ended}");
    fixture.check("GET /workflows/w/representation", expect![[r#"
        200
        content-type: application/json

        {"graph":{"name":"FanoutWorkflow","nodes":[{"id":"dispatch","label":"dispatch","node_type":"step","description":null},{"id":"work","label":"work","node_type":"step","description":null},{"id":"gather","label":"gather","node_type":"step","description":null},{"id":"StartEvent","label":"StartEvent","node_type":"event","event_type":"StartEvent","event_types":["StartEvent"],"event_schema":{"additionalProperties":true,"description":"Begins a run of a workflow without a start event of its own. All its fields are undeclared.","properties":{},"title":"StartEvent","type":"object"},"produced_by":[]},{"id":"WorkItem","label":"WorkItem","node_type":"event","event_type":"WorkItem","event_types":["WorkItem"],"event_schema":{"properties":{"index":{"format":"uint32","minimum":0,"type":"integer"}},"required":["index"],"title":"WorkItem","type":"object"},"produced_by":["dispatch"]},{"id":"WorkDone","label":"WorkDone","node_type":"event","event_type":"WorkDone","event_types":["WorkDone"],"event_schema":{"properties":{"square":{"format":"uint32","minimum":0,"type":"integer"}},"required":["square"],"title":"WorkDone","type":"object"},"produced_by":["work"]},{"id":"StopEvent","label":"StopEvent","node_type":"event","event_type":"StopEvent","event_types":["StopEvent"],"event_schema":{"additionalProperties":true,"description":"Ends a run with any JSON value as its result.","properties":{},"title":"StopEvent","type":"object"},"produced_by":["gather"]}],"edges":[{"source":"StartEvent","target":"dispatch","label":null},{"source":"dispatch","target":"WorkItem","label":null},{"source":"WorkItem","target":"work","label":null},{"source":"work","target":"WorkDone","label":null},{"source":"WorkDone","target":"gather","label":null},{"source":"gather","target":"StopEvent","label":null}],"description":null}}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_class_that_every_workflow_knows_descends_from_none() {
    let fixture = Fixture::new().await;
    let body = fixture.body("GET /workflows/classic-human/representation").await;
    expect![[r#"
        step ask
        step answer
        event StartEvent is ["StartEvent"], of []
        event InputRequiredEvent is ["InputRequiredEvent"], of ["ask"]
        event HumanResponseEvent is ["HumanResponseEvent"], of []
        event StopEvent is ["StopEvent"], of ["answer"]
        external external_step
        StartEvent -> ask
        ask -> InputRequiredEvent
        InputRequiredEvent -> external_step
        external_step -> HumanResponseEvent
        HumanResponseEvent -> answer
        answer -> StopEvent"#]]
    .assert_eq(&parts(&body));
}

#[tokio::test(start_paused = true)]
async fn steps_that_accept_the_same_event_share_its_node_and_edges() {
    let fixture = Fixture::new().await;
    let body = fixture.body("GET /workflows/target/representation").await;
    expect![[r#"
        step ready
        step left
        step right
        step finish
        event StartEvent is ["StartEvent"], of []
        event TargetReady is ["TargetReady", "InputRequiredEvent"], of ["ready"]
        event Ping is ["Ping", "HumanResponseEvent"], of []
        event Finish is ["Finish", "HumanResponseEvent"], of []
        event StopEvent is ["StopEvent"], of ["finish"]
        external external_step
        StartEvent -> ready
        ready -> TargetReady
        TargetReady -> external_step
        external_step -> Ping
        Ping -> left
        Ping -> right
        external_step -> Finish
        Finish -> finish
        finish -> StopEvent"#]]
    .assert_eq(&parts(&body));
}

#[derive(Event)]
struct Extra {}

#[tokio::test(start_paused = true)]
async fn without_requests_the_outside_world_is_left_out_and_so_is_what_is_only_added() {
    let workflow = Workflow::builder("DeafWorkflow")
        .additional_event::<Extra>()
        .step("begin", |_: StartEvent, _: Context| async { StopEvent::default() })
        .step("listen", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let body = serve(workflow).await.body("GET /workflows/w/representation").await;
    expect![[r#"
        step begin
        step listen
        event StartEvent is ["StartEvent"], of []
        event StopEvent is ["StopEvent"], of ["begin", "listen"]
        event HumanResponseEvent is ["HumanResponseEvent"], of []
        StartEvent -> begin
        begin -> StopEvent
        HumanResponseEvent -> listen
        listen -> StopEvent"#]]
    .assert_eq(&parts(&body));
}

#[derive(Event)]
#[event(stop, name = "StopEvent")]
struct Namesake {}

#[derive(Event)]
#[event(name = "ask")]
struct Ask {}

#[tokio::test(start_paused = true)]
async fn a_name_is_one_node_whatever_is_called_that() {
    let workflow = Workflow::builder("NamesakeWorkflow")
        .step("begin", |_: StartEvent, _: Context| async { Ask {} })
        .step("ask", |_: Ask, _: Context| async { InputRequiredEvent::new() })
        .step("external_step", |_: HumanResponseEvent, _: Context| async { Namesake {} })
        .build()
        .unwrap();
    let body = serve(workflow).await.body("GET /workflows/w/representation").await;
    expect![[r#"
        step begin
        step ask
        step external_step
        event StartEvent is ["StartEvent"], of []
        event InputRequiredEvent is ["InputRequiredEvent"], of ["ask"]
        event HumanResponseEvent is ["HumanResponseEvent"], of []
        event StopEvent is ["StopEvent", "StopEvent"], of ["external_step"]
        StartEvent -> begin
        begin -> ask
        ask -> ask
        ask -> InputRequiredEvent
        InputRequiredEvent -> external_step
        external_step -> HumanResponseEvent
        HumanResponseEvent -> external_step
        external_step -> StopEvent"#]]
    .assert_eq(&parts(&body));
}

/// Two steps share a client, one of them has a handler, and all say what they are for.
fn shop() -> Workflow {
    let sell = StepOptions::new().description("Sells.").needs::<String>("client");
    let send = StepOptions::new().needs::<u32>("goods").needs::<String>("post");
    Workflow::builder("ShopWorkflow")
        .resource(String::new())
        .resource(3_u32)
        .step_with("sell", sell, |_: StartEvent, _: Context| async { None::<StopEvent> })
        .step_with("send", send, |_: StartEvent, _: Context| async { StopEvent::default() })
        .catch("mend", ["sell"], 1, |_: StepFailed, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn resources_are_nodes_and_edges_to_them_have_the_names_of_parameters() {
    let fixture = serve(shop()).await;
    fixture.check("GET /workflows/w/representation", expect![[r#"
        200
        content-type: application/json

        {"graph":{"name":"ShopWorkflow","nodes":[{"id":"sell","label":"sell","node_type":"step","description":"Sells."},{"id":"send","label":"send","node_type":"step","description":null},{"id":"mend","label":"mend","node_type":"step","description":null},{"id":"StartEvent","label":"StartEvent","node_type":"event","event_type":"StartEvent","event_types":["StartEvent"],"event_schema":{"additionalProperties":true,"description":"Begins a run of a workflow without a start event of its own. All its fields are undeclared.","properties":{},"title":"StartEvent","type":"object"},"produced_by":[]},{"id":"StopEvent","label":"StopEvent","node_type":"event","event_type":"StopEvent","event_types":["StopEvent"],"event_schema":{"additionalProperties":true,"description":"Ends a run with any JSON value as its result.","properties":{},"title":"StopEvent","type":"object"},"produced_by":["sell","send","mend"]},{"id":"resource_0ef84bd1d96c","label":"String","node_type":"resource","type_name":"alloc::string::String","getter_name":null,"source_file":null,"source_line":null,"description":null},{"id":"resource_d7649d428b9f","label":"u32","node_type":"resource","type_name":"u32","getter_name":null,"source_file":null,"source_line":null,"description":null},{"id":"StepFailedEvent","label":"StepFailedEvent","node_type":"event","event_type":"StepFailedEvent","event_types":["StepFailedEvent"],"event_schema":null,"produced_by":[]}],"edges":[{"source":"StartEvent","target":"sell","label":null},{"source":"sell","target":"StopEvent","label":null},{"source":"sell","target":"resource_0ef84bd1d96c","label":"client"},{"source":"StartEvent","target":"send","label":null},{"source":"send","target":"StopEvent","label":null},{"source":"send","target":"resource_d7649d428b9f","label":"goods"},{"source":"send","target":"resource_0ef84bd1d96c","label":"post"},{"source":"mend","target":"StopEvent","label":null},{"source":"StepFailedEvent","target":"mend","label":null}],"description":null}}"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_workflow_has_no_graph() {
    let fixture = Fixture::new().await;
    fixture
        .check(
            "GET /workflows/missing/representation",
            expect![[r#"
        404
        content-type: application/json

        {"detail":"Workflow not found"}"#]],
        )
        .await;
}

/// Returns the nodes and edges of an answer, one on each line, less what the schemas say.
fn parts(body: &str) -> String {
    let WorkflowRepresentation { graph } = serde_json::from_str(body).expect(body);
    let nodes = graph.nodes.iter().map(|node| match &node.kind {
        NodeKind::Step { .. } => format!("step {}", node.id),
        NodeKind::Event { event_types, produced_by, .. } => {
            format!("event {} is {event_types:?}, of {produced_by:?}", node.id)
        }
        NodeKind::External => format!("external {}", node.id),
        NodeKind::ResourceConfig { .. } => format!("resource {} from a file", node.id),
        NodeKind::Resource { type_name, .. } => format!("resource {} is {type_name:?}", node.id),
    });
    let edges = graph.edges.iter().map(|edge| format!("{} -> {}", edge.source, edge.target));
    nodes.chain(edges).collect::<Vec<_>>().join("\n")
}
