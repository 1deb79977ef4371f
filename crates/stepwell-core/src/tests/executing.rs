//! Workers, queues, and what steps return.

use expect_test::expect;

use super::check;

const PAIR: &str = "
    start Start
    stop Stop
    first takes Start
    work x2 takes A
    last takes B
";

#[test]
fn ex_1_a_work_item_takes_the_lowest_free_worker() {
    check(
        "start Start
        first takes Start
        work x3 takes A",
        "0 start Start
        #1 returns [A A A]
        #3 returns nothing
        #2 returns nothing
        event A
        event A
        event A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work.2 running A; run #4 work(A)
            #3 returns nothing -> work.1 returned nothing
            #2 returns nothing -> work.0 returned nothing
            event A -> work.0 running A; run #5 work(A)
            event A -> work.1 running A; run #6 work(A)
            event A -> work queued A
        "#]],
    );
}

#[test]
fn ex_1_a_step_has_four_workers_unless_it_says_otherwise() {
    check(
        "start Start
        work takes Start",
        "0 start Start
        event Start
        event Start
        event Start
        event Start",
        expect![[r#"
            0 start Start -> work.0 running Start; run #1 work(Start)
            event Start -> work.1 running Start; run #2 work(Start)
            event Start -> work.2 running Start; run #3 work(Start)
            event Start -> work.3 running Start; run #4 work(Start)
            event Start -> work queued Start
        "#]],
    );
}

#[test]
fn ex_2_an_item_is_told_queued_only_if_it_has_to_wait() {
    check(
        PAIR,
        "0 start Start
        #1 returns [A A A]
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
        "#]],
    );
}

#[test]
fn ex_3_queues_are_first_in_first_out() {
    check(
        "start Start
        first takes Start
        work x1 takes A B",
        "0 start Start
        #1 returns [A B A]
        event B
        #2 returns nothing
        #3 returns nothing
        #4 returns nothing
        #5 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A B A] -> first.0 returned list; work.0 running A; run #2 work(A); work queued B; work queued A
            event B -> work queued B
            #2 returns nothing -> work.0 returned nothing; work.0 running B; run #3 work(B)
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
            #4 returns nothing -> work.0 returned nothing; work.0 running B; run #5 work(B)
            #5 returns nothing -> work.0 returned nothing
        "#]],
    );
}

#[test]
fn ex_5_a_step_returns_nothing_or_one_event_or_several() {
    check(
        PAIR,
        "0 start Start
        #1 returns [A B]
        #2 returns B
        #3 returns nothing
        #4 returns []",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A B] -> first.0 returned list; work.0 running A; run #2 work(A); last.0 running B; run #3 last(B)
            #2 returns B -> work.0 returned B; last.1 running B; run #4 last(B)
            #3 returns nothing -> last.0 returned nothing
            #4 returns [] -> last.1 returned list
        "#]],
    );
}

#[test]
fn ex_6_a_run_with_nothing_left_to_do_rests_and_stays_open() {
    check(
        PAIR,
        "0 start Start
        #1 returns nothing
        settle
        90000000 event B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            90000000 event B -> last.0 running B; run #2 last(B)
        "#]],
    );
}

#[test]
fn ex_8_c_9_what_a_step_sends_is_routed_before_what_it_returns() {
    check(
        "start Start
        first takes Start
        work x1 takes A B",
        "0 start Start
        #1 sends A
        #1 sends B
        #1 returns A
        #2 returns nothing
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 sends B -> work queued B
            #1 returns A -> first.0 returned A; work queued A
            #2 returns nothing -> work.0 returned nothing; work.0 running B; run #3 work(B)
            #3 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
        "#]],
    );
}

#[test]
fn ex_10_work_beside_a_stop_leaves_no_trace() {
    check(
        PAIR,
        "0 start Start
        #1 returns [A A A B]
        #5 returns Stop
        #2 returns B
        #3 fails late
        #3 sends B
        #3 updates +1
        #3 streams a",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A B] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A; last.0 running B; run #5 last(B)
            #5 returns Stop -> last.0 returned Stop; publish Stop; end completed Stop
            #2 returns B -> ignored
            #3 fails late -> ignored
            #3 sends B -> ignored
            #3 updates +1 -> ignored
            #3 streams a -> ignored
        "#]],
    );
}

#[test]
fn ex_11_a_stop_among_several_events_wins_and_the_others_go_nowhere() {
    check(
        "start Start
        stop Stop Other
        request Ask
        first takes Start A",
        "0 start Start
        #1 returns [A Ask Stop Other A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A Ask Stop Other A] -> first.0 returned list; publish Stop; end completed Stop
        "#]],
    );
}
