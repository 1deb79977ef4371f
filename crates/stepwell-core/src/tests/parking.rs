//! Bodies that do nothing but wait, and bodies that do something besides.

use expect_test::expect;

use super::{check, watch};

const FLOW: &str = "
    start Start
    stop Stop
    response Answer
    awaits Answer
    timeout 60
    first takes Start
    work x1 takes A
";

#[test]
fn id_1_a_run_whose_bodies_all_do_nothing_but_wait_is_idle() {
    check(
        FLOW,
        "0 start Start
        event A
        #1 waits Answer
        #2 sleeps 5000
        settle
        #1 parks
        settle
        #2 parks
        settle
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1 waits Answer -> first.0 waiting
            #2 sleeps 5000 -> set timer 2 at 5000; work.0 waiting
            settle -> ignored
            #1 parks -> nothing
            settle -> ignored
            #2 parks -> nothing
            settle -> clear timer 1; idle
            settle -> ignored
        "#]],
    );
}

#[test]
fn id_1_a_body_that_does_something_besides_waiting_keeps_the_run_busy() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        settle
        #1.b once fetch 7
        #1.b once store 8
        #1 parks
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            settle -> ignored
            #1.b once fetch 7 -> answer #1 7
            #1.b once store 8 -> answer #1 8
            #1 parks -> nothing
            settle -> clear timer 1; idle
        "#]],
    );
}

#[test]
fn ex_1_a_parked_body_that_does_something_is_parked_no_more() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1 parks
        settle
        5000 #1.b once fetch 7
        settle
        6000 #1 parks
        settle
        7000 #1 streams a
        settle
        #1 parks
        settle
        8000 #1 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 1; idle
            5000 #1.b once fetch 7 -> set timer 2 at 65000; answer #1 7
            settle -> ignored
            6000 #1 parks -> nothing
            settle -> clear timer 2; idle
            7000 #1 streams a -> set timer 3 at 66000; publish 1 streamed
            settle -> ignored
            #1 parks -> nothing
            settle -> clear timer 3; idle
            8000 #1 returns Stop -> set timer 4 at 67000; first.0 returned Stop; publish Stop; clear timer 4; end completed Stop
        "#]],
    );
}

#[test]
fn a_body_that_does_not_know_its_last_answer_is_not_parked() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b waits Other
        event Answer
        #1 parks knowing 0
        #1 parks knowing 2
        settle
        #1 parks knowing 1
        settle
        #1 parks knowing 1",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b waits Other -> nothing
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer having begun to wait for Other
            #1 parks knowing 0 -> ignored
            #1 parks knowing 2 -> ignored
            settle -> ignored
            #1 parks knowing 1 -> first.0 waiting
            settle -> clear timer 1; idle
            #1 parks knowing 1 -> ignored
        "#]],
    );
}

#[test]
fn a_body_that_waits_for_nothing_is_not_parked() {
    check(
        FLOW,
        "0 start Start
        #1 parks
        #1 waits Answer
        event Answer
        #1 parks
        #1/2 parks
        #9 parks",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 parks -> ignored
            #1 waits Answer -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1 parks -> ignored
            #1/2 parks -> ignored
            #9 parks -> ignored
        "#]],
    );
}

/// Told of its answer by a call of its other branch, it went on and waits again.
#[test]
fn a_body_that_goes_on_without_a_worker_can_park_again() {
    check(
        "start Start
        awaits Answer
        first takes Start
        work x1 takes A",
        "0 start Start
        event A
        event A
        #2.a waits Answer
        event Answer
        #2.b once fetch 7
        #2.a waits Answer
        #2 parks
        #3 returns nothing
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2.a waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            event Answer -> work queued A
            #2.b once fetch 7 -> answer #2 7
            #2.a waits Answer -> nothing
            #2 parks -> work.0 waiting
            #3 returns nothing -> work.0 returned nothing
            event Answer -> work.0 running A; run #2 work(A) having got Answer having done 7 having got Answer
        "#]],
    );
}

#[test]
fn ex_1_a_body_that_gives_its_wait_up_needs_a_worker_again() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2 waits Answer
        #2 drops wait Answer
        #3 returns nothing
        #2 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2 waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            #2 drops wait Answer -> work queued A
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #2 work(A) having given up wait(Answer)
            #2 returns nothing -> work.0 returned nothing
        "#]],
    );
}

#[test]
fn ex_2_a_body_that_ends_while_it_waits_leaves_its_queue() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2.a waits Answer
        event Answer
        #2 returns nothing
        #3 returns nothing
        event A",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2.a waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            event Answer -> work queued A
            #2 returns nothing -> work.0 returned nothing
            #3 returns nothing -> work.0 returned nothing
            event A -> work.0 running A; run #4 work(A)
        "#]],
    );
}

#[test]
fn ex_2_a_body_that_fails_while_it_waits_leaves_its_queue() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2.a waits Answer
        event Answer
        #2 fails no, again in 1000
        #3 returns nothing
        1000 timer 2 due 1000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2.a waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            event Answer -> work queued A
            #2 fails no, again in 1000 -> work.0 failed; set timer 2 at 1000
            #3 returns nothing -> work.0 returned nothing
            1000 timer 2 due 1000 -> work.0 running A; run #2/2 work(A) having got Answer
        "#]],
    );
}

#[test]
fn to_1_time_in_which_all_bodies_are_parked_does_not_count() {
    check(
        FLOW,
        "0 start Start
        10000 #1 waits Answer
        20000 #1 parks
        20000 settle
        500000 event Answer
        510000 #1 waits Answer within 60000
        #1 parks
        settle
        570000 timer 3 due 570000
        600000 timer 4 due 600000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            10000 #1 waits Answer -> first.0 waiting
            20000 #1 parks -> nothing
            20000 settle -> clear timer 1; idle
            500000 event Answer -> set timer 2 at 540000; first.0 running Start; run #1 first(Start) having got Answer
            510000 #1 waits Answer within 60000 -> set timer 3 at 570000; first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 2; idle
            570000 timer 3 due 570000 -> set timer 4 at 600000; first.0 running Start; run #1 first(Start) having got Answer having waited in vain for Answer
            600000 timer 4 due 600000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn a_run_is_at_rest_when_only_time_can_bring_something() {
    let script = [
        "0 start Start",
        "#1 waits Answer",
        "#1 parks",
        "settle",
        "event A",
        "#2 fails no, again in 1000",
        "1000 timer 3 due 1000",
    ];
    let seen = watch(FLOW, &script, |run| (run.is_at_rest(), run.is_quiet(), run.is_timed()));
    let (busy, rests) = ((false, false, true), (true, false, true));
    let (quiet, idle) = ((true, true, true), (true, false, false));
    assert_eq!(seen, [busy, busy, quiet, idle, busy, rests, busy]);
}
