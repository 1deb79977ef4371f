//! Batches: what a step returns together comes together in a join.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    work x2 takes A
    merge joins B
    first fills merge
";

#[test]
fn fo_1_fo_8_a_join_runs_once_when_all_that_comes_of_a_batch_has_come() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A]
        #3 returns B{n=3}
        #4 returns B{n=4}
        #2 returns B{n=2}
        #5 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A
            #3 returns B{n=3} -> work.1 returned B; work.1 running A; run #4 work(A)
            #4 returns B{n=4} -> work.1 returned B
            #2 returns B{n=2} -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([1:B{n=3} 2:B{n=4} 0:B{n=2}])
            #5 returns Stop -> merge.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn fo_8_members_come_in_the_order_of_their_arrival_and_know_where_they_were() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A A]
        #3 returns B
        #2 returns B
        #5 returns B
        #4 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A; work queued A
            #3 returns B -> work.1 returned B; work.1 running A; run #4 work(A)
            #2 returns B -> work.0 returned B; work.0 running A; run #5 work(A)
            #5 returns B -> work.0 returned B
            #4 returns B -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #6 merge([1:B 0:B 3:B 2:B])
        "#]],
    );
}

#[test]
fn fo_2_a_step_that_fails_returns_nothing_of_its_list() {
    check(
        FLOW,
        "0 start Start
        #1 fails no, again at once
        #1/2 returns [A]
        #2 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails no, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #3 merge([0:B])
        "#]],
    );
}

#[test]
fn fo_3_an_empty_list_is_a_batch() {
    check(
        FLOW,
        "0 start Start
        #1 returns []",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [] -> first.0 returned list; merge.0 running CollectionReleaseEvent; run #2 merge([])
        "#]],
    );
}

#[test]
fn fo_3_returning_nothing_opens_no_batch() {
    check(
        FLOW,
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
fn fo_4_a_single_event_is_of_no_batch() {
    check(
        FLOW,
        "0 start Start
        #1 returns A
        #2 returns B
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns A -> first.0 returned A; work.0 running A; run #2 work(A)
            #2 returns B -> work.0 returned B; unhandled B when idle
            settle -> idle
        "#]],
    );
}

#[test]
fn fo_7_a_batch_is_open_while_something_of_it_is() {
    check(
        "start Start
        first takes Start
        left takes A
        right takes A
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [A Nobody]
        #2 returns B
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A Nobody] -> first.0 returned list; left.0 running A; run #2 left(A); right.0 running A; run #3 right(A); unhandled Nobody
            #2 returns B -> left.0 returned B
            #3 returns nothing -> right.0 returned nothing; merge.0 running CollectionReleaseEvent; run #4 merge([0:B])
        "#]],
    );
}

#[test]
fn fo_7_a_retry_changes_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 fails no, again in 1000
        #3 returns B{n=3}
        1000 timer 1 due 1000
        #2/2 fails no, again at once
        #2/3 returns B{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 fails no, again in 1000 -> work.0 failed; set timer 1 at 1000
            #3 returns B{n=3} -> work.1 returned B
            1000 timer 1 due 1000 -> work.0 running A; run #2/2 work(A)
            #2/2 fails no, again at once -> work.0 failed; work.0 running A; run #2/3 work(A)
            #2/3 returns B{n=2} -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([1:B{n=3} 0:B{n=2}])
        "#]],
    );
}

#[test]
fn fo_7_a_wait_changes_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 waits Answer
        #2 parks
        #3 returns B{n=3}
        settle
        event Answer
        #2 returns B{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 waits Answer -> work.0 waiting
            #2 parks -> nothing
            #3 returns B{n=3} -> work.1 returned B
            settle -> idle
            event Answer -> work.0 running A; run #2 work(A) having got Answer
            #2 returns B{n=2} -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([1:B{n=3} 0:B{n=2}])
        "#]],
    );
}

#[test]
fn fo_8_a_dropped_branch_does_not_appear() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A]
        #2 returns nothing
        #3 returns B
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
            #3 returns B -> work.1 returned B
            #4 returns nothing -> work.0 returned nothing; merge.0 running CollectionReleaseEvent; run #5 merge([1:B])
        "#]],
    );
}

#[test]
fn fo_8_if_nothing_arrives_a_join_runs_all_the_same() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 returns nothing -> work.0 returned nothing; merge.0 running CollectionReleaseEvent; run #3 merge([])
        "#]],
    );
}
