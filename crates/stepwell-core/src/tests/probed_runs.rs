//! Scenarios that the reference was probed with, as far as the reducer shows them: routing,
//! workers and idling.

use expect_test::expect;

use super::check;

#[test]
fn rt_7_rt_8_sg_9_p02_every_step_that_accepts_an_event_gets_it_in_order_of_declaration() {
    check(
        "start Start
        first takes Start
        alpha takes P
        sub takes P C
        zeta takes P",
        "0 start Start
        #1 returns [P C]
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [P C] -> first.0 returned list; alpha.0 running P; run #2 alpha(P); sub.0 running P; run #3 sub(P); zeta.0 running P; run #4 zeta(P); sub.1 running C; run #5 sub(C)
            #2 returns nothing -> alpha.0 returned nothing
        "#]],
    );
}

#[test]
fn ex_6_rt_9_id_2_p03_a_run_with_nothing_left_lives_until_its_deadline() {
    check(
        "start Start
        deadline 1
        first takes Start",
        "0 start Start
        #1 returns nothing
        settle
        300 event Unknown
        300 settle
        1000 timer 1 due 1000",
        expect![[r#"
            0 start Start -> set timer 1 at 1000; first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            300 event Unknown -> unhandled Unknown when idle
            300 settle -> idle
            1000 timer 1 due 1000 -> publish WorkflowTimedOutEvent {"active_steps":[],"timeout":1.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

#[test]
fn ex_1_ex_2_ex_4_p04_ten_items_on_four_workers() {
    check(
        "start Start
        first takes Start
        w takes J
        merge joins D
        first fills merge",
        "0 start Start
        #1 returns [J{n=0} J{n=1} J{n=2} J{n=3} J{n=4} J{n=5} J{n=6} J{n=7} J{n=8} J{n=9}]
        #3 returns D{n=1}
        #5 returns D{n=3}
        #7 returns D{n=5}
        #2 returns D{n=0}
        #4 returns D{n=2}
        #6 returns D{n=4}
        #9 returns D{n=7}
        #8 returns D{n=6}
        #11 returns D{n=9}
        #10 returns D{n=8}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [J{n=0} J{n=1} J{n=2} J{n=3} J{n=4} J{n=5} J{n=6} J{n=7} J{n=8} J{n=9}] -> first.0 returned list; w.0 running J; run #2 w(J{n=0}); w.1 running J; run #3 w(J{n=1}); w.2 running J; run #4 w(J{n=2}); w.3 running J; run #5 w(J{n=3}); w queued J; w queued J; w queued J; w queued J; w queued J; w queued J
            #3 returns D{n=1} -> w.1 returned D; w.1 running J; run #6 w(J{n=4})
            #5 returns D{n=3} -> w.3 returned D; w.3 running J; run #7 w(J{n=5})
            #7 returns D{n=5} -> w.3 returned D; w.3 running J; run #8 w(J{n=6})
            #2 returns D{n=0} -> w.0 returned D; w.0 running J; run #9 w(J{n=7})
            #4 returns D{n=2} -> w.2 returned D; w.2 running J; run #10 w(J{n=8})
            #6 returns D{n=4} -> w.1 returned D; w.1 running J; run #11 w(J{n=9})
            #9 returns D{n=7} -> w.0 returned D
            #8 returns D{n=6} -> w.3 returned D
            #11 returns D{n=9} -> w.1 returned D
            #10 returns D{n=8} -> w.2 returned D; merge.0 running CollectionReleaseEvent; run #12 merge([1:D{n=1} 3:D{n=3} 5:D{n=5} 0:D{n=0} 2:D{n=2} 4:D{n=4} 7:D{n=7} 6:D{n=6} 9:D{n=9} 8:D{n=8}])
        "#]],
    );
}

#[test]
fn rt_10_ex_10_ex_11_p05_a_stop_ends_a_run_only_if_it_is_returned() {
    check(
        "start Start
        stop Stop
        first takes Start
        slow takes A",
        "0 start Start
        event A
        #1 sends Stop
        #1 sends A
        #1 returns [A Stop]
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> slow.0 running A; run #2 slow(A)
            #1 sends Stop -> unhandled Stop
            #1 sends A -> slow.1 running A; run #3 slow(A)
            #1 returns [A Stop] -> first.0 returned list; publish Stop; end completed Stop
            #2 returns nothing -> ignored
        "#]],
    );
}

#[test]
fn rn_5_sm_2_p06_a_stop_of_its_own_type_ends_the_run_too() {
    check(
        "start Start
        stop Stop Out
        timeout 1
        first takes Start",
        "0 start Start
        event Start
        #1 returns Out{v=2}",
        expect![[r#"
            0 start Start -> set timer 1 at 1000; first.0 running Start; run #1 first(Start)
            event Start -> first.1 running Start; run #2 first(Start)
            #1 returns Out{v=2} -> first.0 returned Out; publish Out {"v":2}; clear timer 1; end completed Out
        "#]],
    );
}

#[test]
fn ex_8_c_9_rt_11_p29_sends_go_before_what_is_returned() {
    check(
        "start Start
        first takes Start
        t1 x1 takes A
        t2 x1 takes A",
        "0 start Start
        #1 sends A{n=0}
        #1 sends A{n=1}
        #1 sends A{n=2} to t2
        #1 sends A{n=3} to nope
        #1 sends B to t1
        #1 returns A{n=4}
        #2 returns nothing
        #3 returns nothing
        #4 returns nothing
        #5 returns nothing
        #6 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A{n=0} -> t1.0 running A; run #2 t1(A{n=0}); t2.0 running A; run #3 t2(A{n=0})
            #1 sends A{n=1} -> t1 queued A; t2 queued A
            #1 sends A{n=2} to t2 -> t2 queued A
            #1 sends A{n=3} to nope -> unhandled A for nope
            #1 sends B to t1 -> unhandled B for t1
            #1 returns A{n=4} -> first.0 returned A; t1 queued A; t2 queued A
            #2 returns nothing -> t1.0 returned nothing; t1.0 running A; run #4 t1(A{n=1})
            #3 returns nothing -> t2.0 returned nothing; t2.0 running A; run #5 t2(A{n=1})
            #4 returns nothing -> t1.0 returned nothing; t1.0 running A; run #7 t1(A{n=4})
            #5 returns nothing -> t2.0 returned nothing; t2.0 running A; run #6 t2(A{n=2})
            #6 returns nothing -> t2.0 returned nothing; t2.0 running A; run #8 t2(A{n=4})
        "#]],
    );
}

#[test]
fn sm_3_rt_9_hi_1_p30_a_request_that_is_sent_is_not_published() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start
        log takes Ask
        last takes Answer",
        r#"0 start Start
        #1 sends Ask{how="sent"}
        #1 returns Ask{how="returned"}
        #2 returns nothing
        #3 returns nothing
        settle
        event Answer
        #4 returns Stop"#,
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends Ask{how="sent"} -> log.0 running Ask; run #2 log(Ask{how=sent})
            #1 returns Ask{how="returned"} -> first.0 returned Ask; publish Ask {"how":"returned"}; log.1 running Ask; run #3 log(Ask{how=returned})
            #2 returns nothing -> log.0 returned nothing
            #3 returns nothing -> log.1 returned nothing
            settle -> idle
            event Answer -> last.0 running Answer; run #4 last(Answer)
            #4 returns Stop -> last.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn rt_3_p37_a_start_event_from_outside_runs_the_entry_step_again() {
    check(
        "start Start
        stop Stop
        first takes Start",
        "0 start Start
        #1 returns nothing
        settle
        event Start{n=2}
        #2 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            event Start{n=2} -> first.0 running Start; run #2 first(Start{n=2})
            #2 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn rt_12_p40_what_is_returned_is_routed_whatever_was_declared() {
    check(
        "start Start
        first takes Start
        u takes B",
        "0 start Start
        #1 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns B -> first.0 returned B; u.0 running B; run #2 u(B)
        "#]],
    );
}

#[test]
fn ex_3_ry_8_p20_a_retry_does_not_block_the_queue() {
    check(
        "start Start
        first takes Start
        w x1 takes J",
        "0 start Start
        #1 returns [J{n=0} J{n=1} J{n=2} J{n=3}]
        #2 fails e0, again in 200
        100 #3 returns nothing
        200 timer 1 due 200
        200 #4 returns nothing
        300 #2/2 returns nothing
        400 #5 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [J{n=0} J{n=1} J{n=2} J{n=3}] -> first.0 returned list; w.0 running J; run #2 w(J{n=0}); w queued J; w queued J; w queued J
            #2 fails e0, again in 200 -> w.0 failed; set timer 1 at 200; w.0 running J; run #3 w(J{n=1})
            100 #3 returns nothing -> w.0 returned nothing; w.0 running J; run #4 w(J{n=2})
            200 timer 1 due 200 -> w queued J
            200 #4 returns nothing -> w.0 returned nothing; w.0 running J; run #2/2 w(J{n=0})
            300 #2/2 returns nothing -> w.0 returned nothing; w.0 running J; run #5 w(J{n=3})
            400 #5 returns nothing -> w.0 returned nothing
        "#]],
    );
}

#[test]
fn id_1_id_2_id_3_ry_12_p43_idle_after_each_event_and_not_while_a_retry_waits() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start
        f takes Answer",
        "0 start Start
        #1 fails no, again in 500
        settle
        500 timer 1 due 500
        #1/2 returns Ask
        settle
        800 event Answer
        #2 returns nothing
        settle
        1000 event Answer
        #3 returns Stop
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails no, again in 500 -> first.0 failed; set timer 1 at 500
            settle -> ignored
            500 timer 1 due 500 -> first.0 running Start; run #1/2 first(Start)
            #1/2 returns Ask -> first.0 returned Ask; publish Ask
            settle -> idle
            800 event Answer -> f.0 running Answer; run #2 f(Answer)
            #2 returns nothing -> f.0 returned nothing
            settle -> idle
            1000 event Answer -> f.0 running Answer; run #3 f(Answer)
            #3 returns Stop -> f.0 returned Stop; publish Stop; end completed Stop
            settle -> ignored
        "#]],
    );
}
