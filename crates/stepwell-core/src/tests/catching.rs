//! Steps that take the failures of other steps.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    work takes A
    last takes B
    rescue catches first
    all catches all
";

#[test]
fn ca_1_a_handler_of_some_steps_comes_before_the_one_of_all() {
    check(
        FLOW,
        "0 start Start
        event A
        #1 fails a
        #2 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 fails b -> work.0 failed; all.0 running StepFailedEvent; run #4 all(work(A) failed 1 in 0 ms: b; b)
        "#]],
    );
}

#[test]
fn ca_1_handlers_do_not_cover_handlers() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 fails b -> rescue.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"rescue"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_1_a_handler_has_one_worker() {
    check(
        FLOW,
        "0 start Start
        event Start
        #1 fails a
        #2 fails b
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Start -> first.1 running Start; run #2 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 fails b -> first.1 failed; rescue queued StepFailedEvent
            #3 returns nothing -> rescue.0 returned nothing; rescue.0 running StepFailedEvent; run #4 rescue(first(Start) failed 1 in 0 ms: b; b)
        "#]],
    );
}

#[test]
fn ca_2_a_handler_is_called_when_no_attempt_is_left() {
    check(
        FLOW,
        "0 start Start
        100 #1 fails a, again at once
        200 #1/2 fails b, again in 100
        300 timer 1 due 300
        400 #1/3 fails c",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            100 #1 fails a, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            200 #1/2 fails b, again in 100 -> first.0 failed; set timer 1 at 300
            300 timer 1 due 300 -> first.0 running Start; run #1/3 first(Start)
            400 #1/3 fails c -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 3 in 400 ms: c; a, b, c)
        "#]],
    );
}

#[test]
fn ca_2_a_timeout_and_a_cancel_are_not_caught() {
    check(
        "start Start
        timeout 60
        first takes Start
        all catches all",
        "0 start Start
        60000 timer 1 due 60000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            60000 timer 1 due 60000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn ca_3_a_handler_may_end_the_run() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns Stop -> rescue.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn ca_3_a_handler_may_go_on_with_another_event() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns A
        #3 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns A -> rescue.0 returned A; work.0 running A; run #3 work(A)
            #3 returns nothing -> work.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn ca_3_a_handler_may_return_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns nothing -> rescue.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn ca_3_the_failure_of_a_handler_is_that_of_the_run() {
    check(
        FLOW,
        "0 start Start
        1000 #1 fails a
        2500 #2 fails broken",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            1000 #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 1000 ms: a; a)
            2500 #2 fails broken -> rescue.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":1.5,"exception":{"exception_message":"broken","exception_type":"Error"},"step_name":"rescue"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn fl_1_a_step_that_nobody_covers_fails_the_run() {
    check(
        "start Start
        first takes Start
        work takes A
        rescue catches first",
        "0 start Start
        event A
        #2 fails a",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 fails a -> work.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"a","exception_type":"Error"},"step_name":"work"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn sr_3_a_handler_that_was_interrupted_gets_the_same_failure() {
    check(
        FLOW,
        "0 start Start
        100 #1 fails a
        200 resume
        300 resume
        #2 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            100 #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 100 ms: a; a)
            200 resume -> run #2 rescue(first(Start) failed 1 in 100 ms: a; a)
            300 resume -> run #2 rescue(first(Start) failed 1 in 100 ms: a; a)
            #2 returns Stop -> rescue.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}
