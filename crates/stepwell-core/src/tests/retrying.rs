//! Attempts: the verdict of a policy comes with the failure, and the reducer keeps to it.

use expect_test::expect;

use super::{check, watch};
use crate::{HISTORY, ItemId};

const FLOW: &str = "
    start Start
    stop Stop
    timeout 60
    first takes Start
    work x1 takes A
";

#[test]
fn ry_1_a_failure_without_a_verdict_is_final() {
    check(
        FLOW,
        "0 start Start
        100 #1 fails no",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            100 #1 fails no -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.1,"exception":{"exception_message":"no","exception_type":"Error"},"step_name":"first"}; clear timer 1; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ry_8_p20_a_retry_holds_no_worker_and_goes_before_what_was_never_begun() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A{n=0} A{n=1} A{n=2} A{n=3}]
        #2 fails no, again in 200
        #3 returns nothing
        200 timer 2 due 200
        #4 returns nothing
        #2/2 returns nothing
        #5 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1} A{n=2} A{n=3}] -> first.0 returned list; work.0 running A; run #2 work(A{n=0}); work queued A; work queued A; work queued A
            #2 fails no, again in 200 -> work.0 failed; set timer 2 at 200; work.0 running A; run #3 work(A{n=1})
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A{n=2})
            200 timer 2 due 200 -> work queued A
            #4 returns nothing -> work.0 returned nothing; work.0 running A; run #2/2 work(A{n=0})
            #2/2 returns nothing -> work.0 returned nothing; work.0 running A; run #5 work(A{n=3})
            #5 returns nothing -> work.0 returned nothing
        "#]],
    );
}

#[test]
fn ry_8_without_a_delay_it_begins_at_once() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 fails no, again at once",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued A
            #2 fails no, again at once -> work.0 failed; work.0 running A; run #2/2 work(A)
        "#]],
    );
}

#[test]
fn ry_8_of_several_retries_the_one_that_began_first_goes_first() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A{n=0} A{n=1} A{n=2}]
        #2 fails no, again in 300
        #3 fails no, again in 100
        100 timer 3 due 100
        300 timer 2 due 300
        #4 returns nothing
        #2/2 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1} A{n=2}] -> first.0 returned list; work.0 running A; run #2 work(A{n=0}); work queued A; work queued A
            #2 fails no, again in 300 -> work.0 failed; set timer 2 at 300; work.0 running A; run #3 work(A{n=1})
            #3 fails no, again in 100 -> work.0 failed; set timer 3 at 100; work.0 running A; run #4 work(A{n=2})
            100 timer 3 due 100 -> work queued A
            300 timer 2 due 300 -> work queued A
            #4 returns nothing -> work.0 returned nothing; work.0 running A; run #2/2 work(A{n=0})
            #2/2 returns nothing -> work.0 returned nothing; work.0 running A; run #3/2 work(A{n=1})
        "#]],
    );
}

#[test]
fn ry_9_the_verdict_is_what_the_journal_says() {
    check(
        FLOW,
        "0 start Start
        #1 fails a, again in 100
        50 resume
        100 timer 2 due 100
        150 resume
        200 #1/2 fails b, again in 300
        500 timer 5 due 500
        600 #1/3 fails c",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 fails a, again in 100 -> first.0 failed; set timer 2 at 100
            50 resume -> clear timer 1; set timer 3 at 60050
            100 timer 2 due 100 -> first.0 running Start; run #1/2 first(Start)
            150 resume -> clear timer 3; set timer 4 at 60100; run #1/2 first(Start)
            200 #1/2 fails b, again in 300 -> first.0 failed; set timer 5 at 500
            500 timer 5 due 500 -> first.0 running Start; run #1/3 first(Start)
            600 #1/3 fails c -> first.0 failed; publish WorkflowFailedEvent {"attempts":3,"elapsed_seconds":0.6,"exception":{"exception_message":"c","exception_type":"Error"},"step_name":"first"}; clear timer 4; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ry_9_what_a_body_does_after_its_attempt_does_not_count() {
    check(
        FLOW,
        "0 start Start
        #1 fails a, again in 100
        #1 returns Stop
        #1 fails b
        #1 sends A
        #1 updates +1
        #1 streams a
        #1 parks
        #1/2 returns Stop
        #1/2 sends A
        100 timer 2 due 100
        #1 returns Stop
        #1/2 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 fails a, again in 100 -> first.0 failed; set timer 2 at 100
            #1 returns Stop -> ignored
            #1 fails b -> ignored
            #1 sends A -> ignored
            #1 updates +1 -> ignored
            #1 streams a -> ignored
            #1 parks -> ignored
            #1/2 returns Stop -> ignored
            #1/2 sends A -> ignored
            100 timer 2 due 100 -> first.0 running Start; run #1/2 first(Start)
            #1 returns Stop -> ignored
            #1/2 returns Stop -> first.0 returned Stop; publish Stop; clear timer 1; end completed Stop
        "#]],
    );
}

#[test]
fn ry_12_a_run_that_will_try_again_is_not_idle() {
    check(
        FLOW,
        "0 start Start
        #1 fails no, again in 500
        settle
        event Nobody
        settle
        500 timer 2 due 500
        #1/2 returns nothing
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 fails no, again in 500 -> first.0 failed; set timer 2 at 500
            settle -> ignored
            event Nobody -> unhandled Nobody
            settle -> ignored
            500 timer 2 due 500 -> first.0 running Start; run #1/2 first(Start)
            #1/2 returns nothing -> first.0 returned nothing
            settle -> clear timer 1; idle
        "#]],
    );
}

#[test]
fn ry_12_a_retry_survives_a_crash() {
    check(
        FLOW,
        "0 start Start
        #1 fails no, again in 500
        100 resume
        200 resume
        90000 timer 2 due 500
        resume
        #1/2 returns Stop",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 fails no, again in 500 -> first.0 failed; set timer 2 at 500
            100 resume -> clear timer 1; set timer 3 at 60100
            200 resume -> clear timer 3; set timer 4 at 60200
            90000 timer 2 due 500 -> first.0 running Start; run #1/2 first(Start)
            resume -> clear timer 4; set timer 5 at 90000; run #1/2 first(Start)
            #1/2 returns Stop -> first.0 returned Stop; publish Stop; clear timer 5; end completed Stop
        "#]],
    );
}

#[test]
fn sd_2_p29_what_was_sent_before_a_failure_stays_out() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 fails no, again at once
        #1/2 sends A
        #2 returns nothing
        #1/2 fails no",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 sends A -> work queued A
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #3 work(A)
            #1/2 fails no -> first.0 failed; publish WorkflowFailedEvent {"attempts":2,"elapsed_seconds":0.0,"exception":{"exception_message":"no","exception_type":"Error"},"step_name":"first"}; clear timer 1; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn sm_2_items_of_all_attempts_stay() {
    check(
        FLOW,
        "0 start Start
        #1 streams a b
        #1 fails no, again at once
        #1/2 streams a b
        resume
        #1/2 streams c anew from 0",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 streams a b -> publish 2 streamed
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 streams a b -> publish 2 streamed
            resume -> clear timer 1; set timer 2 at 60000; run #1/2 first(Start) having streamed 5 6
            #1/2 streams c anew from 0 -> first restarted from 5; publish 1 streamed
        "#]],
    );
}

#[test]
fn rn_7_the_end_clears_a_delay() {
    check(
        FLOW,
        "0 start Start
        event A
        #1 fails no, again in 500
        #2 returns Stop
        500 timer 2 due 500",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #1 fails no, again in 500 -> first.0 failed; set timer 2 at 500
            #2 returns Stop -> work.0 returned Stop; publish Stop; clear timer 1; clear timer 2; end completed Stop
            500 timer 2 due 500 -> ignored
        "#]],
    );
}

#[test]
fn to_1_the_time_before_a_retry_counts() {
    check(
        FLOW,
        "0 start Start
        1000 #1 fails no, again in 90000
        60000 timer 1 due 60000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            1000 #1 fails no, again in 90000 -> first.0 failed; set timer 2 at 91000
            60000 timer 1 due 60000 -> publish WorkflowTimedOutEvent {"active_steps":[],"timeout":60.0}; clear timer 2; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn ry_10_a_body_knows_its_attempt_and_the_failures_before() {
    let script = [
        "0 start Start",
        "100 #1 fails a, again in 100",
        "200 timer 2 due 200",
        "300 #1/2 fails b, again at once",
        "#1/3 waits Answer",
        "event Answer",
    ];
    let seen = watch(FLOW, &script, |run| {
        let failures = run.failures(ItemId(1)).iter();
        let failures = failures.map(|it| (it.attempt, it.failed_at.0 / 1000, &*it.failure.message));
        (run.attempt(ItemId(1)), failures.map(|it| format!("{it:?}")).collect::<String>())
    });
    let of = |attempt, failures: &str| (Some(attempt), failures.to_owned());
    let both = "(1, 100, \"a\")(2, 300, \"b\")";
    let one = "(1, 100, \"a\")";
    let expected = [of(1, ""), of(2, one), of(2, one), of(3, both), of(3, both), of(3, both)];
    assert_eq!(seen, expected);
}

#[test]
fn ry_10_only_the_last_failures_are_remembered() {
    let again = |attempt: u32| format!("#1/{attempt} fails f{attempt}, again at once");
    let lines: Vec<String> = (1..=30).map(again).collect();
    let mut script = vec!["0 start Start"];
    script.extend(lines.iter().map(String::as_str));
    let seen = watch(FLOW, &script, |run| {
        let failures = run.failures(ItemId(1));
        let first = failures.first().map(|failed| failed.failure.message.clone());
        (failures.len(), first)
    });
    assert_eq!(seen[HISTORY], (HISTORY, Some("f1".to_owned())));
    assert_eq!(seen[30], (HISTORY, Some("f11".to_owned())));
}
