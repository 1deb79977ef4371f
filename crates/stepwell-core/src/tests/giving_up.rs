//! Calls that their body gives up before it has their answer.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    response Answer
    first takes Start
    work takes A
";

#[test]
fn a_sleep_that_was_given_up_has_no_timer() {
    check(
        FLOW,
        "0 start Start
        #1.a sleeps 9000
        #1.b waits Answer
        event Answer
        #1.a drops sleep
        9000 timer 1 due 9000
        #1 parks
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a sleeps 9000 -> set timer 1 at 9000; first.0 waiting
            #1.b waits Answer -> nothing
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer having begun a sleep
            #1.a drops sleep -> clear timer 1
            9000 timer 1 due 9000 -> ignored
            #1 parks -> ignored
            resume -> run #1 first(Start) having got Answer having given up sleep()
        "#]],
    );
}

#[test]
fn a_call_is_given_up_once() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        event Answer
        #1.a drops wait Answer
        #1.a drops wait Answer
        #1.b drops wait Answer
        #1.b sleeps 1000
        #1.b drops sleep
        #1.b drops sleep",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1.a drops wait Answer -> nothing
            #1.a drops wait Answer -> ignored
            #1.b drops wait Answer -> nothing
            #1.b sleeps 1000 -> set timer 1 at 1000; first.0 waiting
            #1.b drops sleep -> clear timer 1; first.0 running Start; run #1 first(Start) having dropped Answer having given up wait(Answer) sleep()
            #1.b drops sleep -> ignored
        "#]],
    );
}

/// The charge was made: it must not be made again because its body looked away.
#[test]
fn what_was_done_once_and_given_up_comes_back_to_the_next_attempt() {
    check(
        FLOW,
        "0 start Start
        #1.a once charge 7
        #1.a drops once charge
        #1.a once charge 8 nth 0
        resume
        #1 fails no, again at once
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a once charge 7 -> answer #1 7
            #1.a drops once charge -> nothing
            #1.a once charge 8 nth 0 -> ignored
            resume -> run #1 first(Start) having dropped charge
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having done 7
            resume -> run #1/2 first(Start) having done 7
        "#]],
    );
}

#[test]
fn what_was_answered_and_given_up_is_not_answered_after_a_crash() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b sleeps 1000
        event Answer
        1000 timer 1 due 1000
        #1.b drops sleep
        #1.a updates +1
        #1.a drops update
        resume
        #1 fails no, again at once",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b sleeps 1000 -> set timer 1 at 1000
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer having begun a sleep
            1000 timer 1 due 1000 -> answer #1 slept
            #1.b drops sleep -> nothing
            #1.a updates +1 -> answer #1 1
            #1.a drops update -> nothing
            resume -> run #1 first(Start) having got Answer having dropped  
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start) having got Answer
        "#]],
    );
}

#[test]
fn ce_9_a_set_that_was_given_up_is_there_for_others() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2 collects A{n=2} of [A A]
        #3 collects A{n=3} of [A A]
        #3 drops collect
        event A
        #4 collects A{n=4} of [A A]
        #3 fails no, again at once
        #3/2 collects A{n=3} of [A A] nth 0
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            #2 collects A{n=2} of [A A] -> answer #2 no set
            #3 collects A{n=3} of [A A] -> answer #3 [A{n=2} A{n=3}]
            #3 drops collect -> nothing
            event A -> work.2 running A; run #4 work(A)
            #4 collects A{n=4} of [A A] -> answer #4 [A{n=2} A{n=3}]
            #3 fails no, again at once -> work.1 failed; work.1 running A; run #3/2 work(A) having collected no set
            #3/2 collects A{n=3} of [A A] nth 0 -> ignored
            resume -> run #1 first(Start); run #2 work(A) having collected no set; run #4 work(A) having collected [A{n=2} A{n=3}]; run #3/2 work(A) having collected no set
        "#]],
    );
}

#[test]
fn an_empty_set_that_was_given_up_leaves_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 collects A of []
        #1 drops collect
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 collects A of [] -> answer #1 []
            #1 drops collect -> nothing
            resume -> run #1 first(Start) having dropped default
        "#]],
    );
}

#[test]
fn a_body_that_is_parked_and_gives_a_call_up_is_not_parked() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b waits Other
        #1 parks
        settle
        #1.b drops wait Other
        settle
        #1 parks
        settle
        #1.a drops wait Answer
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b waits Other -> nothing
            #1 parks -> nothing
            settle -> idle
            #1.b drops wait Other -> nothing
            settle -> ignored
            #1 parks -> nothing
            settle -> idle
            #1.a drops wait Answer -> first.0 running Start; run #1 first(Start) having given up wait(Answer) wait(Other)
            settle -> ignored
        "#]],
    );
}

/// A body that runs again makes it too, and gives it up.
#[test]
fn a_call_that_was_given_up_before_it_took_effect_was_made() {
    check(
        FLOW,
        "0 start Start
        #1 drops update
        #1 updates +1 nth 0
        #1 updates +1 nth 1
        #1 drops once pay
        #1 once pay 7 nth 0
        #1 drops wait Answer
        #1 waits Answer nth 0
        resume
        #1 fails no, again at once
        #1/2 updates +1 nth 0
        #1/2 once pay 7 nth 0
        #1/2 waits Answer nth 0",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 drops update -> nothing
            #1 updates +1 nth 0 -> ignored
            #1 updates +1 nth 1 -> answer #1 1
            #1 drops once pay -> nothing
            #1 once pay 7 nth 0 -> ignored
            #1 drops wait Answer -> nothing
            #1 waits Answer nth 0 -> ignored
            resume -> run #1 first(Start) having updated to 1 having given up update() once(pay) wait(Answer)
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 updates +1 nth 0 -> answer #1 2
            #1/2 once pay 7 nth 0 -> answer #1 7
            #1/2 waits Answer nth 0 -> first.0 waiting
        "#]],
    );
}
