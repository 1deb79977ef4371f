//! How often a handler is entered in one line of descent.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    work takes A
    last takes B
    rescue catches first
    all catches all
";

#[test]
fn ca_5_a_handler_is_entered_once_in_a_line_of_descent() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns Start
        #3 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns Start -> rescue.0 returned Start; first.0 running Start; run #3 first(Start)
            #3 fails b -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_5_p21_or_as_often_as_it_says() {
    check(
        "start Start
        first takes Start
        rescue catches all up to 2",
        "0 start Start
        #1 fails a
        #2 returns Start
        #3 fails b
        #4 returns Start
        #5 fails c",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns Start -> rescue.0 returned Start; first.0 running Start; run #3 first(Start)
            #3 fails b -> first.0 failed; rescue.0 running StepFailedEvent; run #4 rescue(first(Start) failed 1 in 0 ms: b; b)
            #4 returns Start -> rescue.0 returned Start; first.0 running Start; run #5 first(Start)
            #5 fails c -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"c","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_5_an_unrelated_event_has_a_budget_of_its_own() {
    check(
        FLOW,
        "0 start Start
        event Start
        #1 fails a
        #2 fails b
        #3 returns nothing
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Start -> first.1 running Start; run #2 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 fails b -> first.1 failed; rescue queued StepFailedEvent
            #3 returns nothing -> rescue.0 returned nothing; rescue.0 running StepFailedEvent; run #4 rescue(first(Start) failed 1 in 0 ms: b; b)
            #4 returns nothing -> rescue.0 returned nothing
        "#]],
    );
}

#[test]
fn ca_6_p21_what_a_handler_sends_descends_from_the_failure() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 sends Start
        #2 returns nothing
        #3 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 sends Start -> first.0 running Start; run #3 first(Start)
            #2 returns nothing -> rescue.0 returned nothing
            #3 fails b -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_6_all_that_comes_of_it_does() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns A
        #3 sends B
        #4 returns [Start]
        #3 returns nothing
        #5 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns A -> rescue.0 returned A; work.0 running A; run #3 work(A)
            #3 sends B -> last.0 running B; run #4 last(B)
            #4 returns [Start] -> last.0 returned list; first.0 running Start; run #5 first(Start)
            #3 returns nothing -> work.0 returned nothing
            #5 fails b -> first.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_6_budgets_count_by_handler() {
    check(
        FLOW,
        "0 start Start
        #1 fails a
        #2 returns A
        #3 fails b
        #4 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns A -> rescue.0 returned A; work.0 running A; run #3 work(A)
            #3 fails b -> work.0 failed; all.0 running StepFailedEvent; run #4 all(work(A) failed 1 in 0 ms: b; b)
            #4 returns nothing -> all.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn ca_6_a_join_descends_from_all_its_members() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        rescue catches work merge
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #3 returns B
        #2 fails a
        #4 returns B
        #5 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #3 returns B -> work.1 returned B
            #2 fails a -> work.0 failed; rescue.0 running StepFailedEvent; run #4 rescue(work(A) failed 1 in 0 ms: a; a)
            #4 returns B -> rescue.0 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([1:B 0:B])
            #5 fails b -> merge.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"merge"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_6_a_join_descends_from_its_opener() {
    check(
        "start Start
        first takes Start C
        merge joins B
        rescue catches first merge
        first fills merge",
        "0 start Start
        #1 fails a
        #2 returns C
        #3 returns []
        #4 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns C -> rescue.0 returned C; first.0 running C; run #3 first(C)
            #3 returns [] -> first.0 returned list; merge.0 running CollectionReleaseEvent; run #4 merge([])
            #4 fails b -> merge.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"merge"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_6_a_set_descends_from_all_its_events() {
    check(
        "start Start
        first takes Start
        both takes all A B
        rescue catches first both",
        "0 start Start
        event A
        #1 fails a
        #2 returns B
        #3 fails b",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> nothing
            #1 fails a -> first.0 failed; rescue.0 running StepFailedEvent; run #2 rescue(first(Start) failed 1 in 0 ms: a; a)
            #2 returns B -> rescue.0 returned B; both.0 running B; run #3 both(A + B)
            #3 fails b -> both.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"b","exception_type":"Error"},"step_name":"both"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ca_6_a_member_dropped_from_a_join_does_not_count() {
    check(
        "start Start
        first takes Start
        work takes A
        merge takes 1 of B
        rescue catches work merge
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #2 fails a
        #3 returns B
        #5 fails b
        #4 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 fails a -> work.0 failed; rescue.0 running StepFailedEvent; run #4 rescue(work(A) failed 1 in 0 ms: a; a)
            #3 returns B -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([1:B])
            #5 fails b -> merge.0 failed; rescue queued StepFailedEvent
            #4 returns B -> rescue.0 returned B; rescue.0 running StepFailedEvent; run #6 rescue(merge([1:B]) failed 1 in 0 ms: b; b)
        "#]],
    );
}

#[test]
fn ca_6_two_rescues_beside_each_other_are_one_behind_the_other() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        rescue catches work merge up to 2
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #2 fails a
        #3 fails b
        #4 returns B
        #5 returns B
        #6 fails c
        #7 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 fails a -> work.0 failed; rescue.0 running StepFailedEvent; run #4 rescue(work(A) failed 1 in 0 ms: a; a)
            #3 fails b -> work.1 failed; rescue queued StepFailedEvent
            #4 returns B -> rescue.0 returned B; rescue.0 running StepFailedEvent; run #5 rescue(work(A) failed 1 in 0 ms: b; b)
            #5 returns B -> rescue.0 returned B; merge.0 running CollectionReleaseEvent; run #6 merge([0:B 1:B])
            #6 fails c -> merge.0 failed; rescue.0 running StepFailedEvent; run #7 rescue(merge([0:B 1:B]) failed 1 in 0 ms: c; c)
            #7 returns nothing -> rescue.0 returned nothing
        "#]],
    );
}
