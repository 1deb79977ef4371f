//! Collecting events in a buffer of a step.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    first takes Start
    work takes A B C
    other takes A
";

#[test]
fn ce_1_nothing_expected_is_complete_at_once() {
    check(
        FLOW,
        "0 start Start
        event B
        #2 collects B of []
        event B
        #3 collects B of [B B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            #2 collects B of [] -> answer #2 []
            event B -> work.1 running B; run #3 work(B)
            #3 collects B of [B B] -> answer #3 no set
        "#]],
    );
}

#[test]
fn ce_2_buffers_belong_to_a_step_and_have_names() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 collects A of [A A]
        #3 collects A of [A A]
        event B
        #4 collects A of [A A] in box
        #4 collects A of [A A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A); other.0 running A; run #3 other(A)
            #2 collects A of [A A] -> answer #2 no set
            #3 collects A of [A A] -> answer #3 no set
            event B -> work.1 running B; run #4 work(B)
            #4 collects A of [A A] in box -> answer #4 no set
            #4 collects A of [A A] -> answer #4 [A A]
        "#]],
    );
}

#[test]
fn ce_3_a_set_is_in_the_order_expected_and_equal_types_in_order_of_arrival() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        event B
        #2 collects B{n=1} of [A B A]
        #3 collects A{n=2} of [A B A]
        #4 collects A{n=3} of [A B A]
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            event B -> work.2 running B; run #4 work(B)
            #2 collects B{n=1} of [A B A] -> answer #2 no set
            #3 collects A{n=2} of [A B A] -> answer #3 no set
            #4 collects A{n=3} of [A B A] -> answer #4 [A{n=2} B{n=1} A{n=3}]
            resume -> run #1 first(Start); run #2 work(B) having collected no set; run #3 work(B) having collected no set; run #4 work(B) having collected [A{n=2} B{n=1} A{n=3}]
        "#]],
    );
}

#[test]
fn ce_4_c_6_surplus_is_there_for_the_next_set() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        event B
        event B
        #2 collects A{n=1} of [A B]
        #3 collects A{n=2} of [A B]
        #4 collects B{n=1} of [A B]
        #5 collects B{n=2} of [A B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            event B -> work.2 running B; run #4 work(B)
            event B -> work.3 running B; run #5 work(B)
            #2 collects A{n=1} of [A B] -> answer #2 no set
            #3 collects A{n=2} of [A B] -> answer #3 no set
            #4 collects B{n=1} of [A B] -> answer #4 [A{n=1} B{n=1}]
            #5 collects B{n=2} of [A B] -> answer #5 [A{n=2} B{n=2}]
        "#]],
    );
}

#[test]
fn ce_4_an_event_that_is_not_expected_is_not_collected() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        #2 collects C of [A B]
        #3 collects A of [A C]
        #3 collects C of [A C]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            #2 collects C of [A B] -> answer #2 no set
            #3 collects A of [A C] -> answer #3 no set
            #3 collects C of [A C] -> answer #3 [A C]
        "#]],
    );
}

#[test]
fn ce_6_sets_follow_each_other() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        event B
        event B
        #2 collects A{n=1} of [A A]
        #3 collects A{n=2} of [A A]
        #4 collects A{n=3} of [A A]
        #5 collects A{n=4} of [A A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            event B -> work.2 running B; run #4 work(B)
            event B -> work.3 running B; run #5 work(B)
            #2 collects A{n=1} of [A A] -> answer #2 no set
            #3 collects A{n=2} of [A A] -> answer #3 [A{n=1} A{n=2}]
            #4 collects A{n=3} of [A A] -> answer #4 no set
            #5 collects A{n=4} of [A A] -> answer #5 [A{n=3} A{n=4}]
        "#]],
    );
}

#[test]
fn ce_7_r_3_no_body_runs_twice() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        event B
        #3 collects B{n=3} of [B B B]
        #2 collects B{n=2} of [B B B]
        #4 collects B{n=4} of [B B B]
        #2 returns nothing
        #3 returns nothing
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            event B -> work.2 running B; run #4 work(B)
            #3 collects B{n=3} of [B B B] -> answer #3 no set
            #2 collects B{n=2} of [B B B] -> answer #2 no set
            #4 collects B{n=4} of [B B B] -> answer #4 [B{n=3} B{n=2} B{n=4}]
            #2 returns nothing -> work.0 returned nothing
            #3 returns nothing -> work.1 returned nothing
            #4 returns nothing -> work.2 returned nothing
        "#]],
    );
}

#[test]
fn ce_8_a_set_stays_with_the_body_that_got_it() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        #2 collects B{n=2} of [B B]
        #3 collects B{n=3} of [B B]
        resume
        #3 fails no, again at once
        resume
        #3/2 collects B{n=3} of [B B] nth 0
        #3/2 fails no, again at once",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            #2 collects B{n=2} of [B B] -> answer #2 no set
            #3 collects B{n=3} of [B B] -> answer #3 [B{n=2} B{n=3}]
            resume -> run #1 first(Start); run #2 work(B) having collected no set; run #3 work(B) having collected [B{n=2} B{n=3}]
            #3 fails no, again at once -> work.1 failed; work.1 running B; run #3/2 work(B) having collected [B{n=2} B{n=3}]
            resume -> run #1 first(Start); run #2 work(B) having collected no set; run #3/2 work(B) having collected [B{n=2} B{n=3}]
            #3/2 collects B{n=3} of [B B] nth 0 -> ignored
            #3/2 fails no, again at once -> work.1 failed; work.1 running B; run #3/3 work(B) having collected [B{n=2} B{n=3}]
        "#]],
    );
}

#[test]
fn ce_9_c_6_a_failed_attempt_does_not_count_twice() {
    check(
        FLOW,
        "0 start Start
        event B
        event B
        event B
        #2 collects B{n=2} of [B B B]
        #2 fails no, again at once
        #2/2 collects B{n=2} of [B B B] nth 0
        #3 collects B{n=3} of [B B B]
        #4 collects B{n=4} of [B B B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            event B -> work.1 running B; run #3 work(B)
            event B -> work.2 running B; run #4 work(B)
            #2 collects B{n=2} of [B B B] -> answer #2 no set
            #2 fails no, again at once -> work.0 failed; work.0 running B; run #2/2 work(B) having collected no set
            #2/2 collects B{n=2} of [B B B] nth 0 -> ignored
            #3 collects B{n=3} of [B B B] -> answer #3 no set
            #4 collects B{n=4} of [B B B] -> answer #4 [B{n=2} B{n=3} B{n=4}]
        "#]],
    );
}

#[test]
fn ce_9_what_a_body_put_in_before_a_crash_is_there_once() {
    check(
        FLOW,
        "0 start Start
        event B
        #2 collects B{n=2} of [B B]
        resume
        #2 collects B{n=2} of [B B] nth 0
        event B
        #3 collects B{n=3} of [B B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            #2 collects B{n=2} of [B B] -> answer #2 no set
            resume -> run #1 first(Start); run #2 work(B) having collected no set
            #2 collects B{n=2} of [B B] nth 0 -> ignored
            event B -> work.1 running B; run #3 work(B)
            #3 collects B{n=3} of [B B] -> answer #3 [B{n=2} B{n=3}]
        "#]],
    );
}

#[test]
fn ce_5_names_are_compared_exactly() {
    check(
        FLOW,
        "0 start Start
        event B
        #2 collects AA of [A]
        #2 collects a of [A]
        #2 collects A of [A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event B -> work.0 running B; run #2 work(B)
            #2 collects AA of [A] -> answer #2 no set
            #2 collects a of [A] -> answer #2 no set
            #2 collects A of [A] -> answer #2 [A]
        "#]],
    );
}
