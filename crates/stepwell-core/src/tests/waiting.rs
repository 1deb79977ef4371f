//! Waiting inside a body for an event.

use expect_test::expect;

use super::check;

/// Nobody but waiters takes an `Answer`, and none is kept.
const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    first takes Start
    work x1 takes A
";

#[test]
fn we_1_a_body_that_waits_gives_its_worker_away() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        event A
        event A
        #2 waits Answer
        #2 parks
        #3 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            #2 waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            #2 parks -> nothing
            #3 returns nothing -> work.0 returned nothing
            settle -> idle
        "#]],
    );
}

/// A body that is parked goes on from where it was; one whose process is gone runs from the top.
#[test]
fn we_2_an_answered_body_goes_on_before_work_that_was_never_begun() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        event A
        #2 waits Answer
        event Answer
        #3 returns nothing
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            event A -> work queued A
            #2 waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            event Answer -> work queued A
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #2 work(A) having got Answer
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
        "#]],
    );
}

#[test]
fn we_2_we_9_bodies_that_one_event_answers_go_on_in_the_order_they_were_begun() {
    check(
        "start Start
        response Answer
        first takes Start
        work x3 takes A",
        "0 start Start
        event A
        event A
        event A
        #3 waits Answer
        #2 waits Answer
        #4 waits Answer
        event A
        event A
        event A
        event A
        event Answer
        #5 returns nothing
        #6 returns nothing
        #7 returns nothing
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            event A -> work.2 running A; run #4 work(A)
            #3 waits Answer -> work.1 waiting
            #2 waits Answer -> work.0 waiting
            #4 waits Answer -> work.2 waiting
            event A -> work.0 running A; run #5 work(A)
            event A -> work.1 running A; run #6 work(A)
            event A -> work.2 running A; run #7 work(A)
            event A -> work queued A
            event Answer -> work queued A; work queued A; work queued A
            #5 returns nothing -> work.0 returned nothing; work.0 running A; run #2 work(A) having got Answer
            #6 returns nothing -> work.1 returned nothing; work.1 running A; run #3 work(A) having got Answer
            #7 returns nothing -> work.2 returned nothing; work.2 running A; run #4 work(A) having got Answer
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #8 work(A)
        "#]],
    );
}

#[test]
fn we_3_what_the_outside_is_asked_is_published_once() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer asking Ask
        #1 parks
        settle
        resume
        event Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            resume -> nothing
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            resume -> run #1 first(Start) having got Answer
        "#]],
    );
}

#[test]
fn we_3_the_request_comes_after_the_body_has_rested() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 waits Answer within 5000 asking Ask{n=1}
        #2 parks",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 waits Answer within 5000 asking Ask{n=1} -> set timer 1 at 5000; work.0 waiting; publish Ask {"n":1}
            #2 parks -> nothing
        "#]],
    );
}

#[test]
fn we_4_bodies_wait_each_for_its_own() {
    check(
        "start Start
        response Answer
        first takes Start
        work x3 takes A",
        "0 start Start
        event A
        event A
        #2 waits Answer n=2
        #3 waits Answer n=3
        event Answer{n=3}
        event Answer{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            #2 waits Answer n=2 -> work.0 waiting
            #3 waits Answer n=3 -> work.1 waiting
            event Answer{n=3} -> work.0 running A; run #3 work(A) having got Answer{n=3}
            event Answer{n=2} -> work.1 running A; run #2 work(A) having got Answer{n=2}
        "#]],
    );
}

#[test]
fn we_5_two_waits_for_one_type_in_one_body_are_two_waits() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer asking Ask{nth=0}
        event Answer{n=1}
        #1 waits Answer asking Ask{nth=1}
        event Answer{n=2}
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer asking Ask{nth=0} -> first.0 waiting; publish Ask {"nth":0}
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            #1 waits Answer asking Ask{nth=1} -> first.0 waiting; publish Ask {"nth":1}
            event Answer{n=2} -> first.0 running Start; run #1 first(Start) having got Answer{n=1} Answer{n=2}
            resume -> run #1 first(Start) having got Answer{n=1} Answer{n=2}
        "#]],
    );
}

#[test]
fn we_6_two_sequential_waits_take_two_answers() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer key one
        event Answer{n=1}
        event Answer{n=2}
        #1 waits Answer key two
        settle
        event Answer{n=3}
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer key one -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            event Answer{n=2} -> unhandled Answer
            #1 waits Answer key two -> first.0 waiting
            settle -> ignored
            event Answer{n=3} -> first.0 running Start; run #1 first(Start) having got Answer{n=1} Answer{n=3}
            resume -> run #1 first(Start) having got Answer{n=1} Answer{n=3}
        "#]],
    );
}

#[test]
fn we_6_an_early_second_answer_is_kept_for_the_second_wait() {
    check(
        "start Start
        response Answer
        awaits Answer
        first takes Start",
        "0 start Start
        #1 waits Answer key one
        event Answer{n=1}
        event Answer{n=2}
        #1 waits Answer key two
        resume
        #1 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer key one -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            event Answer{n=2} -> nothing
            #1 waits Answer key two -> answer #1 Answer{n=2}
            resume -> run #1 first(Start) having got Answer{n=1} Answer{n=2}
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn we_7_a_second_answer_does_not_run_the_body_twice() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer
        event Answer{n=1}
        event Answer{n=2}
        #1 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            event Answer{n=2} -> unhandled Answer
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn we_8_a_failed_attempt_leaves_its_answer_to_the_next() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer asking Ask
        event Answer{n=5}
        #1 fails no, again at once
        #1/2 waits Answer nth 0
        #1/2 fails no, again at once
        #1/3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            event Answer{n=5} -> first.0 running Start; run #1 first(Start) having got Answer{n=5}
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having got Answer{n=5}
            #1/2 waits Answer nth 0 -> ignored
            #1/2 fails no, again at once -> first.0 failed; first.0 running Start; run #1/3 first(Start) having got Answer{n=5}
            #1/3 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn we_9_one_event_answers_all_who_wait_for_it() {
    check(
        "start Start
        response Answer
        first takes Start
        work x3 takes A
        other takes A",
        "0 start Start
        event A
        #2 waits Answer
        #3 waits Answer
        #1.left waits Answer
        #1.right waits Answer
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A); other.0 running A; run #3 other(A)
            #2 waits Answer -> work.0 waiting
            #3 waits Answer -> other.0 waiting
            #1.left waits Answer -> first.0 waiting
            #1.right waits Answer -> nothing
            event Answer -> work.0 running A; run #2 work(A) having got Answer; other.0 running A; run #3 other(A) having got Answer; first.0 running Start; run #1 first(Start) having got Answer Answer; answer #1 Answer
        "#]],
    );
}

#[test]
fn rt_2_an_item_keeps_its_number_through_waits_failures_and_crashes() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer
        event A
        event Answer
        #1 fails no, again at once
        resume
        event A
        #1/2 returns A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            event A -> work.0 running A; run #2 work(A)
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having got Answer
            resume -> run #2 work(A); run #1/2 first(Start) having got Answer
            event A -> work queued A
            #1/2 returns A -> first.0 returned A; work queued A
        "#]],
    );
}
