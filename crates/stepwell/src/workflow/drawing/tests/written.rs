//! Graphs as Mermaid and Graphviz read them.

use std::collections::BTreeSet;

use expect_test::expect;

use super::{FULL, graph, with_resources};
use crate::workflow::drawing::{NodeKind, mermaid};

#[test]
fn a_graph_is_written_for_mermaid() {
    expect![[r#"
        ---
        title: "Flow"
        ---
        flowchart TD
            step_ask["ask"]
            step_split["split"]
            step_read["read"]
            step_pair{{"pair"}}
            step_merge{{"merge"}}
            step_mend["mend"]:::handler
            event_Start(("Start"))
            event_Ask[/"Ask"/]
            event_Answer[\"Answer"\]
            event_Page(["Page"])
            event_Text(["Text"])
            event_Both(["Both"])
            event_Scrap(["Scrap"])
            event_Stop((("Stop")))
            outside>"outside"]
            event_Start --> step_ask
            step_ask --> event_Ask
            event_Ask --> outside
            outside --> event_Answer
            event_Answer --> step_split
            step_split --> event_Page
            event_Page --> step_read
            step_read --> event_Text
            event_Text --> step_pair
            event_Page --> step_pair
            step_pair --> event_Both
            event_Both --> step_merge
            event_Scrap --> step_merge
            step_merge --> event_Stop
            step_read -.-> step_mend
            step_pair -.-> step_mend
            step_mend --> event_Scrap
            classDef handler stroke-dasharray: 5 5
    "#]]
    .assert_eq(&graph(FULL).to_mermaid());
    expect![[r#"
        ---
        title: "Shop"
        ---
        flowchart TD
            step_pay["pay"]
            step_send["send"]
            event_StartEvent(("StartEvent"))
            event_StopEvent((("StopEvent")))
            resource_0[("String")]
            resource_1[("Vec#60;u8#62;")]
            event_StartEvent --> step_pay
            step_pay --> event_StopEvent
            step_pay -.->|"client"| resource_0
            step_pay -.->|"spare"| resource_0
            event_StartEvent --> step_send
            step_send --> event_StopEvent
            step_send -.->|"goods"| resource_1
            step_send -.->|"client"| resource_0
    "#]]
    .assert_eq(&with_resources().graph().to_mermaid());
}

#[test]
fn a_graph_is_written_for_graphviz() {
    expect![[r#"
        digraph "Flow" {
            "step ask" [label="ask", shape=box];
            "step split" [label="split", shape=box];
            "step read" [label="read", shape=box];
            "step pair" [label="pair", shape=hexagon];
            "step merge" [label="merge", shape=hexagon];
            "step mend" [label="mend", shape=box, style=dashed];
            "event Start" [label="Start", shape=circle];
            "event Ask" [label="Ask", shape=polygon, sides=4, skew=0.4];
            "event Answer" [label="Answer", shape=polygon, sides=4, skew=-0.4];
            "event Page" [label="Page", shape=ellipse];
            "event Text" [label="Text", shape=ellipse];
            "event Both" [label="Both", shape=ellipse];
            "event Scrap" [label="Scrap", shape=ellipse];
            "event Stop" [label="Stop", shape=doublecircle];
            "outside" [label="outside", shape=house];
            "event Start" -> "step ask";
            "step ask" -> "event Ask";
            "event Ask" -> "outside";
            "outside" -> "event Answer";
            "event Answer" -> "step split";
            "step split" -> "event Page";
            "event Page" -> "step read";
            "step read" -> "event Text";
            "event Text" -> "step pair";
            "event Page" -> "step pair";
            "step pair" -> "event Both";
            "event Both" -> "step merge";
            "event Scrap" -> "step merge";
            "step merge" -> "event Stop";
            "step read" -> "step mend" [style=dashed];
            "step pair" -> "step mend" [style=dashed];
            "step mend" -> "event Scrap";
        }
    "#]]
    .assert_eq(&graph(FULL).to_dot());
    expect![[r#"
        digraph "Shop" {
            "step pay" [label="pay", shape=box, tooltip="Takes \"money\"."];
            "step send" [label="send", shape=box, tooltip="Sends\nit."];
            "event StartEvent" [label="StartEvent", shape=circle];
            "event StopEvent" [label="StopEvent", shape=doublecircle];
            "resource alloc::string::String" [label="String", shape=cylinder, tooltip="alloc::string::String"];
            "resource alloc::vec::Vec<u8>" [label="Vec<u8>", shape=cylinder, tooltip="alloc::vec::Vec<u8>"];
            "event StartEvent" -> "step pay";
            "step pay" -> "event StopEvent";
            "step pay" -> "resource alloc::string::String" [label="client", style=dashed];
            "step pay" -> "resource alloc::string::String" [label="spare", style=dashed];
            "event StartEvent" -> "step send";
            "step send" -> "event StopEvent";
            "step send" -> "resource alloc::vec::Vec<u8>" [label="goods", style=dashed];
            "step send" -> "resource alloc::string::String" [label="client", style=dashed];
        }
    "#]].assert_eq(&with_resources().graph().to_dot());
}

#[test]
fn rp_4_labels_of_bridges_are_written() {
    let graph = graph("a: Start -> A\n b: A -> Stop").without(NodeKind::Event);
    expect![[r#"
        ---
        title: "Flow"
        ---
        flowchart TD
            step_a["a"]
            step_b["b"]
            step_a -->|"A"| step_b
    "#]]
    .assert_eq(&graph.to_mermaid());
    expect![[r#"
        digraph "Flow" {
            "step a" [label="a", shape=box];
            "step b" [label="b", shape=box];
            "step a" -> "step b" [label="A"];
        }
    "#]]
    .assert_eq(&graph.to_dot());
}

#[test]
fn rp_5_a_step_and_an_event_of_one_name_are_two_nodes() {
    let graph = graph(
        "A: Start -> A\n outside: A -> Ask | Stop\n end: Answer -> outside\n event_A: outside -> Stop",
    );
    expect![[r#"
        ---
        title: "Flow"
        ---
        flowchart TD
            step_A["A"]
            step_outside["outside"]
            step_end["end"]
            step_event_A["event_A"]
            event_Start(("Start"))
            event_A(["A"])
            event_Ask[/"Ask"/]
            event_Stop((("Stop")))
            event_Answer[\"Answer"\]
            event_outside(["outside"])
            outside>"outside"]
            event_Start --> step_A
            step_A --> event_A
            event_A --> step_outside
            step_outside --> event_Ask
            event_Ask --> outside
            step_outside --> event_Stop
            outside --> event_Answer
            event_Answer --> step_end
            step_end --> event_outside
            event_outside --> step_event_A
            step_event_A --> event_Stop
    "#]]
    .assert_eq(&graph.to_mermaid());
    expect![[r#"
        digraph "Flow" {
            "step A" [label="A", shape=box];
            "step outside" [label="outside", shape=box];
            "step end" [label="end", shape=box];
            "step event_A" [label="event_A", shape=box];
            "event Start" [label="Start", shape=circle];
            "event A" [label="A", shape=ellipse];
            "event Ask" [label="Ask", shape=polygon, sides=4, skew=0.4];
            "event Stop" [label="Stop", shape=doublecircle];
            "event Answer" [label="Answer", shape=polygon, sides=4, skew=-0.4];
            "event outside" [label="outside", shape=ellipse];
            "outside" [label="outside", shape=house];
            "event Start" -> "step A";
            "step A" -> "event A";
            "event A" -> "step outside";
            "step outside" -> "event Ask";
            "event Ask" -> "outside";
            "step outside" -> "event Stop";
            "outside" -> "event Answer";
            "event Answer" -> "step end";
            "step end" -> "event outside";
            "event outside" -> "step event_A";
            "step event_A" -> "event Stop";
        }
    "#]]
    .assert_eq(&graph.to_dot());
}

#[test]
fn names_of_any_letters_are_escaped() {
    let mut graph = graph("a: Start -> Stop");
    graph.name = "say \"hi\"\n# & \\ <b>".to_owned();
    graph.nodes[0].label = "`end` \"#;\" \\N & <br> {x}|[y]\n\t%% ä 日".to_owned();
    graph.edges[0].label = Some("|\"--> x".to_owned());
    expect![[r##"
        ---
        title: "say \"hi\"\n# & \\ <b>"
        ---
        flowchart TD
            step_a["#96;end#96; #34;#35;#59;#34; #92;N #38; #60;br#62; #123;x#125;#124;#91;y#93;#10;#9;#37;#37; ä 日"]
            event_Start(("Start"))
            event_Stop((("Stop")))
            event_Start -->|"#124;#34;--#62; x"| step_a
            step_a --> event_Stop
    "##]].assert_eq(&graph.to_mermaid());
    expect![[r##"
        digraph "say \"hi\"\n# &amp; \\ <b>" {
            "step a" [label="`end` \"#;\" \\N &amp; <br> {x}|[y]\n�%% ä 日", shape=box];
            "event Start" [label="Start", shape=circle];
            "event Stop" [label="Stop", shape=doublecircle];
            "event Start" -> "step a" [label="|\"--> x"];
            "step a" -> "event Stop";
        }
    "##]]
    .assert_eq(&graph.to_dot());
}

#[test]
fn every_name_has_an_identifier_of_its_own() {
    let names = [
        "a", "a_", "_a", "a-b", "a b", "a_b", "_Z", "_Z5f_Z", "_Z5f_", "Z", "__Z2d_", "_-", "-",
        "_Z2d_", "", "ä",
    ];
    let identifiers: BTreeSet<String> =
        names.iter().map(|name| mermaid::identifier(name)).collect();
    assert_eq!(identifiers.len(), names.len());
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    assert!(identifiers.iter().all(|identifier| identifier.chars().all(is_plain)));
}
