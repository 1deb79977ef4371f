//! What readers see, and in which order.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    first takes Start
    work x1 takes A
";

#[test]
fn sm_1_events_that_go_from_step_to_step_are_not_published() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 returns A
        event A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 returns A -> first.0 returned A; work queued A
            event A -> work queued A
        "#]],
    );
}

#[test]
fn sm_2_items_come_between_the_beginning_and_the_end_of_their_body() {
    check(
        FLOW,
        "0 start Start
        #1 streams a
        #1 streams b c
        #1 returns Ask",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a -> publish 1 streamed
            #1 streams b c -> publish 2 streamed
            #1 returns Ask -> first.0 returned Ask; publish Ask
        "#]],
    );
}

#[test]
fn sm_2_items_of_a_body_that_waits_come_around_its_wait() {
    check(
        FLOW,
        "0 start Start
        #1 streams a
        #1 waits Answer asking Ask
        event Answer
        #1 streams b
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a -> publish 1 streamed
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer having streamed 1
            #1 streams b -> publish 1 streamed
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn sm_2_the_terminal_event_is_the_last() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 streams a
        #1 returns Stop
        #2 streams b
        #2 returns A
        event A
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 streams a -> publish 1 streamed
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
            #2 streams b -> ignored
            #2 returns A -> ignored
            event A -> ignored
            settle -> ignored
        "#]],
    );
}

#[test]
fn sm_4_a_failure_is_told_after_the_items_of_its_body() {
    check(
        FLOW,
        "0 start Start
        #1 streams a
        #1 fails no",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams a -> publish 1 streamed
            #1 fails no -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"no","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn sm_4_a_run_that_is_cancelled_while_it_waits_says_so() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer asking Ask
        #1 parks
        settle
        cancel",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            cancel -> publish WorkflowCancelledEvent; end cancelled WorkflowCancelledEvent
        "#]],
    );
}

/// Whatever it is: how a run ends is said by what its steps return.
#[test]
fn sm_5_c_8_what_a_body_publishes_does_not_end_the_run() {
    check(
        FLOW,
        "0 start Start
        #1 streams Stop
        event A
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams Stop -> publish 1 streamed
            event A -> work.0 running A; run #2 work(A)
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}
