//! Joins of the first members, and members that something else takes.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    response Answer
    first takes Start
    work takes A
    some takes 2 of B
    first fills some
";

#[test]
fn fo_9_p16_a_join_of_two_runs_with_the_first_two() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A A]
        #2 returns B{n=2}
        #5 returns B{n=5}
        #3 returns B{n=3}
        #4 returns nothing
        #6 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work.2 running A; run #4 work(A); work.3 running A; run #5 work(A)
            #2 returns B{n=2} -> work.0 returned B
            #5 returns B{n=5} -> work.3 returned B; some.0 running CollectionReleaseEvent; run #6 some([0:B{n=2} 3:B{n=5}])
            #3 returns B{n=3} -> work.1 returned B
            #4 returns nothing -> work.2 returned nothing
            #6 returns nothing -> some.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn fo_9_p16_if_fewer_come_it_runs_with_them_at_the_end() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 returns B
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 returns B -> work.0 returned B
            #3 returns nothing -> work.1 returned nothing; some.0 running CollectionReleaseEvent; run #4 some([0:B])
        "#]],
    );
}

#[test]
fn fo_9_it_runs_with_none_if_none_comes() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 returns nothing -> work.0 returned nothing; some.0 running CollectionReleaseEvent; run #3 some([])
        "#]],
    );
}

#[test]
fn fo_9_it_runs_with_members_of_the_list_itself() {
    check(
        "start Start
        first takes Start
        some takes 2 of A
        first fills some",
        "0 start Start
        #1 returns [A{n=1} A{n=2} A{n=3}]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=1} A{n=2} A{n=3}] -> first.0 returned list; some.0 running CollectionReleaseEvent; run #2 some([0:A{n=1} 1:A{n=2}])
        "#]],
    );
}

#[test]
fn fo_9_later_members_are_no_surprise() {
    check(
        FLOW,
        "0 start Start
        #1 returns [B B B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [B B B] -> first.0 returned list; some.0 running CollectionReleaseEvent; run #2 some([0:B 1:B])
        "#]],
    );
}

#[test]
fn fo_9_a_join_of_some_and_one_of_all_do_not_disturb_each_other() {
    check(
        "start Start
        first takes Start
        work takes A
        some takes 1 of B
        merge joins B
        first fills some merge",
        "0 start Start
        #1 returns [A A]
        #3 returns B
        #4 returns nothing
        #2 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #3 returns B -> work.1 returned B; some.0 running CollectionReleaseEvent; run #4 some([1:B])
            #4 returns nothing -> some.0 returned nothing
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([1:B 0:B])
        "#]],
    );
}

#[test]
fn fo_17_a_waiter_may_take_a_member_from_its_step() {
    check(
        "start Start
        first takes Start
        work takes A B
        merge joins C
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #2 waits B
        #2 parks
        #3 returns B
        #2 returns C",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 waits B -> work.0 waiting
            #2 parks -> nothing
            #3 returns B -> work.1 returned B; work.0 running A; run #2 work(A) having got B
            #2 returns C -> work.0 returned C; merge.0 running CollectionReleaseEvent; run #4 merge([0:C])
        "#]],
    );
}

#[test]
fn fo_17_a_waiter_of_a_join_takes_a_member_from_it() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns []
        #2 waits B
        event Start
        #3 returns [A]
        #4 returns B
        #2 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [] -> first.0 returned list; merge.0 running CollectionReleaseEvent; run #2 merge([])
            #2 waits B -> merge.0 waiting
            event Start -> first.0 running Start; run #3 first(Start)
            #3 returns [A] -> first.0 returned list; work.0 running A; run #4 work(A)
            #4 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #2 merge([]) having got B; merge.1 running CollectionReleaseEvent; run #5 merge([])
            #2 returns nothing -> merge.0 returned nothing
            settle -> ignored
        "#]],
    );
}

#[test]
fn fo_16_a_batch_with_a_body_that_waits_in_it_is_not_stuck() {
    check(
        "start Start
        stall fails
        first takes Start
        work takes A
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [A]
        #2 waits Answer
        #2 parks
        settle
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 waits Answer -> work.0 waiting
            #2 parks -> nothing
            settle -> idle
            event Answer -> work.0 running A; run #2 work(A) having got Answer
        "#]],
    );
}

/// Only dropping work can do that.
#[test]
fn fo_16_a_batch_that_nothing_can_complete_fails_the_run() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        first fills merge
        ---
        first takes Start
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [A A A]
        redefine 2
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work.2 running A; run #4 work(A)
            redefine 2 -> nothing
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"the batch that step `first` opened can never be complete: 3 of its parts are open, and nothing is queued, runs or waits in it","exception_type":"StuckBatch"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn fo_16_a_run_that_rests_finds_out_too() {
    check(
        "start Start
        timeout 60
        first takes Start
        work takes A
        merge joins B
        first fills merge
        ---
        timeout 30
        first takes Start
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [A]
        #2 waits Answer
        #2 parks
        settle
        redefine 2
        settle",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 waits Answer -> work.0 waiting
            #2 parks -> nothing
            settle -> clear timer 1; idle
            redefine 2 -> set timer 2 at 60000; clear timer 2; set timer 3 at 30000
            settle -> publish WorkflowFailedEvent {"attempts":null,"elapsed_seconds":null,"exception":{"exception_message":"the batch that step `first` opened can never be complete: 1 of its parts are open, and nothing is queued, runs or waits in it","exception_type":"StuckBatch"},"step_name":"first"}; clear timer 3; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn ex_11_a_stop_among_several_events_opens_no_batch() {
    check(
        "start Start
        stop Stop
        first takes Start
        work takes A
        merge joins A
        first fills merge",
        "0 start Start
        #1 returns [A Stop A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A Stop A] -> first.0 returned list; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn sm_3_requests_in_a_list_are_published_and_routed() {
    check(
        "start Start
        request Ask
        first takes Start
        merge joins Ask
        first fills merge",
        "0 start Start
        #1 returns [Ask{n=1} Ask{n=2}]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [Ask{n=1} Ask{n=2}] -> first.0 returned list; publish Ask {"n":1}; publish Ask {"n":2}; merge.0 running CollectionReleaseEvent; run #2 merge([0:Ask{n=1} 1:Ask{n=2}])
        "#]],
    );
}
