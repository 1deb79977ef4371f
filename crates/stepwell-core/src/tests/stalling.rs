//! Runs that wait although nothing they wait for can come.

use expect_test::expect;

use super::{check, watch};

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    stall fails
    timeout 60
    deadline 600
    first takes Start
    work takes Answer
";

#[test]
fn ex_6_a_run_with_nothing_to_wait_for_fails_if_it_is_to() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; clear timer 1; clear timer 2; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_run_that_asked_something_waits() {
    check(
        FLOW,
        "0 start Start
        #1 returns Ask
        settle
        event Nobody
        settle
        event Answer
        #2 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 returns Ask -> first.0 returned Ask; publish Ask
            settle -> clear timer 1; idle
            event Nobody -> set timer 3 at 60000; unhandled Nobody when idle
            settle -> clear timer 3; idle
            event Answer -> set timer 4 at 60000; work.0 running Answer; run #2 work(Answer)
            #2 returns nothing -> work.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; clear timer 2; clear timer 4; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_run_that_asked_twice_waits_for_two_answers() {
    check(
        FLOW,
        "0 start Start
        #1 returns [Ask Ask]
        settle
        event Answer
        #2 returns nothing
        settle
        event Answer
        #3 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 returns [Ask Ask] -> first.0 returned list; publish Ask; publish Ask
            settle -> clear timer 1; idle
            event Answer -> set timer 3 at 60000; work.0 running Answer; run #2 work(Answer)
            #2 returns nothing -> work.0 returned nothing
            settle -> clear timer 3; idle
            event Answer -> set timer 4 at 60000; work.0 running Answer; run #3 work(Answer)
            #3 returns nothing -> work.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; clear timer 2; clear timer 4; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_run_whose_bodies_wait_is_not_stalled() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer
        #1 parks
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 1; idle
        "#]],
    );
}

#[test]
fn ex_6_a_run_whose_bodies_sleep_is_not_stalled() {
    check(
        FLOW,
        "0 start Start
        #1 sleeps 1000
        #1 parks
        settle
        1000 timer 3 due 1000
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 sleeps 1000 -> set timer 3 at 1000; first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 1; idle
            1000 timer 3 due 1000 -> set timer 4 at 61000; first.0 running Start; run #1 first(Start) having slept
            #1 returns nothing -> first.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; clear timer 2; clear timer 4; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_question_of_a_wait_is_answered_when_the_wait_is_over() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 1000 asking Ask
        1000 timer 3 due 1000
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; set timer 2 at 600000; first.0 running Start; run #1 first(Start)
            #1 waits Answer within 1000 asking Ask -> set timer 3 at 1000; first.0 waiting; publish Ask
            1000 timer 3 due 1000 -> first.0 running Start; run #1 first(Start) having waited in vain for Answer
            #1 returns nothing -> first.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; clear timer 1; clear timer 2; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_an_answer_that_came_before_its_question_leaves_none_open() {
    check(
        "start Start
        request Ask
        awaits Answer
        stall fails
        first takes Start",
        "0 start Start
        event Answer
        #1 waits Answer asking Ask
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Answer -> nothing
            #1 waits Answer asking Ask -> publish Ask; answer #1 Answer
            #1 returns nothing -> first.0 returned nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_run_that_expects_signals_is_not_stalled() {
    check(
        "start Start
        stall fails
        signalled
        first takes Start",
        "0 start Start
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn ex_6_a_run_that_is_to_wait_waits() {
    check(
        "start Start
        first takes Start",
        "0 start Start
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn ex_6_an_event_that_waits_for_the_others_of_its_set_is_no_work() {
    check(
        "start Start
        stall fails
        first takes Start
        both takes all A B",
        "0 start Start
        #1 returns A
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns A -> first.0 returned A
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_6_a_stalled_run_says_so() {
    let flow = FLOW.replace("stall fails", "");
    let script =
        ["0 start Start", "#1 returns Ask", "settle", "event Answer", "#2 returns nothing"];
    let mut script = script.to_vec();
    script.extend(["settle", "event Nobody", "settle"]);
    let seen = watch(&flow, &script, |run| (run.is_stalled(), run.is_idle()));
    let (busy, asked, stalled) = ((false, false), (false, true), (true, true));
    // One that is about to settle is stalled already.
    let about = (true, false);
    assert_eq!(seen, [busy, busy, asked, busy, about, stalled, about, stalled]);
}
