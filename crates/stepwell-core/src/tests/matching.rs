//! Which waiters an event answers, and who gets it besides.

use expect_test::expect;

use super::check;

const FLOW: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    awaits Answer
    first takes Start
    work x1 takes A
    other takes Answer
";

/// Nobody but waiters takes an `Answer`, and none is kept.
const ALONE: &str = "
    start Start
    stop Stop
    request Ask
    response Answer
    first takes Start
    work x1 takes A
";

#[test]
fn we_10_fields_that_are_asked_for_must_have_their_values() {
    check(
        ALONE,
        r#"0 start Start
        #1 waits Answer order=7 who=me
        event Answer
        event Answer{order=7}
        event Answer{order=8,who=me}
        event Answer{order=7,who=you}
        event Answer{order="7",who=me}
        event Answer{order=7,who=me,more=1}"#,
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer order=7 who=me -> first.0 waiting
            event Answer -> unhandled Answer
            event Answer{order=7} -> unhandled Answer
            event Answer{order=8,who=me} -> unhandled Answer
            event Answer{order=7,who=you} -> unhandled Answer
            event Answer{order="7",who=me} -> unhandled Answer
            event Answer{order=7,who=me,more=1} -> first.0 running Start; run #1 first(Start) having got Answer{more=1,order=7,who=me}
        "#]],
    );
}

#[test]
fn we_10_a_missing_field_counts_as_null() {
    check(
        ALONE,
        "0 start Start
        #1 waits Answer reason=null
        event Answer{reason=1}
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer reason=null -> first.0 waiting
            event Answer{reason=1} -> unhandled Answer
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
        "#]],
    );
}

#[test]
fn we_10_fields_that_are_not_declared_count_too() {
    check(
        ALONE,
        r#"0 start Start
        #1 waits Answer n=1
        event Answer{_data={"n":2}}
        event Answer{_data={"n":1}}"#,
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer n=1 -> first.0 waiting
            event Answer{_data={"n":2}} -> unhandled Answer
            event Answer{_data={"n":1}} -> first.0 running Start; run #1 first(Start) having got Answer{_data={"n":1}}
        "#]],
    );
}

#[test]
fn we_10_values_are_compared_as_values() {
    check(
        ALONE,
        r#"0 start Start
        #1 waits Answer n=1 of={"a":[1,2.5],"b":null}
        event Answer{n=1.0,of={"b":null}}
        event Answer{n=1.5,of={"a":[1.0,2.5],"b":null}}
        event Answer{n=true,of={"a":[1.0,2.5],"b":null}}
        event Answer{n=1.0,of={"b":null,"a":[1.0,2.5]}}"#,
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer n=1 of={"a":[1,2.5],"b":null} -> first.0 waiting
            event Answer{n=1.0,of={"b":null}} -> unhandled Answer
            event Answer{n=1.5,of={"a":[1.0,2.5],"b":null}} -> unhandled Answer
            event Answer{n=true,of={"a":[1.0,2.5],"b":null}} -> unhandled Answer
            event Answer{n=1.0,of={"b":null,"a":[1.0,2.5]}} -> first.0 running Start; run #1 first(Start) having got Answer{n=1.0,of={"a":[1.0,2.5],"b":null}}
        "#]],
    );
}

#[test]
fn we_10_a_wait_may_name_several_types() {
    check(
        ALONE,
        "0 start Start
        #1 waits Answer|Cancelled n=1
        event Cancelled
        event Cancelled{n=1}
        #1 waits Answer|Cancelled
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer|Cancelled n=1 -> first.0 waiting
            event Cancelled -> unhandled Cancelled
            event Cancelled{n=1} -> first.0 running Start; run #1 first(Start) having got Cancelled{n=1}
            #1 waits Answer|Cancelled -> first.0 waiting
            event Answer -> first.0 running Start; run #1 first(Start) having got Cancelled{n=1} Answer
        "#]],
    );
}

#[test]
fn we_11_an_event_that_answers_nobody_goes_the_usual_way() {
    check(
        "start Start
        response Answer
        first takes Start
        work takes Answer",
        "0 start Start
        #1 waits Answer n=1
        event Answer{n=2}",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer n=1 -> first.0 waiting
            event Answer{n=2} -> work.0 running Answer; run #2 work(Answer{n=2})
        "#]],
    );
}

#[test]
fn rt_5_waiters_come_before_steps() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 waits Answer
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 waits Answer -> work.0 waiting
            event Answer -> work.0 running A; run #2 work(A) having got Answer; other.0 running Answer; run #3 other(Answer)
        "#]],
    );
}

#[test]
fn rt_6_a_waiter_takes_the_event_from_its_own_step_only() {
    check(
        "start Start
        first takes Start
        both x2 takes A Answer
        other takes Answer",
        "0 start Start
        event A
        #2 waits Answer
        event Answer
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> both.0 running A; run #2 both(A)
            #2 waits Answer -> both.0 waiting
            event Answer -> both.0 running A; run #2 both(A) having got Answer; other.0 running Answer; run #3 other(Answer)
            event Answer -> both.1 running Answer; run #4 both(Answer); other.1 running Answer; run #5 other(Answer)
        "#]],
    );
}

/// The wire says so: whoever waits for a class cannot be addressed.
#[test]
fn rt_6_a_waiter_is_answered_even_by_an_event_for_another_step() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 waits Answer
        event Answer to first
        event Answer to other",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 waits Answer -> work.0 waiting
            event Answer to first -> work.0 running A; run #2 work(A) having got Answer
            event Answer to other -> other.0 running Answer; run #3 other(Answer)
        "#]],
    );
}

#[test]
fn rt_9_an_awaited_event_that_came_too_early_is_kept() {
    check(
        "start Start
        awaits Answer
        first takes Start",
        "0 start Start
        event Answer{n=1}
        event Answer{n=2}
        event Other
        #1 waits Answer n=2
        #1 waits Answer
        #1 waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Answer{n=1} -> nothing
            event Answer{n=2} -> nothing
            event Other -> unhandled Other
            #1 waits Answer n=2 -> answer #1 Answer{n=2}
            #1 waits Answer -> answer #1 Answer{n=1}
            #1 waits Answer -> first.0 waiting
        "#]],
    );
}

#[test]
fn rt_9_a_kept_event_that_is_not_for_those_who_wait_is_told() {
    check(
        "start Start
        awaits Answer
        first takes Start",
        "0 start Start
        #1 waits Answer n=1
        event Answer{n=2}
        event Answer{n=1}
        #1 waits Answer n=2",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer n=1 -> first.0 waiting
            event Answer{n=2} -> unhandled Answer
            event Answer{n=1} -> first.0 running Start; run #1 first(Start) having got Answer{n=1}
            #1 waits Answer n=2 -> answer #1 Answer{n=2}
        "#]],
    );
}

#[test]
fn rt_9_an_event_for_a_step_that_does_not_take_it_is_not_kept() {
    check(
        "start Start
        awaits Answer
        first takes Start",
        "0 start Start
        event Answer to first
        #1 waits Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event Answer to first -> unhandled Answer for first
            #1 waits Answer -> first.0 waiting
        "#]],
    );
}

#[test]
fn hi_1_a_step_asks_and_another_takes_the_answer() {
    check(
        "start Start
        stop Stop
        request Ask
        response Answer
        first takes Start
        last takes Answer",
        "0 start Start
        #1 returns Ask
        settle
        90000000 event Answer
        #2 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns Ask -> first.0 returned Ask; publish Ask
            settle -> idle
            90000000 event Answer -> last.0 running Answer; run #2 last(Answer)
            #2 returns Stop -> last.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn hi_2_a_body_asks_and_waits() {
    check(
        ALONE,
        "0 start Start
        #1 waits Answer asking Ask
        #1 parks
        settle
        event Answer
        #1 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 waits Answer asking Ask -> first.0 waiting; publish Ask
            #1 parks -> nothing
            settle -> idle
            event Answer -> first.0 running Start; run #1 first(Start) having got Answer
            #1 returns Stop -> first.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn hi_3_who_is_meant_is_said_by_fields() {
    check(
        ALONE,
        "0 start Start
        #1.a waits Answer order=1 asking Ask{order=1}
        #1.b waits Answer order=2 asking Ask{order=2}
        #1 parks
        settle
        event Answer{order=2}
        #1 parks
        settle
        event Answer{order=3}
        settle
        event Answer{order=1}
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1.a waits Answer order=1 asking Ask{order=1} -> first.0 waiting; publish Ask {"order":1}
            #1.b waits Answer order=2 asking Ask{order=2} -> publish Ask {"order":2}
            #1 parks -> nothing
            settle -> idle
            event Answer{order=2} -> first.0 running Start; run #1 first(Start) having got Answer{order=2} having begun to wait for Answer
            #1 parks -> first.0 waiting
            settle -> idle
            event Answer{order=3} -> unhandled Answer when idle
            settle -> idle
            event Answer{order=1} -> first.0 running Start; run #1 first(Start) having got Answer{order=2} Answer{order=1}
            resume -> run #1 first(Start) having got Answer{order=2} Answer{order=1}
        "#]],
    );
}
