//! Which joins an event goes to, and failures within batches.

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
fn fo_10_several_joins_each_get_the_whole_batch() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        log joins B
        first fills merge log",
        "0 start Start
        #1 returns [A A]
        #2 returns B{n=2}
        #3 returns B{n=3}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 returns B{n=2} -> work.0 returned B
            #3 returns B{n=3} -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([0:B{n=2} 1:B{n=3}]); log.0 running CollectionReleaseEvent; run #5 log([0:B{n=2} 1:B{n=3}])
        "#]],
    );
}

#[test]
fn fo_10_a_member_may_be_joined_and_worked_on() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins A B
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #2 returns B
        #3 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 returns B -> work.0 returned B
            #3 returns B -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([0:A 1:A 0:B 1:B])
        "#]],
    );
}

#[test]
fn fo_10_batches_of_one_step_are_never_mixed() {
    check(
        FLOW,
        "0 start Start
        event Start
        #1 returns [A{n=1} A{n=1}]
        #2 returns [A{n=2}]
        #3 returns B{n=1}
        #5 returns B{n=2}
        #4 returns B{n=1}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Start -> first.1 running Start; run #2 first(Start)
            #1 returns [A{n=1} A{n=1}] -> first.0 returned list; work.0 running A; run #3 work(A{n=1}); work.1 running A; run #4 work(A{n=1})
            #2 returns [A{n=2}] -> first.1 returned list; work queued A
            #3 returns B{n=1} -> work.0 returned B; work.0 running A; run #5 work(A{n=2})
            #5 returns B{n=2} -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #6 merge([0:B{n=2}])
            #4 returns B{n=1} -> work.1 returned B; merge.1 running CollectionReleaseEvent; run #7 merge([0:B{n=1} 1:B{n=1}])
        "#]],
    );
}

#[test]
fn fo_11_a_join_takes_only_from_steps_that_are_bound_to_it() {
    check(
        "start Start
        first takes Start
        second takes C
        work takes A
        merge joins B
        first fills merge",
        "0 start Start
        #1 returns [C]
        #2 returns [A]
        #3 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [C] -> first.0 returned list; second.0 running C; run #2 second(C)
            #2 returns [A] -> second.0 returned list; work.0 running A; run #3 work(A)
            #3 returns B -> work.0 returned B; unhandled B; merge.0 running CollectionReleaseEvent; run #4 merge([])
        "#]],
    );
}

#[test]
fn fo_12_a_member_that_is_of_no_batch_is_not_joined() {
    check(
        FLOW,
        "0 start Start
        event B
        event B to merge
        #1 returns [A]
        #2 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> unhandled B
            event B to merge -> unhandled B for merge
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #3 merge([0:B])
        "#]],
    );
}

#[test]
fn fo_13_what_is_sent_leaves_the_batch() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        #2 sends B
        #2 sends B to merge
        #2 sends A
        #2 returns nothing
        #3 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 sends B -> unhandled B
            #2 sends B to merge -> unhandled B for merge
            #2 sends A -> work.1 running A; run #3 work(A)
            #2 returns nothing -> work.0 returned nothing; merge.0 running CollectionReleaseEvent; run #4 merge([])
            #3 returns B -> work.1 returned B; unhandled B
        "#]],
    );
}

#[test]
fn fo_13_p19_a_send_from_the_opener_joins_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 returns [A A]
        #3 returns B{n=1}
        #4 returns B{n=2}
        #2 returns B{n=9}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 returns [A A] -> first.0 returned list; work.1 running A; run #3 work(A); work queued A
            #3 returns B{n=1} -> work.1 returned B; work.1 running A; run #4 work(A)
            #4 returns B{n=2} -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([0:B{n=1} 1:B{n=2}])
            #2 returns B{n=9} -> work.0 returned B; unhandled B
        "#]],
    );
}

#[test]
fn fo_14_a_join_that_fails_gets_the_same_batch_again() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 returns B{n=1}
        #3 returns B{n=2}
        #4 fails no, again in 10
        resume
        10 timer 1 due 10
        resume
        #4/2 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 returns B{n=1} -> work.0 returned B
            #3 returns B{n=2} -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([0:B{n=1} 1:B{n=2}])
            #4 fails no, again in 10 -> merge.0 failed; set timer 1 at 10
            resume -> nothing
            10 timer 1 due 10 -> merge.0 running CollectionReleaseEvent; run #4/2 merge([0:B{n=1} 1:B{n=2}])
            resume -> run #4/2 merge([0:B{n=1} 1:B{n=2}])
            #4/2 returns Stop -> merge.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn fo_14_what_a_handler_returns_takes_the_place_of_the_failed_member() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        rescue catches work
        first fills merge",
        "0 start Start
        #1 returns [A A]
        #2 fails no
        #3 returns B{n=3}
        #4 returns B{n=4}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 fails no -> work.0 failed; rescue.0 running StepFailedEvent; run #4 rescue(work(A) failed 1 in 0 ms: no; no)
            #3 returns B{n=3} -> work.1 returned B
            #4 returns B{n=4} -> rescue.0 returned B; merge.0 running CollectionReleaseEvent; run #5 merge([1:B{n=3} 0:B{n=4}])
        "#]],
    );
}

#[test]
fn fo_14_a_handler_that_returns_nothing_drops_the_member() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        rescue catches work
        first fills merge",
        "0 start Start
        #1 returns [A]
        #2 fails no
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            #2 fails no -> work.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(work(A) failed 1 in 0 ms: no; no)
            #3 returns nothing -> rescue.0 returned nothing; merge.0 running CollectionReleaseEvent; run #4 merge([])
        "#]],
    );
}

#[test]
fn fo_15_a_join_has_the_same_number_after_a_crash() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A]
        resume
        #2 returns B
        resume
        #3 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            resume -> run #2 work(A)
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #3 merge([0:B])
            resume -> run #3 merge([0:B])
            #3 returns Stop -> merge.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}
