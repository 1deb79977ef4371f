//! When a run has nothing to do.

use expect_test::expect;

use super::{check, watch};

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    first takes Start
    work x1 takes A Answer
";

#[test]
fn id_1_a_run_rests_only_when_nothing_is_queued_and_nothing_runs() {
    check(
        FLOW,
        "0 start Start
        settle
        #1 returns [A A]
        settle
        #2 returns nothing
        settle
        #3 returns nothing
        settle
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            settle -> ignored
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            settle -> ignored
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #3 work(A)
            settle -> ignored
            #3 returns nothing -> work.0 returned nothing
            settle -> idle
            settle -> ignored
        "#]],
    );
}

#[test]
fn id_2_it_says_so_again_after_every_event_from_outside() {
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
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns Ask -> first.0 returned Ask; publish Ask
            settle -> idle
            event Nobody -> unhandled Nobody when idle
            settle -> idle
            event Answer -> work.0 running Answer; run #2 work(Answer)
            #2 returns nothing -> work.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn id_2_what_ends_in_the_same_turn_is_not_told() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        event A
        settle
        #2 returns Stop
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            event A -> work.0 running A; run #2 work(A)
            settle -> ignored
            #2 returns Stop -> work.0 returned Stop; publish Stop; end completed Stop
            settle -> ignored
        "#]],
    );
}

#[test]
fn id_3_it_does_not_rest_after_its_end() {
    check(
        FLOW,
        "0 start Start
        #1 returns Stop
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
            settle -> ignored
        "#]],
    );
}

#[test]
fn a_run_is_quiet_from_its_last_result_until_it_has_settled() {
    let script = ["0 start Start", "#1 returns A", "#2 returns nothing", "settle", "event A"];
    let seen = watch(FLOW, &script, |run| (run.is_quiet(), run.is_idle()));
    let expected = [(false, false), (false, false), (true, false), (false, true), (false, false)];
    assert_eq!(seen, expected);
}
