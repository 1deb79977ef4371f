//! Which steps an event goes to.

use expect_test::expect;

use super::check;

const FORK: &str = "
    start Start
    stop Stop
    request Ask
    first takes Start
    left takes A B
    right takes A
";

#[test]
fn rt_3_a_start_event_from_outside_runs_its_step_again() {
    check(
        FORK,
        "0 start Start
        5 event Start",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            5 event Start -> first.1 running Start; run #2 first(Start)
        "#]],
    );
}

#[test]
fn rt_6_an_event_with_a_target_goes_to_no_other_step() {
    check(
        FORK,
        "0 start Start
        event A to right
        #1 sends A to left",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A to right -> right.0 running A; run #2 right(A)
            #1 sends A to left -> left.0 running A; run #3 left(A)
        "#]],
    );
}

#[test]
fn rt_7_names_are_compared_exactly() {
    check(
        FORK,
        "0 start Start
        event AA
        event a
        event A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event AA -> unhandled AA
            event a -> unhandled a
            event A -> left.0 running A; run #2 left(A); right.0 running A; run #3 right(A)
        "#]],
    );
}

#[test]
fn rt_8_every_accepting_step_gets_its_own_work_item() {
    check(
        FORK,
        "0 start Start
        10 #1 returns A
        20 #3 returns nothing
        30 #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            10 #1 returns A -> first.0 returned A; left.0 running A; run #2 left(A); right.0 running A; run #3 right(A)
            20 #3 returns nothing -> right.0 returned nothing
            30 #2 returns nothing -> left.0 returned nothing
        "#]],
    );
}

#[test]
fn rt_9_an_event_that_nobody_takes_is_told_and_the_run_goes_on() {
    check(
        FORK,
        "0 start Start
        event Nobody
        #1 returns Nobody
        settle
        event B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Nobody -> unhandled Nobody
            #1 returns Nobody -> first.0 returned Nobody; unhandled Nobody when idle
            settle -> idle
            event B -> left.0 running B; run #2 left(B)
        "#]],
    );
}

#[test]
fn rt_9_a_run_with_events_still_to_route_is_not_idle() {
    check(
        FORK,
        "0 start Start
        #1 returns [Nobody B]
        #2 returns [Nobody Nobody]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [Nobody B] -> first.0 returned list; unhandled Nobody; left.0 running B; run #2 left(B)
            #2 returns [Nobody Nobody] -> left.0 returned list; unhandled Nobody; unhandled Nobody when idle
        "#]],
    );
}

#[test]
fn rt_9_a_request_that_nobody_takes_is_no_surprise() {
    check(
        FORK,
        "0 start Start
        #1 sends Ask
        #1 returns Ask",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends Ask -> nothing
            #1 returns Ask -> first.0 returned Ask; publish Ask
        "#]],
    );
}

#[test]
fn rt_10_a_stop_event_ends_the_run_only_when_a_step_returns_it() {
    check(
        FORK,
        "0 start Start
        event Stop
        #1 sends Stop
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Stop -> unhandled Stop
            #1 sends Stop -> unhandled Stop
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn rt_11_a_target_that_does_not_take_the_event_leaves_it_unhandled() {
    check(
        FORK,
        "0 start Start
        event B to right
        event A to nobody
        #1 sends B to first",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B to right -> unhandled B for right
            event A to nobody -> unhandled A for nobody
            #1 sends B to first -> unhandled B for first
        "#]],
    );
}

#[test]
fn rt_12_what_a_step_returns_is_routed_whoever_takes_it() {
    check(
        FORK,
        "0 start Start
        #1 returns Start",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns Start -> first.0 returned Start; first.0 running Start; run #2 first(Start)
        "#]],
    );
}

#[test]
fn sm_3_a_returned_request_is_published_and_routed_and_a_sent_one_only_routed() {
    check(
        "start Start
        request Ask
        first takes Start
        log takes Ask",
        "0 start Start
        #1 sends Ask
        #1 returns Ask",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends Ask -> log.0 running Ask; run #2 log(Ask)
            #1 returns Ask -> first.0 returned Ask; publish Ask; log.1 running Ask; run #3 log(Ask)
        "#]],
    );
}
