//! Scenarios that the reference was probed with, as far as the reducer shows them: waits
//! and sends.

use expect_test::expect;

use super::check;

#[test]
fn we_1_we_2_we_3_we_11_p08_a_wait_and_its_answer() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start",
        "0 start Start
        #1 streams prefix
        #1 waits Answer ok=true asking Ask
        #1 parks
        settle
        100 event Answer{ok=false}
        100 settle
        200 event Answer{ok=true}
        #1 streams suffix
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 streams prefix -> publish 1 streamed
            #1 waits Answer ok=true asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            100 event Answer{ok=false} -> unhandled Answer when idle
            100 settle -> idle
            200 event Answer{ok=true} -> first.0 running Start; run #1 first(Start) having got Answer{ok=true} having streamed 1
            #1 streams suffix -> publish 1 streamed
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_5_we_6_c_3_p09_two_waits_get_two_answers() {
    check(
        "start Start
        stop Stop
        response Answer
        awaits Answer
        first takes Start",
        "0 start Start
        #1 waits Answer
        event Answer{n=1}
        event Answer{n=2}
        #1 waits Answer
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            event Answer{n=2} -> nothing
            #1 waits Answer -> answer #1 Answer{n=2}
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_7_c_4_p10_a_second_answer_while_the_body_runs() {
    check(
        "start Start
        response Answer
        first takes Start
        done takes D",
        "0 start Start
        #1 waits Answer
        event Answer{n=1}
        event Answer{n=2}
        #1 returns D
        #2 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer -> first.0 waiting
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            event Answer{n=2} -> unhandled Answer
            #1 returns D -> first.0 returned D; done.0 running D; run #2 done(D)
            #2 returns nothing -> done.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn rt_6_p11_a_waiter_and_steps_that_accept_the_same() {
    check(
        "start Start
        first takes Start
        s takes A Answer
        t takes Answer",
        "0 start Start
        #1 returns A
        #2 waits Answer
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns A -> first.0 returned A; s.0 running A; run #2 s(A)
            #2 waits Answer -> s.0 waiting
            event Answer -> s.0 running A; run #2 s(A) having got Answer; t.0 running Answer; run #3 t(Answer)
        "#]],
    );
}

#[test]
fn we_12_we_16_p12_a_wait_times_out_after_a_resume() {
    check(
        "start Start
        response Answer
        timeout 4
        first takes Start",
        "0 start Start
        #1 waits Answer within 500
        #1 parks
        settle
        400 resume
        500 timer 2 due 500
        #1 returns nothing",
        expect![[r#"
            0 start Start -> set timer 1 at 4000; first.0 running Start; run #1 first(Start)
            #1 waits Answer within 500 -> set timer 2 at 500; first.0 waiting
            #1 parks -> nothing
            settle -> clear timer 1; idle
            400 resume -> nothing
            500 timer 2 due 500 -> set timer 3 at 4500; first.0 running Start; run #1 first(Start) having waited in vain for Answer
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn we_3_we_15_p33_nothing_is_asked_again_after_a_resume() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start",
        "0 start Start
        #1 waits Answer id=7 asking Ask
        #1 parks
        settle
        resume
        event Answer{id=7}
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer id=7 asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            resume -> nothing
            event Answer{id=7} -> first.0 running Start; run #1 first(Start) having got Answer{id=7}
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn we_13_c_5_p34_each_attempt_waits_for_its_own_time() {
    check(
        "start Start
        request Ask
        response Answer
        first takes Start",
        "0 start Start
        #1 waits Answer within 500 asking Ask
        500 timer 1 due 500
        #1 fails timed out, again in 50
        550 timer 2 due 550
        #1/2 waits Answer within 500 asking Ask
        1050 timer 3 due 1050
        #1/2 fails timed out, again in 50
        1100 timer 4 due 1100
        #1/3 waits Answer within 500 asking Ask
        1600 timer 5 due 1600
        #1/3 fails timed out",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer within 500 asking Ask -> set timer 1 at 500; first.0 waiting; publish Ask
            500 timer 1 due 500 -> first.0 running Start; run #1 first(Start) having waited in vain for Answer
            #1 fails timed out, again in 50 -> first.0 failed; set timer 2 at 550
            550 timer 2 due 550 -> first.0 running Start; run #1/2 first(Start)
            #1/2 waits Answer within 500 asking Ask -> set timer 3 at 1050; first.0 waiting; publish Ask
            1050 timer 3 due 1050 -> first.0 running Start; run #1/2 first(Start) having waited in vain for Answer
            #1/2 fails timed out, again in 50 -> first.0 failed; set timer 4 at 1100
            1100 timer 4 due 1100 -> first.0 running Start; run #1/3 first(Start)
            #1/3 waits Answer within 500 asking Ask -> set timer 5 at 1600; first.0 waiting; publish Ask
            1600 timer 5 due 1600 -> first.0 running Start; run #1/3 first(Start) having waited in vain for Answer
            #1/3 fails timed out -> first.0 failed; publish WorkflowFailedEvent {"attempts":3,"elapsed_seconds":1.6,"exception":{"exception_message":"timed out","exception_type":"Error"},"step_name":"first"}; end failed WorkflowFailedEvent
        "#]],
    );
}

#[test]
fn we_9_we_4_p41_one_answer_resumes_all_who_wait() {
    check(
        "start Start
        request Ask
        response Answer
        first takes Start
        w takes T
        merge joins D
        first fills merge",
        "0 start Start
        #1 returns [T{n=0} T{n=1} T{n=2}]
        #2 waits Answer asking Ask{n=0}
        #3 waits Answer asking Ask{n=1}
        #4 waits Answer asking Ask{n=2}
        #2 parks
        #3 parks
        #4 parks
        settle
        event Answer
        #2 returns D{n=0}
        #4 returns D{n=2}
        #3 returns D{n=1}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [T{n=0} T{n=1} T{n=2}] -> first.0 returned list; w.0 running T; run #2 w(T{n=0}); w.1 running T; run #3 w(T{n=1}); w.2 running T; run #4 w(T{n=2})
            #2 waits Answer asking Ask{n=0} -> w.0 waiting; publish Ask {"n":0}
            #3 waits Answer asking Ask{n=1} -> w.1 waiting; publish Ask {"n":1}
            #4 waits Answer asking Ask{n=2} -> w.2 waiting; publish Ask {"n":2}
            #2 parks -> nothing
            #3 parks -> nothing
            #4 parks -> nothing
            settle -> idle
            event Answer -> w.0 running T; run #2 w(T{n=0}) having got Answer; w.1 running T; run #3 w(T{n=1}) having got Answer; w.2 running T; run #4 w(T{n=2}) having got Answer
            #2 returns D{n=0} -> w.0 returned D
            #4 returns D{n=2} -> w.2 returned D
            #3 returns D{n=1} -> w.1 returned D; merge.0 running CollectionReleaseEvent; run #5 merge([0:D{n=0} 2:D{n=2} 1:D{n=1}])
        "#]],
    );
}

#[test]
fn sd_4_jr_6_p42_a_crash_before_the_result_sends_nothing_twice() {
    check(
        "start Start
        first takes Start
        c takes A",
        "0 start Start
        #1 sends A{n=0}
        #1 sends A{n=1}
        resume
        #1 sends A{n=0} nth 0
        #1 sends A{n=1} nth 1
        #1 sends A{n=2}
        #1 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A{n=0} -> c.0 running A; run #2 c(A{n=0})
            #1 sends A{n=1} -> c.1 running A; run #3 c(A{n=1})
            resume -> run #1 first(Start) having sent A A; run #2 c(A{n=0}); run #3 c(A{n=1})
            #1 sends A{n=0} nth 0 -> ignored
            #1 sends A{n=1} nth 1 -> ignored
            #1 sends A{n=2} -> c.2 running A; run #4 c(A{n=2})
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn we_8_we_14_r_4_p45_attempts_go_on_counting_after_an_answer() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start",
        "0 start Start
        #1 fails body, again at once
        #1/2 waits Answer asking Ask
        event Answer{n=5}
        #1/2 fails after, again at once
        resume
        #1/3 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 fails body, again at once -> first.0 failed; first.0 running Start; run #1/2 first(Start)
            #1/2 waits Answer asking Ask -> first.0 waiting; publish Ask
            event Answer{n=5} -> first.0 running Start; run #1/2 first(Start) having got Answer{n=5}
            #1/2 fails after, again at once -> first.0 failed; first.0 running Start; run #1/3 first(Start) having got Answer{n=5}
            resume -> run #1/3 first(Start) having got Answer{n=5}
            #1/3 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}
