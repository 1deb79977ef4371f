//! Waits that end without an event, and failures of bodies that wait.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    first takes Start
    work x1 takes A
";

#[test]
fn we_12_a_wait_ends_when_its_time_is_over() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 5000
        #1 parks
        settle
        5000 timer 1 due 5000
        event Answer
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 5000 -> set timer 1 at 5000; first.0 waiting
            #1 parks -> nothing
            settle -> idle
            5000 timer 1 due 5000 -> first.0 running Start; run #1 first(Start) having waited in vain for Answer
            event Answer -> unhandled Answer
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_12_an_answer_in_time_clears_the_timer() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 5000
        1000 event Answer
        5000 timer 1 due 5000
        #1 waits Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 5000 -> set timer 1 at 5000; first.0 waiting
            1000 event Answer -> clear timer 1; first.0 running Start; run #1 first(Start) having got Answer
            5000 timer 1 due 5000 -> ignored
            #1 waits Answer -> first.0 waiting
            resume -> first.0 running Start; run #1 first(Start) having got Answer having begun to wait for Answer
        "#]],
    );
}

#[test]
fn we_12_a_wait_without_a_limit_has_no_timer() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer
        #1 parks
        settle
        90000000 event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            settle -> idle
            90000000 event Answer -> first.0 running Start; run #1 first(Start) having got Answer
        "#]],
    );
}

#[test]
fn we_13_a_wait_that_was_in_vain_is_begun_anew_by_the_next_attempt() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 500 asking Ask
        500 timer 1 due 500
        #1 fails in vain, again in 50
        550 timer 2 due 550
        #1/2 waits Answer within 500 asking Ask
        1050 timer 3 due 1050
        #1/2 fails in vain, again at once
        #1/3 waits Answer within 500 asking Ask
        1100 event Answer
        #1/3 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 500 asking Ask -> set timer 1 at 500; first.0 waiting; publish Ask
            500 timer 1 due 500 -> first.0 running Start; run #1 first(Start) having waited in vain for Answer
            #1 fails in vain, again in 50 -> first.0 failed; set timer 2 at 550
            550 timer 2 due 550 -> first.0 running Start; run #1/2 first(Start)
            #1/2 waits Answer within 500 asking Ask -> set timer 3 at 1050; first.0 waiting; publish Ask
            1050 timer 3 due 1050 -> first.0 running Start; run #1/2 first(Start) having waited in vain for Answer
            #1/2 fails in vain, again at once -> first.0 failed; first.0 running Start; run #1/3 first(Start)
            #1/3 waits Answer within 500 asking Ask -> set timer 4 at 1550; first.0 waiting; publish Ask
            1100 event Answer -> clear timer 4; first.0 running Start; run #1/3 first(Start) having got Answer
            #1/3 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_14_a_wait_does_not_forget_how_often_its_body_has_failed() {
    check(
        "start Start
        response Answer
        stop Stop
        first takes Start
        rescue catches first",
        "0 start Start
        #1 fails once, again at once
        #1/2 waits Answer
        #1/2 parks
        event Answer
        resume
        1000 #1/2 fails twice",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails once, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 waits Answer -> first.0 waiting
            #1/2 parks -> nothing
            event Answer -> first.0 running Start; run #1/2 first(Start) having got Answer
            resume -> run #1/2 first(Start) having got Answer
            1000 #1/2 fails twice -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 2 in 1000 ms: twice; once, twice)
        "#]],
    );
}

#[test]
fn we_14_a_wait_does_not_forget_how_often_its_lineage_was_rescued() {
    check(
        "start Start
        response Answer
        stop Stop
        first takes Start
        work takes A
        rescue catches all",
        "0 start Start
        #1 fails once
        #2 returns A
        #3 waits Answer
        #3 parks
        event Answer
        #3 fails twice",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails once -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: once; once)
            #2 returns A -> rescue.0 returned A; work.0 running A; run #3 work(A)
            #3 waits Answer -> work.0 waiting
            #3 parks -> nothing
            event Answer -> work.0 running A; run #3 work(A) having got Answer
            #3 fails twice -> work.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"twice","exception_type":"Error"},"step_name":"work"}; end failed WorkflowFailedEvent
        "#]],
    );
}

/// Nothing of a body that is parked runs again to find it out.
#[test]
fn we_15_a_wait_knows_after_a_crash_what_it_waits_for() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer n=1 within 5000 asking Ask
        #1 parks
        settle
        100 resume
        event Answer{n=2}
        settle
        200 resume
        300 event Answer{n=1}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer n=1 within 5000 asking Ask -> set timer 1 at 5000; first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            100 resume -> nothing
            event Answer{n=2} -> unhandled Answer when idle
            settle -> idle
            200 resume -> nothing
            300 event Answer{n=1} -> clear timer 1; first.0 running Start; run #1 first(Start) having got Answer{n=1}
        "#]],
    );
}

#[test]
fn we_16_a_timer_is_due_when_it_was_however_often_the_run_is_resumed() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 5000
        #1 parks
        settle
        1000 resume
        2000 resume
        90000 timer 1 due 5000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 5000 -> set timer 1 at 5000; first.0 waiting
            #1 parks -> nothing
            settle -> idle
            1000 resume -> nothing
            2000 resume -> nothing
            90000 timer 1 due 5000 -> first.0 running Start; run #1 first(Start) having waited in vain for Answer
        "#]],
    );
}

#[test]
fn we_16_a_sleep_is_over_when_it_was_to_be() {
    check(
        FLOW,
        "0 start Start
        #1 sleeps 5000
        #1 parks
        settle
        1000 resume
        2000 resume
        5000 timer 1 due 5000
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sleeps 5000 -> set timer 1 at 5000; first.0 waiting
            #1 parks -> nothing
            settle -> idle
            1000 resume -> nothing
            2000 resume -> nothing
            5000 timer 1 due 5000 -> first.0 running Start; run #1 first(Start) having slept
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_16_a_body_that_sleeps_has_no_worker() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        event A
        event A
        #2 sleeps 5000
        #3 sleeps 1000
        #2 parks
        #3 parks
        1000 timer 2 due 1000
        #3 sleeps 1000
        #3 parks
        settle
        2000 timer 3 due 2000
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2 sleeps 5000 -> set timer 1 at 5000; work.0 waiting; work.0 running A; run #3 work(A)
            #3 sleeps 1000 -> set timer 2 at 1000; work.0 waiting
            #2 parks -> nothing
            #3 parks -> nothing
            1000 timer 2 due 1000 -> work.0 running A; run #3 work(A) having slept
            #3 sleeps 1000 -> set timer 3 at 2000; work.0 waiting
            #3 parks -> nothing
            settle -> idle
            2000 timer 3 due 2000 -> work.0 running A; run #3 work(A) having slept slept
            resume -> run #3 work(A) having slept slept
        "#]],
    );
}

#[test]
fn we_16_a_sleep_that_is_over_survives_a_failure() {
    check(
        FLOW,
        "0 start Start
        #1 sleeps 5000
        5000 timer 1 due 5000
        #1 sleeps 1000
        #1 fails no, again at once
        #1/2 sleeps 9000 nth 0
        #1/2 sleeps 1000
        6000 timer 3 due 6000
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sleeps 5000 -> set timer 1 at 5000; first.0 waiting
            5000 timer 1 due 5000 -> first.0 running Start; run #1 first(Start) having slept
            #1 sleeps 1000 -> set timer 2 at 6000; first.0 waiting
            #1 fails no, again at once -> first.0 failed; clear timer 2; first.0 running Start; run #1/2 first(Start) having slept
            #1/2 sleeps 9000 nth 0 -> ignored
            #1/2 sleeps 1000 -> set timer 3 at 6000; first.0 waiting
            6000 timer 3 due 6000 -> first.0 running Start; run #1/2 first(Start) having slept slept
            resume -> run #1/2 first(Start) having slept slept
        "#]],
    );
}

#[test]
fn ry_8_a_failure_forgets_the_calls_that_are_open() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer within 9000
        #1.b sleeps 9000
        #1 parks
        settle
        #1 fails no, again in 50
        event Answer
        9000 timer 1 due 9000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer within 9000 -> set timer 1 at 9000; first.0 waiting
            #1.b sleeps 9000 -> set timer 2 at 9000
            #1 parks -> nothing
            settle -> idle
            #1 fails no, again in 50 -> first.0 failed; clear timer 1; clear timer 2; set timer 3 at 50
            event Answer -> unhandled Answer
            9000 timer 1 due 9000 -> ignored
        "#]],
    );
}

#[test]
fn a_body_that_ends_forgets_the_calls_that_are_open() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer within 9000
        #1.b sleeps 9000
        #1 returns nothing
        event Answer
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer within 9000 -> set timer 1 at 9000; first.0 waiting
            #1.b sleeps 9000 -> set timer 2 at 9000
            #1 returns nothing -> first.0 returned nothing; clear timer 1; clear timer 2
            event Answer -> unhandled Answer when idle
            settle -> idle
        "#]],
    );
}

#[test]
fn rn_7_the_end_forgets_all_waits() {
    check(
        FLOW,
        "0 start Start
        event A
        #1.a waits Answer within 9000
        #1.b sleeps 9000
        #1 parks
        #2 returns Stop
        9000 timer 1 due 9000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1.a waits Answer within 9000 -> set timer 1 at 9000; first.0 waiting
            #1.b sleeps 9000 -> set timer 2 at 9000
            #1 parks -> nothing
            #2 returns Stop -> work.0 returned Stop; publish Stop; clear timer 1; clear timer 2; end completed Stop
            9000 timer 1 due 9000 -> ignored
        "#]],
    );
}
