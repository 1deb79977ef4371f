//! Joins without batches, and events that never meet.

use expect_test::expect;

use super::check;

#[test]
fn va_10_a_join_takes_what_is_in_a_batch() {
    check(
        "a: Start -> A\n b: Join<A> -> Stop",
        expect![
            "step `b` joins `A`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`"
        ],
    );
    check(
        "a: Start -> [A] | B\n b: Join<A | B> -> Stop",
        expect![
            "step `b` joins `B`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`"
        ],
    );
}

#[test]
fn va_10_a_list_of_something_else_is_not_enough() {
    check(
        "split: Start -> [Page]
         count: Start -> Number
         tie: Join<Page> -> Text
         end: Join<Number | Text> -> Stop",
        expect![[r#"
            step `end` joins `Number`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`
            step `end` joins `Text`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`"#]],
    );
}

#[test]
fn va_10_what_a_join_takes_is_used_up_in_its_batch() {
    check(
        "split: Start -> [A]\n tie: Join<A> -> B\n end: Join<B> -> Stop",
        expect![
            "step `end` joins `B`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`"
        ],
    );
}

#[test]
fn va_10_additional_events_responses_and_starts_are_in_no_batch() {
    check(
        "a: Start -> Stop\n b: Join<Sent | Answer | Start> -> -\n + Sent",
        expect![[r#"
        step `b` joins `Start`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`
        step `b` joins `Sent`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`
        step `b` joins `Answer`, but no batch has it; return a `Vec` or `FanOut` of what it comes from, or take single events, several as a tuple, or count them with `ctx.collect()`"#]],
    );
}

#[test]
fn va_10_an_event_from_nowhere_is_reported_once() {
    check(
        "a: Start -> Stop\n b: Join<A> -> -\n c: Join<Stop> -> -",
        expect![[r#"
        step `b` accepts `A`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent
        step `c` accepts the stop event `Stop`, but a run ends with it"#]],
    );
}

#[test]
fn va_10_lists_need_no_join_and_joins_may_share_a_batch() {
    check("a: Start -> [A]\n b: A -> Stop", expect![""]);
    check("a: Start -> [A]\n b: Join<A> -> Stop\n c: Take<A, 2> -> -", expect![""]);
    check("a: Start -> [A]\n d: A -> [A]\n b: Join<A> -> Stop", expect![""]);
}

#[test]
fn va_11_events_that_a_step_takes_together_come_to_one_level() {
    check(
        "f: Start -> [A]\n b: Start -> B\n j: A & B -> Stop",
        expect![
            "step `j` takes several events together, but they never meet: `A` is in batches of `f`, `B` is in no batch; let them come from one batch, or all from outside of batches"
        ],
    );
    check(
        "f: Start -> [A]
         g: Start -> [B]
         h: Start -> [A]
         j: A & B -> Stop",
        expect![
            "step `j` takes several events together, but they never meet: `A` is in batches of `f` and `h`, `B` is in batches of `g`; let them come from one batch, or all from outside of batches"
        ],
    );
}

#[test]
fn va_11_a_common_level_is_outside_or_in_one_batch() {
    check("a: Start -> A\n b: Start -> B\n j: A & B -> Stop", expect![""]);
    check("f: Start -> [A] | [B]\n j: A & B -> Stop", expect![""]);
    check("f: Start -> [C]\n a: C -> A\n b: C -> B\n j: A & B & A -> Stop", expect![""]);
    check("a: Start -> A\n j: A & Answer & Sent -> Stop\n + Sent", expect![""]);
}

#[test]
fn va_11_each_two_of_three_may_meet_and_yet_not_all() {
    check(
        "f: Start -> [A] | [B]
         g: Start -> [B] | [C]
         h: Start -> [A] | [C]
         j: A & B & C -> Stop",
        expect![
            "step `j` takes several events together, but they never meet: `A` is in batches of `f` and `h`, `B` is in batches of `f` and `g`, `C` is in batches of `g` and `h`; let them come from one batch, or all from outside of batches"
        ],
    );
}

#[test]
fn va_11_an_event_from_nowhere_is_reported_once() {
    check(
        "f: Start -> [A]\n j: A & B -> Stop",
        expect![
            "step `j` accepts `B`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent"
        ],
    );
}

#[test]
fn va_11_what_an_additional_event_leads_to_is_outside() {
    check(
        "f: Start -> [A]\n b: Sent -> B\n j: A & B -> Stop\n + Sent",
        expect![
            "step `j` takes several events together, but they never meet: `A` is in batches of `f`, `B` is in no batch; let them come from one batch, or all from outside of batches"
        ],
    );
    check("f: Start -> [A]\n b: Sent -> B\n j: A & B -> Stop\n + Sent, A", expect![""]);
}
