//! How runs end, and that nothing comes after it.

use expect_test::expect;

use super::{check, watch};

const FLOW: &str = "
    start Start
    stop Stop
    timeout 60
    first takes Start
    work x1 takes A
";

#[test]
fn rn_7b_whatever_ends_a_run_leaves_no_work_behind() {
    for end in ["#3 returns Stop", "#3 fails", "cancel", "timer 1 due 60000"] {
        let script = ["0 start Start", "#1 returns [A A A]", "#2 returns nothing", end];
        let seen = watch(FLOW, &script, |run| {
            (run.end().is_some(), run.items.len(), run.steps.len(), run.timers.len())
        });
        assert_eq!(seen[2..], [(false, 2, 2, 1), (true, 0, 0, 0)], "{end}");
    }
}

#[test]
fn fl_1_a_failure_ends_the_run_and_says_which_step_failed() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        1500 #2 fails out of paper",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            1500 #2 fails out of paper -> work.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":1.5,"exception":{"exception_message":"out of paper","exception_type":"Error"},"step_name":"work"}; clear timer 1; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn fl_1_the_time_of_a_failed_step_counts_from_its_first_run() {
    check(
        FLOW,
        "0 start Start
        1000 #1 returns [A A]
        2000 #2 returns nothing
        2500 resume
        4000 #3 fails",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            1000 #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            2000 #2 returns nothing -> work.0 returned nothing; work.0 running A; run #3 work(A)
            2500 resume -> clear timer 1; set timer 2 at 60500; run #3 work(A)
            4000 #3 fails -> work.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":2.0,"exception":{"exception_message":"","exception_type":"Error"},"step_name":"work"}; clear timer 2; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn cn_1_cancelling_ends_the_run_with_its_own_event() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        cancel",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            cancel -> publish WorkflowCancelledEvent; clear timer 1; end cancelled WorkflowCancelledEvent
        "#]],
    );
}

#[test]
fn cn_1_a_run_at_rest_can_be_cancelled() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        settle
        90000000 cancel",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            90000000 cancel -> publish WorkflowCancelledEvent; end cancelled WorkflowCancelledEvent
        "#]],
    );
}

#[test]
fn cn_2_an_ended_run_does_not_open_again() {
    check(
        FLOW,
        "0 start Start
        #1 returns A
        cancel
        cancel
        #2 returns A
        event A
        start Start
        settle
        resume
        redefine 1
        timer 1 due 60000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns A -> first.0 returned A; work.0 running A; run #2 work(A)
            cancel -> publish WorkflowCancelledEvent; clear timer 1; end cancelled WorkflowCancelledEvent
            cancel -> ignored
            #2 returns A -> ignored
            event A -> ignored
            start Start -> ignored
            settle -> ignored
            resume -> ignored
            redefine 1 -> ignored
            timer 1 due 60000 -> ignored
        "#]],
    );
}

#[test]
fn nothing_matters_before_the_start() {
    check(
        FLOW,
        "0 event A
        cancel
        settle
        resume
        redefine 1
        #1 returns Stop
        undelivered 1
        10 start Start
        start Start",
        expect![[r#"
            0 event A -> ignored
            cancel -> ignored
            settle -> ignored
            resume -> ignored
            redefine 1 -> ignored
            #1 returns Stop -> ignored
            undelivered 1 -> ignored
            10 start Start -> set timer 1 at 60010; first.0 running Start; run #1 first(Start)
            start Start -> ignored
        "#]],
    );
}

#[test]
fn rows_of_the_inbox_are_undelivered_only_after_the_end() {
    check(
        FLOW,
        "0 start Start
        undelivered 1
        #1 returns Stop
        undelivered 2 3",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            undelivered 1 -> ignored
            #1 returns Stop -> first.0 returned Stop; publish Stop; clear timer 1; end completed Stop
            undelivered 2 3 -> nothing
        "#]],
    );
}

#[test]
fn a_body_is_heard_only_for_its_own_attempt_and_once() {
    check(
        FLOW,
        "0 start Start
        #1/2 returns Stop
        #1/2 fails
        #1/2 sends A
        #1/2 updates +1
        #1/2 streams a
        #9 returns Stop
        #1 returns [A A]
        #1 returns Stop
        #3 returns Stop
        #3 sends A",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1/2 returns Stop -> ignored
            #1/2 fails -> ignored
            #1/2 sends A -> ignored
            #1/2 updates +1 -> ignored
            #1/2 streams a -> ignored
            #9 returns Stop -> ignored
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            #1 returns Stop -> ignored
            #3 returns Stop -> ignored
            #3 sends A -> ignored
        "#]],
    );
}
