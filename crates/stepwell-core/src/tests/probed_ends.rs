//! Scenarios that the reference was probed with, as far as the reducer shows them: ends
//! and crashes.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    first takes Start
    work x1 takes A
";

#[test]
fn rn_7b_c_2_p46_what_is_left_when_a_run_fails_is_gone() {
    check(
        "start Start
        first takes Start
        w x2 takes T
        merge joins D
        first fills merge",
        "0 start Start
        #1 returns [T{n=0} T{n=1} T{n=2} T{n=3}]
        #2 fails no
        #3 returns D
        resume
        event T
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [T{n=0} T{n=1} T{n=2} T{n=3}] -> first.0 returned list; w.0 running T; run #2 w(T{n=0}); w.1 running T; run #3 w(T{n=1}); w queued T; w queued T
            #2 fails no -> w.0 failed; publish WorkflowFailedEvent {"attempts":1,"elapsed_seconds":0.0,"exception":{"exception_message":"no","exception_type":"Error"},"step_name":"w"}; end failed WorkflowFailedEvent
            #3 returns D -> ignored
            resume -> ignored
            event T -> ignored
            settle -> ignored
        "#]],
    );
}

#[test]
fn to_3_to_8_p46_what_is_left_when_a_run_times_out_is_gone() {
    check(
        "start Start
        timeout 1
        first takes Start
        w x2 takes T",
        "0 start Start
        #1 returns [T T T]
        600 resume
        1600 timer 2 due 1600
        resume
        #2 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 1000; first.0 running Start; run #1 first(Start)
            #1 returns [T T T] -> first.0 returned list; w.0 running T; run #2 w(T); w.1 running T; run #3 w(T); w queued T
            600 resume -> clear timer 1; set timer 2 at 1600; run #2 w(T); run #3 w(T)
            1600 timer 2 due 1600 -> publish WorkflowTimedOutEvent {"active_steps":["w"],"timeout":1.0}; end timed out WorkflowTimedOutEvent
            resume -> ignored
            #2 returns nothing -> ignored
        "#]],
    );
}

#[test]
fn sr_4_r_5_p47_interrupted_work_runs_again_in_its_order() {
    check(
        "start Start
        first takes Start
        w x3 takes T",
        "0 start Start
        #1 returns [T{n=0} T{n=1} T{n=2} T{n=3} T{n=4} T{n=5}]
        resume
        #2 returns nothing
        resume
        #3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [T{n=0} T{n=1} T{n=2} T{n=3} T{n=4} T{n=5}] -> first.0 returned list; w.0 running T; run #2 w(T{n=0}); w.1 running T; run #3 w(T{n=1}); w.2 running T; run #4 w(T{n=2}); w queued T; w queued T; w queued T
            resume -> run #2 w(T{n=0}); run #3 w(T{n=1}); run #4 w(T{n=2})
            #2 returns nothing -> w.0 returned nothing; w.0 running T; run #5 w(T{n=3})
            resume -> run #3 w(T{n=1}); run #4 w(T{n=2}); run #5 w(T{n=3})
            #3 returns nothing -> w.1 returned nothing; w.1 running T; run #6 w(T{n=4})
        "#]],
    );
}

#[test]
fn to_1_p25_the_time_before_a_crash_counts_and_the_time_after_does_not() {
    check(
        "start Start
        timeout 1
        first takes Start",
        "0 start Start
        600 #1 updates +1
        90000 resume
        90400 timer 2 due 90400",
        expect![[r#"
            0 start Start -> set timer 1 at 1000; first.0 running Start; run #1 first(Start)
            600 #1 updates +1 -> answer #1 1
            90000 resume -> clear timer 1; set timer 2 at 90400; run #1 first(Start) having updated to 1
            90400 timer 2 due 90400 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":1.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}

/// A run is one start: nothing of an earlier run is in its state, and it is started once.
#[test]
fn to_7_c_1_p48_a_new_run_has_its_whole_time() {
    check(
        "start Start
        stop Stop
        timeout 1
        first takes Start",
        "5000 start Start
        5400 #1 returns Stop
        5400 start Start",
        expect![[r#"
            5000 start Start -> set timer 1 at 6000; first.0 running Start; run #1 first(Start)
            5400 #1 returns Stop -> first.0 returned Stop; publish Stop; clear timer 1; end completed Stop
            5400 start Start -> ignored
        "#]],
    );
}

/// The fold of its journal is all that it takes.
#[test]
fn c_14_cn_5_a_run_that_nobody_has_in_memory_is_cancelled_like_any_other() {
    check(
        FLOW,
        "0 start Start
        #1 waits Answer within 5000
        #1 parks
        settle
        resume
        cancel
        event Answer
        5000 timer 1 due 5000
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 5000 -> set timer 1 at 5000; first.0 waiting
            #1 parks -> nothing
            settle -> idle
            resume -> nothing
            cancel -> publish WorkflowCancelledEvent; clear timer 1; end cancelled WorkflowCancelledEvent
            event Answer -> ignored
            5000 timer 1 due 5000 -> ignored
            resume -> ignored
        "#]],
    );
}

#[test]
fn cn_1_a_run_that_will_try_again_can_be_cancelled() {
    check(
        FLOW,
        "0 start Start
        #1 fails no, again in 1000
        cancel
        1000 timer 1 due 1000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails no, again in 1000 -> first.0 failed; set timer 1 at 1000
            cancel -> publish WorkflowCancelledEvent; clear timer 1; end cancelled WorkflowCancelledEvent
            1000 timer 1 due 1000 -> ignored
        "#]],
    );
}

#[test]
fn to_2_the_time_after_the_last_entry_before_a_crash_does_not_count() {
    check(
        "start Start
        timeout 60
        first takes Start",
        "0 start Start
        10000 #1 updates +1
        1000000 resume
        1050000 timer 2 due 1050000",
        expect![[r#"
            0 start Start -> set timer 1 at 60000; first.0 running Start; run #1 first(Start)
            10000 #1 updates +1 -> answer #1 1
            1000000 resume -> clear timer 1; set timer 2 at 1050000; run #1 first(Start) having updated to 1
            1050000 timer 2 due 1050000 -> publish WorkflowTimedOutEvent {"active_steps":["first"],"timeout":60.0}; end timed out WorkflowTimedOutEvent
        "#]],
    );
}
