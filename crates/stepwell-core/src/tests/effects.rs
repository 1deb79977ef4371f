//! What bodies do while they run, and how it comes back to a body that is run again.

use expect_test::expect;
use serde_json::json;

use super::script::Scene;
use super::{apply, check, crash, watch};
use crate::{RunState, Tick};

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    work takes A
";

#[test]
fn sd_2_a_sent_event_is_delivered_at_once() {
    check(
        FLOW,
        "0 start Start
        10 #1 sends A
        20 #2 returns nothing
        30 #1 fails late",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            10 #1 sends A -> work.0 running A; run #2 work(A)
            20 #2 returns nothing -> work.0 returned nothing
            30 #1 fails late -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.03,"exception":{"exception_message":"late","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn sr_3_a_body_that_is_run_again_gets_what_it_had_done() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 updates +1
        #1 streams a b
        #1 sends Nobody
        #1 updates +5
        100 resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 updates +1 -> answer #1 1
            #1 streams a b -> publish 2 streamed
            #1 sends Nobody -> unhandled Nobody
            #1 updates +5 -> answer #1 6
            100 resume -> run #1 first(Start) having sent A Nobody having updated to 1 6 having streamed 2 3; run #2 work(A)
        "#]],
    );
}

#[test]
fn sr_3_what_is_recorded_grows_on_after_a_resume() {
    check(
        FLOW,
        "0 start Start
        #1 updates +1
        10 resume
        #1 updates +1
        #1 sends A to nobody
        20 resume
        #1 streams a
        30 resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 updates +1 -> answer #1 1
            10 resume -> run #1 first(Start) having updated to 1
            #1 updates +1 -> answer #1 2
            #1 sends A to nobody -> unhandled A for nobody
            20 resume -> run #1 first(Start) having sent A having updated to 1 2
            #1 streams a -> publish 1 streamed
            30 resume -> run #1 first(Start) having sent A having updated to 1 2 having streamed 2
        "#]],
    );
}

#[test]
fn each_body_gets_its_own_effects() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 streams a
        #3 updates +2
        #3 streams b c
        #2 streams d
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 streams a -> publish 1 streamed
            #3 updates +2 -> answer #3 2
            #3 streams b c -> publish 2 streamed
            #2 streams d -> publish 1 streamed
            resume -> run #2 work(A) having streamed 4 7; run #3 work(A) having updated to 2 having streamed 5 6
        "#]],
    );
}

#[test]
fn what_a_body_did_is_forgotten_with_it() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 streams a b
        #1 returns A
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 streams a b -> publish 2 streamed
            #1 returns A -> first.0 returned A; work.1 running A; run #3 work(A)
            resume -> run #2 work(A); run #3 work(A)
        "#]],
    );
}

#[test]
fn a_body_that_streams_something_else_when_run_again_says_from_where() {
    check(
        FLOW,
        "0 start Start
        #1 streams a b
        #1 streams c
        10 resume
        #1 streams x y anew from 1
        #1 streams z
        20 resume
        #1 streams q anew from 3
        30 resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a b -> publish 2 streamed
            #1 streams c -> publish 1 streamed
            10 resume -> run #1 first(Start) having streamed 1 2 3
            #1 streams x y anew from 1 -> first restarted from 2; publish 2 streamed
            #1 streams z -> publish 1 streamed
            20 resume -> run #1 first(Start) having streamed 1 5 6 7
            #1 streams q anew from 3 -> first restarted from 7; publish 1 streamed
            30 resume -> run #1 first(Start) having streamed 1 5 6 9
        "#]],
    );
}

#[test]
fn a_body_that_streams_more_when_run_again_has_not_restarted() {
    check(
        FLOW,
        "0 start Start
        #1 streams a
        resume
        #1 streams b anew from 1
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a -> publish 1 streamed
            resume -> run #1 first(Start) having streamed 1
            #1 streams b anew from 1 -> publish 1 streamed
            resume -> run #1 first(Start) having streamed 1 2
        "#]],
    );
}

#[test]
fn streamed_items_take_sequences_like_any_other() {
    check(
        FLOW,
        "0 start Start
        #1 streams a b c
        #1 returns A
        #2 streams d e
        #2 streams
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a b c -> publish 3 streamed
            #1 returns A -> first.0 returned A; work.0 running A; run #2 work(A)
            #2 streams d e -> publish 2 streamed
            #2 streams -> publish 0 streamed
            resume -> run #2 work(A) having streamed 6 7
        "#]],
    );
}

#[test]
fn updates_change_the_state_in_the_order_of_the_journal() {
    let script = ["0 start Start", "#1 returns [A A]", "#3 updates +2", "#2 updates +3", "cancel"];
    let seen = watch(FLOW, &script, |run| run.user_state().clone());
    assert_eq!(seen, [json!(null), json!(null), json!(2), json!(5), json!(5)]);
}

#[test]
fn a_run_may_begin_with_the_state_of_another() {
    let scene = Scene::parse(FLOW);
    let mut run = RunState::new(scene.definitions.clone());
    let mut entry = scene.entry("0 start Start", &run);
    let Tick::Started(started) = &mut entry.tick else { panic!("{entry:?}") };
    started.state = json!({ "count": [9_007_199_254_740_993_u64] });
    let commands = apply(&mut run, &entry);

    assert_eq!(run.user_state(), &json!({ "count": [9_007_199_254_740_993_u64] }));
    crash(&scene.definitions, &[entry], &[commands], 1, &run);
}

#[test]
fn a_call_that_is_recorded_already_does_not_count_again() {
    let scene = Scene::parse(FLOW);
    let mut run = RunState::new(scene.definitions.clone());
    let started = scene.entry("0 start Start", &run);
    apply(&mut run, &started);
    for call in ["#1 sends A", "#1 updates +1", "#1 streams a b"] {
        let entry = scene.entry(call, &run);
        assert!(!apply(&mut run, &entry).is_empty() || call == "#1 updates +1");
        let once = run.clone();
        assert!(!run.expects(&entry.tick), "{call}");
        assert_eq!(apply(&mut run, &entry), []);
        assert_eq!(run, once, "{call}");
    }
}
