//! Bodies that waited when their process went, and what is recorded of them.

use expect_test::expect;

use super::check;

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
fn sr_3_a_parked_body_does_not_run_again_after_a_crash() {
    check(
        FLOW,
        "0 start Start
        #1 updates +1
        #1 waits Answer
        #1 parks
        100 resume
        settle
        200 resume
        event Answer",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 updates +1 -> answer #1 1
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            100 resume -> clear timer 1; set timer 2 at 60100
            settle -> clear timer 2; idle
            200 resume -> nothing
            event Answer -> set timer 3 at 60200; first.0 running Start; run #1 first(Start) having updated to 1 having got Answer
        "#]],
    );
}

#[test]
fn sr_3_a_body_that_did_more_than_wait_runs_again_after_a_crash() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b once fetch 7
        100 resume
        #1.b once store 8
        #1 parks
        settle
        event Answer",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b once fetch 7 -> answer #1 7
            100 resume -> clear timer 1; set timer 2 at 60100; first.0 running Start; run #1 first(Start) having done 7 having begun to wait for Answer
            #1.b once store 8 -> answer #1 8
            #1 parks -> first.0 waiting
            settle -> clear timer 2; idle
            event Answer -> set timer 3 at 60100; first.0 running Start; run #1 first(Start) having done 7 8 having got Answer
        "#]],
    );
}

#[test]
fn sr_4_bodies_that_did_more_than_wait_run_again_in_order() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        event A
        event A
        #2.a waits Answer
        #3.a waits Answer
        #4.a waits Answer
        resume
        #5 returns nothing
        #2 parks
        #3 returns nothing
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            event A -> work queued A
            event A -> work queued A
            #2.a waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            #3.a waits Answer -> work.0 waiting; work.0 running A; run #4 work(A)
            #4.a waits Answer -> work.0 waiting; work.0 running A; run #5 work(A)
            resume -> clear timer 1; set timer 2 at 60000; run #1 first(Start); run #5 work(A); work queued A; work queued A; work queued A
            #5 returns nothing -> work.0 returned nothing; work.0 running A; run #2 work(A) having begun to wait for Answer
            #2 parks -> work.0 waiting; work.0 running A; run #3 work(A) having begun to wait for Answer
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A) having begun to wait for Answer
            resume -> clear timer 2; set timer 3 at 60000; run #1 first(Start); run #4 work(A) having begun to wait for Answer
        "#]],
    );
}

#[test]
fn sr_4_a_body_that_was_answered_and_has_no_worker_keeps_its_place() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        event A
        #2 waits Answer
        event Answer
        resume
        #3 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work queued A
            event A -> work queued A
            #2 waits Answer -> work.0 waiting; work.0 running A; run #3 work(A)
            event Answer -> work queued A
            resume -> clear timer 1; set timer 2 at 60000; run #1 first(Start); run #3 work(A)
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #2 work(A) having got Answer
        "#]],
    );
}

#[test]
fn r_1_what_was_done_before_a_wait_is_not_done_again() {
    check(
        FLOW,
        "0 start Start
        #1 updates +1
        #1 once fetch 7
        #1 waits Answer asking Ask
        #1 parks
        settle
        resume
        event Answer
        #1 updates +1 nth 0
        #1 once fetch 8 nth 0
        #1 waits Answer nth 0
        #1 updates +1
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 updates +1 -> answer #1 1
            #1 once fetch 7 -> answer #1 7
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> clear timer 1; idle
            resume -> nothing
            event Answer -> set timer 2 at 60000; first.0 running Start; run #1 first(Start) having updated to 1 having done 7 having got Answer
            #1 updates +1 nth 0 -> ignored
            #1 once fetch 8 nth 0 -> ignored
            #1 waits Answer nth 0 -> ignored
            #1 updates +1 -> answer #1 2
            resume -> clear timer 2; set timer 3 at 60000; run #1 first(Start) having updated to 1 having done 7 having got Answer having updated to 2
        "#]],
    );
}

#[test]
fn r_2_p42_what_was_sent_before_a_wait_is_not_sent_again() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 waits Answer
        #1 parks
        resume
        event Answer
        #1 sends A nth 0
        #1 sends A
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            resume -> clear timer 1; set timer 2 at 60000; run #2 work(A)
            event Answer -> first.0 running Start; run #1 first(Start) having sent A having got Answer
            #1 sends A nth 0 -> ignored
            #1 sends A -> work queued A
            resume -> clear timer 2; set timer 3 at 60000; run #2 work(A); run #1 first(Start) having sent A A having got Answer
        "#]],
    );
}

#[test]
fn sr_3_answers_come_back_in_the_order_in_which_they_came() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b sleeps 1000
        #1.c once fetch 7
        1000 timer 2 due 1000
        #1.c once store fails no
        event Answer
        #1.c updates +1
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b sleeps 1000 -> set timer 2 at 1000
            #1.c once fetch 7 -> answer #1 7
            1000 timer 2 due 1000 -> first.0 running Start; run #1 first(Start) having done 7 having slept having begun to wait for Answer
            #1.c once store fails no -> answer #1 no
            event Answer -> answer #1 Answer
            #1.c updates +1 -> answer #1 1
            resume -> clear timer 1; set timer 3 at 60000; run #1 first(Start) having done 7 having slept having failed with no having got Answer having updated to 1
        "#]],
    );
}

#[test]
fn sr_3_calls_of_branches_are_told_apart() {
    check(
        FLOW,
        "0 start Start
        #1.a once fetch 1
        #1.b once fetch 2
        #1 once fetch 3
        #1.a once fetch 4
        #1 once fetch 5 nth 0
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a once fetch 1 -> answer #1 1
            #1.b once fetch 2 -> answer #1 2
            #1 once fetch 3 -> answer #1 3
            #1.a once fetch 4 -> answer #1 4
            #1 once fetch 5 nth 0 -> ignored
            resume -> clear timer 1; set timer 2 at 60000; run #1 first(Start) having done 1 2 3 4
        "#]],
    );
}

#[test]
fn sr_3_calls_that_are_open_stay_open() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b sleeps 1000
        resume
        event Answer
        1000 timer 2 due 1000
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b sleeps 1000 -> set timer 2 at 1000
            resume -> clear timer 1; set timer 3 at 60000; first.0 running Start; run #1 first(Start) having begun to wait for Answer having begun a sleep
            event Answer -> answer #1 Answer
            1000 timer 2 due 1000 -> answer #1 slept
            resume -> clear timer 3; set timer 4 at 60000; run #1 first(Start) having got Answer having slept
        "#]],
    );
}

#[test]
fn ry_10_what_was_done_once_survives_a_failure_and_what_failed_does_not() {
    check(
        FLOW,
        "0 start Start
        #1 once fetch 7
        #1 once store fails no
        #1 updates +1
        #1 sends A
        #1 streams a b
        #1 fails no, again at once
        #1/2 once fetch 8 nth 0
        #1/2 once store 9 nth 0
        #1/2 updates +1
        #1/2 sends A
        #1/2 streams c
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 once fetch 7 -> answer #1 7
            #1 once store fails no -> answer #1 no
            #1 updates +1 -> answer #1 1
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 streams a b -> publish 2 streamed
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having done 7
            #1/2 once fetch 8 nth 0 -> ignored
            #1/2 once store 9 nth 0 -> answer #1 9
            #1/2 updates +1 -> answer #1 2
            #1/2 sends A -> work queued A
            #1/2 streams c -> publish 1 streamed
            resume -> clear timer 1; set timer 2 at 60000; run #2 work(A); run #1/2 first(Start) having sent A having done 7 9 having updated to 2 having streamed 7
        "#]],
    );
}

#[test]
fn sr_3_a_body_that_begins_its_second_attempt_after_a_crash_knows_the_same() {
    check(
        FLOW,
        "0 start Start
        #1 once fetch 7
        #1 fails no, again in 1000
        500 resume
        1000 timer 2 due 1000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 once fetch 7 -> answer #1 7
            #1 fails no, again in 1000 -> first.0 failed; set timer 2 at 1000
            500 resume -> clear timer 1; set timer 3 at 60500
            1000 timer 2 due 1000 -> first.0 running Start; run #1/2 first(Start) having done 7
        "#]],
    );
}

#[test]
fn jr_3_an_event_that_was_kept_is_there_after_a_crash() {
    check(
        "start Start
        awaits Answer
        first takes Start",
        "0 start Start
        event Answer
        resume
        #1 waits Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Answer -> nothing
            resume -> run #1 first(Start)
            #1 waits Answer -> answer #1 Answer
            resume -> run #1 first(Start) having got Answer
        "#]],
    );
}
