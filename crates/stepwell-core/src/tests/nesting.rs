//! Batches within batches.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    split takes A
    work takes B
    inner joins C
    outer joins D
    first fills outer
    split fills inner
";

#[test]
fn fo_6_p17_inner_joins_run_for_each_member_and_the_outer_one_once() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A{n=0} A{n=1} A{n=2}]
        #2 returns []
        #3 returns [B{n=1}]
        #4 returns [B{n=1} B{n=2}]
        #6 returns C{n=1}
        #7 returns C{n=1}
        #8 returns C{n=2}
        #5 returns D{n=0}
        #10 returns D{n=2}
        #9 returns D{n=1}
        #11 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1} A{n=2}] -> first.0 returned list; split.0 running A; run #2 split(A{n=0}); split.1 running A; run #3 split(A{n=1}); split.2 running A; run #4 split(A{n=2})
            #2 returns [] -> split.0 returned list; inner.0 running CollectionReleaseEvent; run #5 inner([])
            #3 returns [B{n=1}] -> split.1 returned list; work.0 running B; run #6 work(B{n=1})
            #4 returns [B{n=1} B{n=2}] -> split.2 returned list; work.1 running B; run #7 work(B{n=1}); work.2 running B; run #8 work(B{n=2})
            #6 returns C{n=1} -> work.0 returned C; inner.1 running CollectionReleaseEvent; run #9 inner([0:C{n=1}])
            #7 returns C{n=1} -> work.1 returned C
            #8 returns C{n=2} -> work.2 returned C; inner.2 running CollectionReleaseEvent; run #10 inner([0:C{n=1} 1:C{n=2}])
            #5 returns D{n=0} -> inner.0 returned D
            #10 returns D{n=2} -> inner.2 returned D
            #9 returns D{n=1} -> inner.1 returned D; outer.0 running CollectionReleaseEvent; run #11 outer([0:D{n=0} 2:D{n=2} 1:D{n=1}])
            #11 returns Stop -> outer.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

/// So it knows which member of the outer list it descends from.
#[test]
fn fo_6_what_a_join_returns_is_where_its_opener_stood() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #3 returns [B B]
        #4 returns C
        #5 returns C
        #6 returns D{n=1}
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; split.0 running A; run #2 split(A); split.1 running A; run #3 split(A)
            #3 returns [B B] -> split.1 returned list; work.0 running B; run #4 work(B); work.1 running B; run #5 work(B)
            #4 returns C -> work.0 returned C
            #5 returns C -> work.1 returned C; inner.0 running CollectionReleaseEvent; run #6 inner([0:C 1:C])
            #6 returns D{n=1} -> inner.0 returned D
            #2 returns nothing -> split.0 returned nothing; outer.0 running CollectionReleaseEvent; run #7 outer([1:D{n=1}])
        "#]],
    );
}

#[test]
fn fo_6_a_join_may_open_a_batch_where_its_opener_stood() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        last joins A
        first fills merge
        merge fills last",
        "0 start Start
        #1 returns [A]
        #2 returns B
        #3 returns [A{n=1} A{n=2}]
        #4 returns nothing
        #5 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #3 merge([0:B])
            #3 returns [A{n=1} A{n=2}] -> merge.0 returned list; work.0 running A; run #4 work(A{n=1}); work.1 running A; run #5 work(A{n=2})
            #4 returns nothing -> work.0 returned nothing
            #5 returns nothing -> work.1 returned nothing; last.0 running CollectionReleaseEvent; run #6 last([0:A{n=1} 1:A{n=2}])
        "#]],
    );
}

#[test]
fn fo_7_a_batch_within_a_batch_keeps_it_open() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        #2 returns [B]
        #3 fails no, again in 1000
        settle
        1000 timer 1 due 1000
        #3/2 returns nothing
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; split.0 running A; run #2 split(A)
            #2 returns [B] -> split.0 returned list; work.0 running B; run #3 work(B)
            #3 fails no, again in 1000 -> work.0 failed; set timer 1 at 1000
            settle -> ignored
            1000 timer 1 due 1000 -> work.0 running B; run #3/2 work(B)
            #3/2 returns nothing -> work.0 returned nothing; inner.0 running CollectionReleaseEvent; run #4 inner([])
            #4 returns nothing -> inner.0 returned nothing; outer.0 running CollectionReleaseEvent; run #5 outer([])
        "#]],
    );
}

#[test]
fn fo_7_a_step_without_joins_opens_a_batch_too() {
    check(
        "start Start
        first takes Start
        split takes A
        work takes B
        outer joins D
        first fills outer",
        "0 start Start
        #1 returns [A]
        #2 returns [B B]
        #3 returns nothing
        #4 returns D
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; split.0 running A; run #2 split(A)
            #2 returns [B B] -> split.0 returned list; work.0 running B; run #3 work(B); work.1 running B; run #4 work(B)
            #3 returns nothing -> work.0 returned nothing
            #4 returns D -> work.1 returned D; unhandled D; outer.0 running CollectionReleaseEvent; run #5 outer([])
            settle -> ignored
        "#]],
    );
}

#[test]
fn fo_12_a_member_of_an_inner_batch_is_not_joined_by_the_outer_one() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        #2 returns [B]
        #3 returns D
        #4 returns D",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; split.0 running A; run #2 split(A)
            #2 returns [B] -> split.0 returned list; work.0 running B; run #3 work(B)
            #3 returns D -> work.0 returned D; unhandled D; inner.0 running CollectionReleaseEvent; run #4 inner([])
            #4 returns D -> inner.0 returned D; outer.0 running CollectionReleaseEvent; run #5 outer([0:D])
        "#]],
    );
}

#[test]
fn fo_9_a_join_of_some_runs_in_the_outer_batch_while_the_inner_goes_on() {
    check(
        "start Start
        first takes Start
        split takes A
        work takes B
        some takes 1 of C
        outer joins D
        first fills outer
        split fills some",
        "0 start Start
        #1 returns [A]
        #2 returns [B B]
        #3 returns C
        #5 returns D
        #4 returns C",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; split.0 running A; run #2 split(A)
            #2 returns [B B] -> split.0 returned list; work.0 running B; run #3 work(B); work.1 running B; run #4 work(B)
            #3 returns C -> work.0 returned C; some.0 running CollectionReleaseEvent; run #5 some([0:C])
            #5 returns D -> some.0 returned D
            #4 returns C -> work.1 returned C; outer.0 running CollectionReleaseEvent; run #6 outer([0:D])
        "#]],
    );
}

#[test]
fn fo_14_p17_retries_and_handlers_stay_in_the_batch() {
    check(
        "start Start
        first takes Start
        work takes T
        join takes D
        all joins D
        rescue catches work
        first fills all",
        "0 start Start
        #1 returns [T{n=0} T{n=1} T{n=2} T{n=3}]
        #2 returns D{n=0}
        #3 fails once, again at once
        #4 fails always
        #5 returns D{n=3}
        #3/2 returns D{n=1}
        #7 returns D{n=-2}
        #6 returns nothing
        #8 returns nothing
        #9 returns nothing
        #10 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [T{n=0} T{n=1} T{n=2} T{n=3}] -> first.0 returned list; work.0 running T; run #2 work(T{n=0}); work.1 running T; run #3 work(T{n=1}); work.2 running T; run #4 work(T{n=2}); work.3 running T; run #5 work(T{n=3})
            #2 returns D{n=0} -> work.0 returned D; join.0 running D; run #6 join(D{n=0})
            #3 fails once, again at once -> work.1 failed; work.0 running T; run #3/2 work(T{n=1})
            #4 fails always -> work.2 failed; rescue.0 running StepFailedEvent; run #7 rescue(work(T{n=2}) failed 1 in 0 ms: always; always)
            #5 returns D{n=3} -> work.3 returned D; join.1 running D; run #8 join(D{n=3})
            #3/2 returns D{n=1} -> work.0 returned D; join.2 running D; run #9 join(D{n=1})
            #7 returns D{n=-2} -> rescue.0 returned D; join.3 running D; run #10 join(D{n=-2})
            #6 returns nothing -> join.0 returned nothing
            #8 returns nothing -> join.1 returned nothing
            #9 returns nothing -> join.2 returned nothing
            #10 returns nothing -> join.3 returned nothing; all.0 running CollectionReleaseEvent; run #11 all([0:D{n=0} 3:D{n=3} 1:D{n=1} 2:D{n=-2}])
        "#]],
    );
}

#[test]
fn ca_4_a_join_that_fails_for_good_hands_its_batch_to_the_handler() {
    check(
        "start Start
        first takes Start
        merge joins A
        rescue catches merge
        first fills merge",
        "0 start Start
        #1 returns [A{n=1} A{n=2}]
        #2 fails no
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=1} A{n=2}] -> first.0 returned list; merge.0 running CollectionReleaseEvent; run #2 merge([0:A{n=1} 1:A{n=2}])
            #2 fails no -> merge.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(merge([0:A{n=1} 1:A{n=2}]) failed 1 in 0 ms: no; no)
            #3 returns nothing -> rescue.0 returned nothing
        "#]],
    );
}

#[test]
fn p24_what_is_done_of_a_batch_is_not_done_again() {
    check(
        "start Start
        first takes Start
        work x2 takes A
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [A{n=0} A{n=1} A{n=2} A{n=3}]
        #2 returns B{n=0}
        #3 returns B{n=1}
        resume
        #4 returns B{n=2}
        resume
        #5 returns B{n=3}
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1} A{n=2} A{n=3}] -> first.0 returned list; work.0 running A; run #2 work(A{n=0}); work.1 running A; run #3 work(A{n=1}); work queued A; work queued A
            #2 returns B{n=0} -> work.0 returned B; work.0 running A; run #4 work(A{n=2})
            #3 returns B{n=1} -> work.1 returned B; work.1 running A; run #5 work(A{n=3})
            resume -> run #4 work(A{n=2}); run #5 work(A{n=3})
            #4 returns B{n=2} -> work.0 returned B
            resume -> run #5 work(A{n=3})
            #5 returns B{n=3} -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #6 merge([0:B{n=0} 1:B{n=1} 2:B{n=2} 3:B{n=3}])
            resume -> run #6 merge([0:B{n=0} 1:B{n=1} 2:B{n=2} 3:B{n=3}])
        "#]],
    );
}
