//! Dead ends and islands.

use expect_test::expect;

use super::check;

const ISLAND: &str = "begin: Start -> Stop
    round: A -> B
    and_round: B -> A";

#[test]
fn va_16_a_loop_without_a_way_out_is_a_dead_end_and_an_island_is_unreachable() {
    check(
        ISLAND,
        expect![[r#"
        step `round` can never lead to a stop event or a request
        step `and_round` can never lead to a stop event or a request
        step `round` can never be reached from the start event or a response
        step `and_round` can never be reached from the start event or a response"#]],
    );
}

#[test]
fn va_16_each_check_can_be_left_out_for_the_workflow() {
    check(
        &format!("{ISLAND}\n skip dead-end"),
        expect![[r#"
        step `round` can never be reached from the start event or a response
        step `and_round` can never be reached from the start event or a response"#]],
    );
    check(
        &format!("{ISLAND}\n skip reachability"),
        expect![[r#"
        step `round` can never lead to a stop event or a request
        step `and_round` can never lead to a stop event or a request"#]],
    );
    check(&format!("{ISLAND}\n skip reachability\n skip dead-end"), expect![""]);
}

#[test]
fn va_16_each_check_can_be_left_out_for_a_step() {
    check(
        "begin: Start -> Stop
         round skips dead-end: A -> B
         and_round skips reachability: B -> A",
        expect![[r#"
            step `and_round` can never lead to a stop event or a request
            step `round` can never be reached from the start event or a response"#]],
    );
}

#[test]
fn va_16_a_step_that_only_leads_to_one_without_events_is_a_dead_end() {
    check(
        "a: Start -> Stop\n b: Start -> A\n c: A -> -",
        expect!["step `b` can never lead to a stop event or a request"],
    );
}

#[test]
fn va_16_a_request_is_a_way_out_and_a_response_a_way_in() {
    check("a: Start -> Ask\n b: Answer -> A\n c: A -> Stop", expect![""]);
}

#[test]
fn va_16_an_additional_event_is_a_way_in_and_one_that_only_bodies_take_a_way_out() {
    check("a: Start -> Stop\n b: Sent -> A\n c: A -> Awaited\n + Sent, Awaited", expect![""]);
    check(
        "a: Start -> Stop\n b: Sent -> A\n c: A -> Sent\n + Sent",
        expect![[r#"
        step `b` can never lead to a stop event or a request
        step `c` can never lead to a stop event or a request"#]],
    );
}

#[test]
fn va_16_a_handler_needs_no_way_in_but_a_way_out() {
    check(
        "a: Start -> Stop
         h catches all x1: Failed<Any> -> A
         b: A -> B
         c: B -> A",
        expect![[r#"
            step `h` can never lead to a stop event or a request
            step `b` can never lead to a stop event or a request
            step `c` can never lead to a stop event or a request"#]],
    );
}

#[test]
fn va_16_paths_go_through_lists_and_joins() {
    check("a: Start -> [A]\n b: A -> B | -\n c: Join<B> -> Stop", expect![""]);
}
