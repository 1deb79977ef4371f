//! Events that bodies send.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    first takes Start
    work x1 takes A
";

#[test]
fn sd_1_a_send_to_a_step_that_does_not_take_it_is_told() {
    check(
        FLOW,
        "0 start Start
        #1 sends A to first
        #1 sends A to nobody",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A to first -> unhandled A for first
            #1 sends A to nobody -> unhandled A for nobody
        "#]],
    );
}

#[test]
fn sd_3_a_send_from_a_batch_is_outside_of_it() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins A B
        first fills merge",
        "0 start Start
        #1 returns [A{n=1}]
        #2 sends A{n=2}
        #2 returns nothing
        #3 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=1}] -> first.0 returned list; work.0 running A; run #2 work(A{n=1})
            #2 sends A{n=2} -> work.1 running A; run #3 work(A{n=2})
            #2 returns nothing -> work.0 returned nothing; merge.0 running CollectionReleaseEvent; run #4 merge([0:A{n=1}])
            #3 returns B -> work.1 returned B; unhandled B
        "#]],
    );
}

#[test]
fn rt_1_sd_4_a_body_that_is_run_again_sends_nothing_twice() {
    check(
        FLOW,
        "0 start Start
        #1 sends A{n=1}
        resume
        #1 sends A{n=1} nth 0
        #1 sends A{n=2}
        resume
        #1 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A{n=1} -> work.0 running A; run #2 work(A{n=1})
            resume -> run #1 first(Start) having sent A; run #2 work(A{n=1})
            #1 sends A{n=1} nth 0 -> ignored
            #1 sends A{n=2} -> work queued A
            resume -> run #1 first(Start) having sent A A; run #2 work(A{n=1})
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn sd_4_sends_of_branches_are_told_apart() {
    check(
        FLOW,
        "0 start Start
        #1.a sends A{n=1}
        #1.b sends A{n=2}
        #1.a sends A{n=1} nth 0
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a sends A{n=1} -> work.0 running A; run #2 work(A{n=1})
            #1.b sends A{n=2} -> work queued A
            #1.a sends A{n=1} nth 0 -> ignored
            resume -> run #1 first(Start) having sent A A; run #2 work(A{n=1})
        "#]],
    );
}

#[test]
fn sd_5_a_send_after_the_body_has_ended_does_nothing() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        #1 sends A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            #1 sends A -> ignored
        "#]],
    );
}

#[test]
fn sd_6_r_2_a_body_that_sends_and_then_waits_sends_once() {
    check(
        FLOW,
        "0 start Start
        #1 sends A
        #1 waits Answer
        #1 parks
        event Answer
        #1 sends A nth 0
        #1 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 sends A -> work.0 running A; run #2 work(A)
            #1 waits Answer -> first.0 waiting
            #1 parks -> nothing
            event Answer -> first.0 running Start; run #1 first(Start) having sent A having got Answer
            #1 sends A nth 0 -> ignored
            #1 returns nothing -> first.0 returned nothing
        "#]],
    );
}

#[test]
fn ex_7_what_a_body_sends_while_it_waits_counts() {
    check(
        FLOW,
        "0 start Start
        #1.a waits Answer
        #1.b sends A
        #1 parks
        settle
        #2 returns nothing
        settle
        #1.b sends Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer -> first.0 waiting
            #1.b sends A -> work.0 running A; run #2 work(A)
            #1 parks -> nothing
            settle -> ignored
            #2 returns nothing -> work.0 returned nothing
            settle -> idle
            #1.b sends Answer -> first.0 running Start; run #1 first(Start) having sent A Answer having got Answer
        "#]],
    );
}
