//! The deadline of a run, which counts from its start whatever the run does.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    timeout 60
    deadline 100
    first takes Start
    work takes A
---
    timeout 60
    deadline 50
    first takes Start
    work takes A
---
    timeout 60
    first takes Start
    work takes A
";

#[test]
fn to_1_a_deadline_counts_the_time_at_rest_too() {
    check(
        FLOW,
        "0 start Start
        1000 #1 returns nothing
        settle
        90000 event A
        95000 #2 returns nothing
        settle
        100000 timer 2 due 100000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            1000 #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            90000 event A -> set timer 3 at 149000; work.0 running A; run #2 work(A)
            95000 #2 returns nothing -> work.0 returned nothing
            settle -> clear timer 3; idle
            100000 timer 2 due 100000 -> publish WorkflowTimedOutEvent {"active_steps":[],"timeout":100.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_3_a_deadline_names_the_steps_that_run() {
    check(
        FLOW,
        "0 start Start
        50000 #1 returns nothing
        settle
        60000 event A
        100000 timer 2 due 100000
        #2 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            50000 #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            60000 event A -> set timer 3 at 70000; work.0 running A; run #2 work(A)
            100000 timer 2 due 100000 -> publish WorkflowTimedOutEvent {"active_steps":["work"],"timeout":100.0}; clear timer 3; end timed out WorkflowTimedOutEvent
            #2 returns Stop -> ignored
        "#]],
    );
}

#[test]
fn to_1_a_deadline_is_where_it_was_after_a_crash() {
    check(
        FLOW,
        "0 start Start
        10000 resume
        1000000 resume
        1000000 timer 2 due 100000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            10000 resume -> clear timer 1; set timer 3 at 70000; run #1 first(Start)
            1000000 resume -> clear timer 3; set timer 4 at 1060000; run #1 first(Start)
            1000000 timer 2 due 100000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":100.0}; clear timer 4; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_4_a_changed_deadline_counts_from_the_start_too() {
    check(
        FLOW,
        "10000 start Start
        #1 waits Answer
        #1 parks
        settle
        30000 redefine 2
        40000 redefine 3
        45000 redefine 1
        50000 redefine 1
        110000 timer 4 due 110000",
        expect![[r#"
            10000 start Start -> set timer 1 at 70000; set timer 2 at 110000; first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 1; idle
            30000 redefine 2 -> clear timer 2; set timer 3 at 60000
            40000 redefine 3 -> clear timer 3
            45000 redefine 1 -> set timer 4 at 110000
            50000 redefine 1 -> nothing
            110000 timer 4 due 110000 -> publish WorkflowTimedOutEvent {"active_steps":[],"timeout":100.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_4_a_deadline_that_has_passed_already_is_due_at_once() {
    check(
        FLOW,
        "0 start Start
        55000 redefine 2
        55000 timer 4 due 50000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            55000 redefine 2 -> clear timer 1; set timer 3 at 60000; clear timer 2; set timer 4 at 50000
            55000 timer 4 due 50000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":50.0}; clear timer 3; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn to_3_whichever_comes_first_ends_the_run() {
    check(
        FLOW,
        "0 start Start
        60000 timer 1 due 60000
        100000 timer 2 due 100000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            60000 timer 1 due 60000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":60.0}; clear timer 2; end timed out WorkflowTimedOutEvent
            100000 timer 2 due 100000 -> ignored
        "#]],
    );
}

#[test]
fn rn_7_an_end_clears_the_deadline() {
    check(
        FLOW,
        "0 start Start
        #1 returns Stop
        100000 timer 2 due 100000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 100000; first.0 running Start; run #1 first(Start)
            #1 returns Stop -> first.0 returned Stop; publish Stop; clear timer 1; clear timer 2; end completed Stop
            100000 timer 2 due 100000 -> ignored
        "#]],
    );
}

#[test]
fn sm_4_a_deadline_and_a_timeout_look_alike() {
    check(
        "start Start
        deadline 1
        first takes Start",
        "0 start Start
        #1 returns nothing
        settle
        1000 timer 1 due 1000",
        expect![[r#"
            0 start Start -> set timer 1 at 1000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            1000 timer 1 due 1000 -> publish WorkflowTimedOutEvent {"active_steps":[],"timeout":1.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}
