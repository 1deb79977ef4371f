//! Waits that their body gives up, and what becomes of their answers.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    response Answer
    awaits Answer
    first takes Start
    work takes A
    other takes B
";

#[test]
fn we_6_a_wait_that_was_given_up_takes_no_answer() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer within 9000
        #1.b waits Other
        event Other
        #1.a drops wait Answer
        event Answer{n=1}
        #1.a waits Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer within 9000 -> set timer 1 at 9000; first.0 waiting
            #1.b waits Other -> nothing
            event Other -> first.0 running Start; run #1 first(Start) having got Other having begun to wait for Answer
            #1.a drops wait Answer -> clear timer 1
            event Answer{n=1} -> nothing
            #1.a waits Answer -> answer #1 Answer{n=1}
            resume -> run #1 first(Start) having got Other Answer{n=1} having given up wait(Answer)
        "#]],
    );
}

#[test]
fn we_6_an_answer_that_nobody_wants_is_kept_for_the_next_wait() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b sleeps 1000
        event Answer{n=1}
        1000 timer 1 due 1000
        #1.a drops wait Answer
        #1.a waits Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b sleeps 1000 -> set timer 1 at 1000
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1} having begun a sleep
            1000 timer 1 due 1000 -> answer #1 slept
            #1.a drops wait Answer -> nothing
            #1.a waits Answer -> answer #1 Answer{n=1}
            resume -> run #1 first(Start) having dropped Answer having slept having got Answer{n=1}
        "#]],
    );
}

#[test]
fn we_6_an_answer_that_nobody_wants_goes_to_who_waits_by_now() {
    check(
        FLOW,
        "0 start Start
        event A
        #1.a waits Answer
        event Answer{n=1}
        #2 waits Answer
        #1.a drops wait Answer
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1.a waits Answer -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            #2 waits Answer -> work.0 waiting
            #1.a drops wait Answer -> work.0 running A; run #2 work(A) having got Answer{n=1}
            resume -> run #1 first(Start) having dropped Answer; run #2 work(A) having got Answer{n=1}
        "#]],
    );
}

#[test]
fn we_6_an_answer_that_others_took_too_is_not_given_out_again() {
    check(
        FLOW,
        "0 start Start
        event A
        #1.a waits Answer
        #2 waits Answer
        event Answer{n=1}
        #1.a drops wait Answer
        #2 waits Answer
        event Answer{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1.a waits Answer -> first.0 waiting
            #2 waits Answer -> work.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}; work.0 running A; run #2 work(A) having got Answer{n=1}
            #1.a drops wait Answer -> nothing
            #2 waits Answer -> work.0 waiting
            event Answer{n=2} -> work.0 running A; run #2 work(A) having got Answer{n=1} Answer{n=2}
        "#]],
    );
}

#[test]
fn we_6_an_answer_that_a_step_took_too_is_not_given_out_again() {
    check(
        "start Start
        awaits Answer
        first takes Start
        log takes Answer",
        "0 start Start
        #1.a waits Answer
        event Answer
        #1.a drops wait Answer
        #1 waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer; log.0 running Answer; run #2 log(Answer)
            #1.a drops wait Answer -> nothing
            #1 waits Answer -> first.0 waiting
        "#]],
    );
}

#[test]
fn we_6_a_kept_answer_that_nobody_wants_is_kept_again() {
    check(
        FLOW,
        "0 start Start
        event Answer{n=1}
        event Answer{n=2}
        #1.a waits Answer
        #1.a drops wait Answer
        #1.b waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Answer{n=1} -> nothing
            event Answer{n=2} -> nothing
            #1.a waits Answer -> answer #1 Answer{n=1}
            #1.a drops wait Answer -> nothing
            #1.b waits Answer -> answer #1 Answer{n=1}
        "#]],
    );
}

#[test]
fn we_6_an_answer_of_a_class_that_is_not_declared_is_kept_too() {
    check(
        "start Start
        first takes Start",
        "0 start Start
        #1.a waits Answer
        event Answer
        #1.a drops wait Answer
        #1 waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1.a drops wait Answer -> nothing
            #1 waits Answer -> answer #1 Answer
        "#]],
    );
}

#[test]
fn we_6_an_answer_that_a_later_attempt_does_not_want_is_there_for_others() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer
        event Answer
        #1 fails no, again at once
        #1/2 drops wait Answer
        #1/2 waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having got Answer
            #1/2 drops wait Answer -> nothing
            #1/2 waits Answer -> answer #1 Answer
        "#]],
    );
}
