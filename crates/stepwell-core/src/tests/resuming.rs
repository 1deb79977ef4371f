//! What happens when another process takes a run up.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    timeout 60
    first takes Start
    work x3 takes A
    other x1 takes A
";

#[test]
fn sr_3_work_that_was_running_runs_again_and_finished_work_does_not() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 returns nothing
        100 resume
        #3 returns nothing
        #4 returns nothing
        200 resume
        #5 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); other.0 running A; run #3 other(A); work.1 running A; run #4 work(A); other queued A
            #2 returns nothing -> work.0 returned nothing
            100 resume -> clear timer 1; set timer 2 at 60100; run #3 other(A); run #4 work(A)
            #3 returns nothing -> other.0 returned nothing; other.0 running A; run #5 other(A)
            #4 returns nothing -> work.1 returned nothing
            200 resume -> clear timer 2; set timer 3 at 60200; run #5 other(A)
            #5 returns Stop -> other.0 returned Stop; publish Stop; clear timer 3; end completed Stop
        "#]],
    );
}

#[test]
fn sr_4_bodies_run_again_in_the_order_they_were_begun() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A A]
        #2 returns nothing
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A A A] -> first.0 returned list; work.0 running A; run #2 work(A); other.0 running A; run #3 other(A); work.1 running A; run #4 work(A); other queued A; work.2 running A; run #6 work(A); other queued A; work queued A; other queued A
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #8 work(A)
            resume -> clear timer 1; set timer 2 at 60000; run #3 other(A); run #4 work(A); run #6 work(A); run #8 work(A)
        "#]],
    );
}

#[test]
fn sr_4_what_was_queued_for_longer_may_have_begun_later() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        event A to work
        #3 returns nothing
        resume",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); other.0 running A; run #3 other(A); work.1 running A; run #4 work(A); other queued A
            event A to work -> work.2 running A; run #6 work(A)
            #3 returns nothing -> other.0 returned nothing; other.0 running A; run #5 other(A)
            resume -> clear timer 1; set timer 2 at 60000; run #2 work(A); run #4 work(A); run #6 work(A); run #5 other(A)
        "#]],
    );
}

#[test]
fn sr_4_an_interruption_is_not_a_failure() {
    check(
        FLOW,
        "0 start Start
        10 resume
        20 resume
        30 resume
        40 #1 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            10 resume -> clear timer 1; set timer 2 at 60010; run #1 first(Start)
            20 resume -> clear timer 2; set timer 3 at 60020; run #1 first(Start)
            30 resume -> clear timer 3; set timer 4 at 60030; run #1 first(Start)
            40 #1 returns Stop -> first.0 returned Stop; publish Stop; clear timer 4; end completed Stop
        "#]],
    );
}

#[test]
fn a_body_keeps_its_worker_when_it_runs_again() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A]
        #2 returns nothing
        resume
        event A to work
        #4 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); other.0 running A; run #3 other(A); work.1 running A; run #4 work(A); other queued A; work.2 running A; run #6 work(A); other queued A
            #2 returns nothing -> work.0 returned nothing
            resume -> clear timer 1; set timer 2 at 60000; run #3 other(A); run #4 work(A); run #6 work(A)
            event A to work -> work.0 running A; run #8 work(A)
            #4 returns nothing -> work.1 returned nothing
        "#]],
    );
}

#[test]
fn a_run_at_rest_stays_at_rest() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        settle
        500 resume
        600 resume
        700 event A to other",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
            500 resume -> nothing
            600 resume -> nothing
            700 event A to other -> set timer 2 at 60700; other.0 running A; run #2 other(A)
        "#]],
    );
}

#[test]
fn a_run_that_was_about_to_settle_still_does() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        500 resume
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            500 resume -> clear timer 1; set timer 2 at 60500
            settle -> clear timer 2; idle
        "#]],
    );
}
