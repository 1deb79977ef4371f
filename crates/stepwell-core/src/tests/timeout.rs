//! The workflow's timeout, which counts the time that a run is busy.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    timeout 60
    first takes Start
    second takes A
    work x2 takes B
---
    timeout 30
    first takes Start
    second takes A
    work x2 takes B
---
    first takes Start
    second takes A
    work x2 takes B
";

#[test]
fn to_3_a_run_that_is_busy_for_too_long_ends_and_names_the_steps_that_run() {
    check(
        FLOW,
        "0 start Start
        1000 #1 returns [A B B B]
        2000 #4 returns nothing
        60000 timer 1 due 60000
        #2 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            1000 #1 returns [A B B B] -> first.0 returned list; second.0 running A; run #2 second(A); work.0 running B; run #3 work(B); work.1 running B; run #4 work(B); work queued B
            2000 #4 returns nothing -> work.1 returned nothing; work.1 running B; run #5 work(B)
            60000 timer 1 due 60000 -> publish WorkflowTimedOutEvent {"active_steps":["second","work"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
            #2 returns Stop -> ignored
        "#]],
    );
}

#[test]
fn to_1_time_at_rest_does_not_count() {
    check(
        FLOW,
        "0 start Start
        20000 #1 returns nothing
        20000 settle
        500000 event A
        510000 #2 returns nothing
        510000 settle
        900000 event A
        930000 timer 3 due 930000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            20000 #1 returns nothing -> first.0 returned nothing
            20000 settle -> clear timer 1; idle
            500000 event A -> set timer 2 at 540000; second.0 running A; run #2 second(A)
            510000 #2 returns nothing -> second.0 returned nothing
            510000 settle -> clear timer 2; idle
            900000 event A -> set timer 3 at 930000; second.0 running A; run #3 second(A)
            930000 timer 3 due 930000 -> publish WorkflowTimedOutEvent {"active_steps":["second"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_1_time_between_a_crash_and_its_recovery_does_not_count() {
    check(
        FLOW,
        "0 start Start
        20000 #1 returns A
        500000 resume
        510000 #2 sends A
        800000 resume
        830000 timer 3 due 830000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            20000 #1 returns A -> first.0 returned A; second.0 running A; run #2 second(A)
            500000 resume -> clear timer 1; set timer 2 at 540000; run #2 second(A)
            510000 #2 sends A -> second.1 running A; run #3 second(A)
            800000 resume -> clear timer 2; set timer 3 at 830000; run #2 second(A) having sent A; run #3 second(A)
            830000 timer 3 due 830000 -> publish WorkflowTimedOutEvent {"active_steps":["second"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_1_a_run_at_rest_has_no_timer_after_a_recovery_either() {
    check(
        FLOW,
        "0 start Start
        20000 #1 returns nothing
        settle
        500000 resume
        600000 event A",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            20000 #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            500000 resume -> nothing
            600000 event A -> set timer 2 at 640000; second.0 running A; run #2 second(A)
        "#]],
    );
}

#[test]
fn to_4_a_timer_that_was_set_anew_is_ignored() {
    check(
        FLOW,
        "0 start Start
        1000 #1 returns nothing
        settle
        50000 event A
        60000 timer 1 due 60000
        60000 timer 2 due 60000
        109000 timer 2 due 109000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            1000 #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            50000 event A -> set timer 2 at 109000; second.0 running A; run #2 second(A)
            60000 timer 1 due 60000 -> ignored
            60000 timer 2 due 60000 -> ignored
            109000 timer 2 due 109000 -> publish WorkflowTimedOutEvent {"active_steps":["second"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_4_a_timer_of_a_run_at_rest_is_ignored() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        settle
        60000 timer 1 due 60000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            60000 timer 1 due 60000 -> ignored
        "#]],
    );
}

#[test]
fn to_4_a_changed_limit_counts_what_was_spent() {
    check(
        FLOW,
        "0 start Start
        10000 redefine 2
        20000 redefine 3
        25000 redefine 1
        26000 #1 returns nothing
        settle
        90000 redefine 2
        100000 event A",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            10000 redefine 2 -> clear timer 1; set timer 2 at 30000
            20000 redefine 3 -> clear timer 2
            25000 redefine 1 -> set timer 3 at 60000
            26000 #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 3; idle
            90000 redefine 2 -> nothing
            100000 event A -> set timer 4 at 104000; second.0 running A; run #2 second(A)
        "#]],
    );
}

#[test]
fn to_4_a_budget_that_is_spent_already_is_due_at_once() {
    check(
        FLOW,
        "0 start Start
        50000 redefine 2
        50000 timer 2 due 50000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            50000 redefine 2 -> clear timer 1; set timer 2 at 50000
            50000 timer 2 due 50000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":30.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn without_a_timeout_there_is_no_timer() {
    check(
        "start Start\nfirst takes Start",
        "0 start Start
        10 resume
        #1 returns nothing
        settle
        event Start",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            10 resume -> run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            event Start -> first.0 running Start; run #2 first(Start)
        "#]],
    );
}
