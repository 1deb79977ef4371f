//! Steps that take one event of each slot.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    first takes Start
    both takes all A B
";

#[test]
fn mj_1_p18_a_body_runs_for_one_event_of_each_slot() {
    check(
        FLOW,
        "0 start Start
        event A{n=1}
        event A{n=2}
        event B{n=3}
        event B{n=5}
        event B{n=7}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=1} -> nothing
            event A{n=2} -> nothing
            event B{n=3} -> both.0 running B; run #2 both(A{n=1} + B{n=3})
            event B{n=5} -> both.1 running B; run #3 both(A{n=2} + B{n=5})
            event B{n=7} -> nothing
        "#]],
    );
}

#[test]
fn mj_1_p18_slots_of_one_type_are_filled_in_order_of_arrival() {
    check(
        "start Start
        pair takes all A A",
        "0 start Start
        event A{n=0}
        event A{n=1}
        event A{n=2}
        event A{n=3}
        event A{n=4}",
        expect![[r#"
            0 start Start -> unhandled Start when idle
            event A{n=0} -> nothing
            event A{n=1} -> pair.0 running A; run #1 pair(A{n=0} + A{n=1})
            event A{n=2} -> nothing
            event A{n=3} -> pair.1 running A; run #2 pair(A{n=2} + A{n=3})
            event A{n=4} -> nothing
        "#]],
    );
}

#[test]
fn mj_1_p44_what_is_left_waits_for_the_next_set() {
    check(
        FLOW,
        "0 start Start
        event A{n=1}
        event A{n=2}
        event B{n=1}
        event B{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=1} -> nothing
            event A{n=2} -> nothing
            event B{n=1} -> both.0 running B; run #2 both(A{n=1} + B{n=1})
            event B{n=2} -> both.1 running B; run #3 both(A{n=2} + B{n=2})
        "#]],
    );
}

#[test]
fn mj_1_slots_of_several_types_are_filled_by_either() {
    check(
        "start Start
        both takes all A|C B A|C",
        "0 start Start
        event C{n=1}
        event B{n=2}
        event A{n=3}
        event A{n=4}",
        expect![[r#"
            0 start Start -> unhandled Start when idle
            event C{n=1} -> nothing
            event B{n=2} -> nothing
            event A{n=3} -> both.0 running A; run #1 both(C{n=1} + B{n=2} + A{n=3})
            event A{n=4} -> nothing
        "#]],
    );
}

#[test]
fn mj_1_sets_run_on_the_workers_of_their_step() {
    check(
        "start Start
        both x1 takes all A B",
        "0 start Start
        event A{n=1}
        event B{n=1}
        event A{n=2}
        event B{n=2}
        #1 returns nothing",
        expect![[r#"
            0 start Start -> unhandled Start when idle
            event A{n=1} -> nothing
            event B{n=1} -> both.0 running B; run #1 both(A{n=1} + B{n=1})
            event A{n=2} -> nothing
            event B{n=2} -> both queued B
            #1 returns nothing -> both.0 returned nothing; both.0 running B; run #2 both(A{n=2} + B{n=2})
        "#]],
    );
}

#[test]
fn mj_2_events_of_a_batch_and_others_do_not_mix() {
    check(
        FLOW,
        "0 start Start
        event A{n=0}
        #1 returns [A{n=1} B{n=1}]
        event B{n=0}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=0} -> nothing
            #1 returns [A{n=1} B{n=1}] -> first.0 returned list; both.0 running B; run #2 both(A{n=1} + B{n=1})
            event B{n=0} -> both.1 running B; run #3 both(A{n=0} + B{n=0})
        "#]],
    );
}

#[test]
fn mj_2_events_of_two_batches_do_not_mix() {
    check(
        "start Start
        first takes Start
        split takes C
        both takes all A B",
        "0 start Start
        #1 returns [C C]
        #2 returns [A{n=1}]
        #3 returns [B{n=2} A{n=2}]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [C C] -> first.0 returned list; split.0 running C; run #2 split(C); split.1 running C; run #3 split(C)
            #2 returns [A{n=1}] -> split.0 returned list; unhandled A for both
            #3 returns [B{n=2} A{n=2}] -> split.1 returned list; both.0 running B; run #4 both(A{n=2} + B{n=2})
        "#]],
    );
}

#[test]
fn mj_2_what_is_left_of_a_batch_goes_with_it_and_is_told() {
    check(
        "start Start
        first takes Start
        work takes C
        both takes all A B
        merge joins D
        first fills merge",
        "0 start Start
        #1 returns [C A{n=1} A{n=2}]
        #2 returns B
        #3 returns D",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [C A{n=1} A{n=2}] -> first.0 returned list; work.0 running C; run #2 work(C)
            #2 returns B -> work.0 returned B; both.0 running B; run #3 both(A{n=1} + B)
            #3 returns D -> both.0 returned D; merge.0 running CollectionReleaseEvent; run #4 merge([0:D]); unhandled A for both
        "#]],
    );
}

#[test]
fn mj_2_what_is_left_of_the_last_batch_may_leave_the_run_idle() {
    check(
        "start Start
        first takes Start
        both takes all A B",
        "0 start Start
        #1 returns [A A]
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; unhandled A for both; unhandled A for both when idle
            settle -> idle
        "#]],
    );
}

#[test]
fn mj_3_the_body_is_where_the_event_was_that_completed_its_set() {
    check(
        "start Start
        first takes Start
        both takes all A B
        merge joins C
        first fills merge",
        "0 start Start
        #1 returns [A B A B]
        #2 returns C
        #3 returns C",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A B A B] -> first.0 returned list; both.0 running B; run #2 both(A + B); both.1 running B; run #3 both(A + B)
            #2 returns C -> both.0 returned C
            #3 returns C -> both.1 returned C; merge.0 running CollectionReleaseEvent; run #4 merge([1:C 3:C])
        "#]],
    );
}

#[test]
fn mj_3_a_set_in_a_batch_keeps_it_open() {
    check(
        "start Start
        first takes Start
        both takes all A B
        merge joins C
        first fills merge",
        "0 start Start
        #1 returns [A B]
        #2 fails no, again in 1000
        1000 timer 1 due 1000
        #2/2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A B] -> first.0 returned list; both.0 running B; run #2 both(A + B)
            #2 fails no, again in 1000 -> both.0 failed; set timer 1 at 1000
            1000 timer 1 due 1000 -> both.0 running B; run #2/2 both(A + B)
            #2/2 returns nothing -> both.0 returned nothing; merge.0 running CollectionReleaseEvent; run #3 merge([])
        "#]],
    );
}

#[test]
fn mj_4_a_retry_and_a_wait_keep_the_set() {
    check(
        FLOW,
        "0 start Start
        event A{n=1}
        event B{n=2}
        #2 fails no, again at once
        #2/2 waits Answer
        #2/2 parks
        resume
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=1} -> nothing
            event B{n=2} -> both.0 running B; run #2 both(A{n=1} + B{n=2})
            #2 fails no, again at once -> both.0 failed; both.0 running B; run #2/2 both(A{n=1} + B{n=2})
            #2/2 waits Answer -> both.0 waiting
            #2/2 parks -> nothing
            resume -> run #1 first(Start)
            event Answer -> both.0 running B; run #2/2 both(A{n=1} + B{n=2}) having got Answer
        "#]],
    );
}

#[test]
fn mj_4_the_end_clears_what_waits_for_its_set() {
    check(
        "start Start
        stop Stop
        first takes Start
        both takes all A B",
        "0 start Start
        event A
        #1 returns Stop
        event B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> nothing
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
            event B -> ignored
        "#]],
    );
}

#[test]
fn mj_4_a_failure_for_good_hands_the_set_to_the_handler() {
    check(
        "start Start
        first takes Start
        both takes all A B
        rescue catches both",
        "0 start Start
        event A{n=1}
        event B{n=2}
        #2 fails no",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=1} -> nothing
            event B{n=2} -> both.0 running B; run #2 both(A{n=1} + B{n=2})
            #2 fails no -> both.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(both(A{n=1} + B{n=2}) failed 1 in 0 ms: no; no)
        "#]],
    );
}

#[test]
fn ex_8_sends_fill_slots_in_their_order() {
    check(
        FLOW,
        "0 start Start
        #1 sends B{n=1}
        #1 sends A{n=2}
        #1 returns A{n=3}
        event B{n=4}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends B{n=1} -> nothing
            #1 sends A{n=2} -> both.0 running B; run #2 both(A{n=2} + B{n=1})
            #1 returns A{n=3} -> first.0 returned A
            event B{n=4} -> both.1 running B; run #3 both(A{n=3} + B{n=4})
        "#]],
    );
}

#[test]
fn rt_6_an_event_for_a_step_fills_its_slot() {
    check(
        FLOW,
        "0 start Start
        event A to both
        event B to first
        event B to both",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A to both -> nothing
            event B to first -> unhandled B for first
            event B to both -> both.0 running B; run #2 both(A + B)
        "#]],
    );
}
