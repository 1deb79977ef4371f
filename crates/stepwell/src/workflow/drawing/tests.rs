//! What a graph has, what is left when less of it is shown, and how it is written.

mod written;

use expect_test::{Expect, expect};

use super::{Detail, Edge, EdgeKind, Graph, NodeId, NodeKind};
use crate::workflow::builder::sketch::sketch;
use crate::{Context, StartEvent, StepOptions, StopEvent, Workflow};

/// A bit of everything.
const FULL: &str = "
    ask: Start -> Ask
    split: Answer -> [Page] | -
    read: Page -> Text
    pair: Text & Page -> Both
    merge: Join<Both | Scrap> -> Stop
    mend catches read, pair x2: Failed<Any> -> Scrap
";

fn graph(text: &str) -> Graph {
    sketch(text).builder().build().unwrap().graph()
}

/// Shows nodes and edges, one on each line.
#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
#[track_caller]
fn check(graph: &Graph, expected: Expect) {
    let nodes = graph.nodes.iter().map(|node| match &node.detail {
        Detail::Step { role, description } => {
            format!("step {} {role:?} {description:?}", node.label)
        }
        Detail::Event { event, produced_by } => {
            format!("event {} {:?} of {produced_by:?}", node.label, event.family())
        }
        Detail::External => format!("external {}", node.label),
        Detail::Resource { type_name } => format!("resource {} {type_name}", node.label),
    });
    let edges = graph.edges.iter().map(edge);
    expected.assert_eq(&nodes.chain(edges).collect::<Vec<_>>().join("\n"));
}

fn edge(edge: &Edge) -> String {
    let name = |id: &NodeId| match id.kind {
        NodeKind::Step => format!("step {}", id.name),
        NodeKind::Event => format!("event {}", id.name),
        NodeKind::External => "outside".to_owned(),
        NodeKind::Resource => format!("resource {}", id.name),
    };
    let arrow = match edge.kind {
        EdgeKind::Flow => "->",
        EdgeKind::Uses => "uses",
        EdgeKind::Fails => "fails to",
    };
    let label = edge.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    format!("{} {arrow} {}{label}", name(&edge.source), name(&edge.target))
}

/// Shows edges alone.
#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
#[track_caller]
fn check_edges(graph: &Graph, expected: Expect) {
    expected.assert_eq(&graph.edges.iter().map(edge).collect::<Vec<_>>().join("\n"));
}

#[test]
fn rp_1_a_graph_has_steps_events_and_the_outside_world() {
    check(
        &graph(FULL),
        expect![[r#"
            step ask Each None
            step split Each None
            step read Each None
            step pair All None
            step merge Join None
            step mend Handler None
            event Start Start of []
            event Ask Request of ["ask"]
            event Answer Response of []
            event Page Plain of ["split"]
            event Text Plain of ["read"]
            event Both Plain of ["pair"]
            event Scrap Plain of ["mend"]
            event Stop Stop of ["merge"]
            external outside
            event Start -> step ask
            step ask -> event Ask
            event Ask -> outside
            outside -> event Answer
            event Answer -> step split
            step split -> event Page
            event Page -> step read
            step read -> event Text
            event Text -> step pair
            event Page -> step pair
            step pair -> event Both
            event Both -> step merge
            event Scrap -> step merge
            step merge -> event Stop
            step read fails to step mend
            step pair fails to step mend
            step mend -> event Scrap"#]],
    );
}

#[test]
fn rp_3_without_requests_the_outside_world_is_left_out() {
    check(
        &graph("a: Start -> A\n b: A | Answer -> Stop"),
        expect![[r#"
            step a Each None
            step b Each None
            event Start Start of []
            event A Plain of ["a"]
            event Answer Response of []
            event Stop Stop of ["b"]
            event Start -> step a
            step a -> event A
            event A -> step b
            event Answer -> step b
            step b -> event Stop"#]],
    );
}

/// Two steps share a client, and one of them uses it twice.
fn with_resources() -> Workflow {
    let describe = |text| StepOptions::new().description(text);
    Workflow::builder("Shop")
        .description("Sells <things>.")
        .resource(String::new())
        .resource(Vec::<u8>::new())
        .step_with(
            "pay",
            describe("Takes \"money\".").needs::<String>("client").needs::<String>("spare"),
            |_: StartEvent, _: Context| async { None::<StopEvent> },
        )
        .step_with(
            "send",
            describe("Sends\nit.").needs::<Vec<u8>>("goods").needs::<String>("client"),
            |_: StartEvent, _: Context| async { StopEvent::default() },
        )
        .build()
        .unwrap()
}

#[test]
fn rp_2_edges_lead_to_resources_under_the_names_of_parameters() {
    let graph = with_resources().graph();
    assert_eq!((&*graph.name, graph.description.as_deref()), ("Shop", Some("Sells <things>.")));
    check(
        &graph,
        expect![[r#"
            step pay Each Some("Takes \"money\".")
            step send Each Some("Sends\nit.")
            event StartEvent Start of []
            event StopEvent Stop of ["pay", "send"]
            resource String alloc::string::String
            resource Vec<u8> alloc::vec::Vec<u8>
            event StartEvent -> step pay
            step pay -> event StopEvent
            step pay uses resource alloc::string::String (client)
            step pay uses resource alloc::string::String (spare)
            event StartEvent -> step send
            step send -> event StopEvent
            step send uses resource alloc::vec::Vec<u8> (goods)
            step send uses resource alloc::string::String (client)"#]],
    );
}

#[test]
fn rp_4_without_events_edges_lead_from_step_to_step() {
    check_edges(
        &graph(FULL).without(NodeKind::Event),
        expect![[r#"
            step ask -> outside (Ask)
            outside -> step split (Answer)
            step split -> step read (Page)
            step split -> step pair (Page)
            step read -> step pair (Text)
            step pair -> step merge (Both)
            step read fails to step mend
            step pair fails to step mend
            step mend -> step merge (Scrap)"#]],
    );
}

#[test]
fn rp_4_without_steps_edges_lead_from_event_to_event() {
    check_edges(
        &graph(FULL).without(NodeKind::Step),
        expect![[r#"
            event Start -> event Ask (ask)
            event Ask -> outside
            outside -> event Answer
            event Answer -> event Page (split)
            event Page -> event Text (read)
            event Page fails to event Scrap (read)
            event Text -> event Both (pair)
            event Text fails to event Scrap (pair)
            event Page -> event Both (pair)
            event Page fails to event Scrap (pair)
            event Both -> event Stop (merge)
            event Scrap -> event Stop (merge)"#]],
    );
}

#[test]
fn rp_4_an_edge_keeps_the_label_of_what_was_left_out_first() {
    let steps = graph(FULL).without(NodeKind::Event);
    check_edges(
        &steps.without(NodeKind::External),
        expect![[r#"
        step ask -> step split (Ask)
        step split -> step read (Page)
        step split -> step pair (Page)
        step read -> step pair (Text)
        step pair -> step merge (Both)
        step read fails to step mend
        step pair fails to step mend
        step mend -> step merge (Scrap)"#]],
    );
    check_edges(
        &graph(FULL).without(NodeKind::External).without(NodeKind::Step),
        expect![[r#"
            event Start -> event Ask (ask)
            event Ask -> event Answer (outside)
            event Answer -> event Page (split)
            event Page -> event Text (read)
            event Page fails to event Scrap (read)
            event Text -> event Both (pair)
            event Text fails to event Scrap (pair)
            event Page -> event Both (pair)
            event Page fails to event Scrap (pair)
            event Both -> event Stop (merge)
            event Scrap -> event Stop (merge)"#]],
    );
}

#[test]
fn rp_4_what_leads_nowhere_goes_with_its_edges() {
    let graph = with_resources().graph().without(NodeKind::Resource);
    assert!(graph.nodes.iter().all(|node| node.id.kind != NodeKind::Resource));
    check_edges(
        &graph,
        expect![[r#"
            event StartEvent -> step pay
            step pay -> event StopEvent
            event StartEvent -> step send
            step send -> event StopEvent"#]],
    );
}

#[test]
fn rp_4_loops_and_two_ways_are_kept() {
    let text = "a: Start -> A | B\n b: A | B -> A | [B] | Stop";
    check_edges(
        &graph(text).without(NodeKind::Event),
        expect![[r#"
        step a -> step b (A)
        step a -> step b (B)
        step b -> step b (A)
        step b -> step b (B)"#]],
    );
    check_edges(
        &graph(text).without(NodeKind::Step),
        expect![[r#"
            event Start -> event A (a)
            event Start -> event B (a)
            event A -> event A (b)
            event A -> event B (b)
            event A -> event Stop (b)
            event B -> event A (b)
            event B -> event B (b)
            event B -> event Stop (b)"#]],
    );
}

#[test]
fn names_of_types_are_shown_without_modules() {
    let short = |name| super::short(name);
    assert_eq!(short("alloc::vec::Vec<demo::Client>"), "Vec<Client>");
    assert_eq!(short("(u8, &a::b::C<'_>)"), "(u8, &C<'_>)");
    assert_eq!(short("dyn demo::Clock + core::marker::Send"), "dyn Clock + Send");
    assert_eq!(short("u32"), "u32");
}
