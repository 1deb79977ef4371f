//! What waits, and what batches hold, when another definition holds.

use crate::Misfit;
use expect_test::expect;

use super::script::Scene;
use super::{check, watch};

/// The same steps in another order; without `work`; with steps of another kind; with other slots.
const FLOW: &str = "
    start Start
    response Answer
    awaits Answer
    first takes Start
    work x2 takes A
    both takes all C D
    merge joins B
    rescue catches work
    first fills merge
---
    awaits Answer
    rescue catches work
    merge joins B
    both takes all C D
    work x2 takes A
    first takes Start
    first fills merge
---
    awaits Answer
    merge joins B
    both takes all C D
    first takes Start
    first fills merge
---
    awaits Answer
    first takes Start
    work x2 takes A
    both takes C D
    merge takes B
    rescue catches work
---
    first takes Start
    work x2 takes A
    both takes all D C
    merge takes 1 of B
    rescue catches all
";

#[test]
fn sr_5_waits_and_their_timers_move_with_their_step() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2 waits Answer n=1 within 5000
        #3 waits Answer n=2
        #2 parks
        #3 parks
        redefine 2
        event Answer{n=2}
        5000 timer 1 due 5000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            #2 waits Answer n=1 within 5000 -> set timer 1 at 5000; work.0 waiting
            #3 waits Answer n=2 -> work.1 waiting
            #2 parks -> nothing
            #3 parks -> nothing
            redefine 2 -> nothing
            event Answer{n=2} -> work.0 running A; run #3 work(A) having got Answer{n=2}
            5000 timer 1 due 5000 -> work.1 running A; run #2 work(A) having waited in vain for Answer
        "#]],
    );
}

#[test]
fn sr_5_a_step_that_waits_and_moved_gets_an_event_once() {
    check(
        "start Start
        first takes Start
        work takes A Answer
        ---
        work takes A Answer
        first takes Start",
        "0 start Start
        event A
        #2 waits Answer
        redefine 2
        event Answer
        event Answer",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 waits Answer -> work.0 waiting
            redefine 2 -> nothing
            event Answer -> work.0 running A; run #2 work(A) having got Answer
            event Answer -> work.1 running Answer; run #3 work(Answer)
        "#]],
    );
}

#[test]
fn sr_5_batches_and_joins_move_with_their_steps() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        #2 returns B{n=2}
        redefine 2
        #3 returns B{n=3}
        resume",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            #2 returns B{n=2} -> work.0 returned B
            redefine 2 -> nothing
            #3 returns B{n=3} -> work.1 returned B; merge.0 running CollectionReleaseEvent; run #4 merge([0:B{n=2} 1:B{n=3}])
            resume -> run #4 merge([0:B{n=2} 1:B{n=3}])
        "#]],
    );
}

#[test]
fn sr_5_slots_move_with_their_step() {
    check(
        FLOW,
        "0 start Start
        event C
        redefine 2
        event D",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event C -> nothing
            redefine 2 -> nothing
            event D -> both.0 running D; run #2 both(C + D)
        "#]],
    );
}

#[test]
fn sr_5_buffers_move_with_their_step() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        #2 collects A{n=1} of [A A]
        redefine 2
        #3 collects A{n=2} of [A A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            #2 collects A{n=1} of [A A] -> answer #2 no set
            redefine 2 -> nothing
            #3 collects A{n=2} of [A A] -> answer #3 [A{n=1} A{n=2}]
        "#]],
    );
}

#[test]
fn sr_5_retries_move_with_their_step() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 fails no, again in 1000
        redefine 2
        1000 timer 1 due 1000
        #2/2 fails no",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 fails no, again in 1000 -> work.0 failed; set timer 1 at 1000
            redefine 2 -> nothing
            1000 timer 1 due 1000 -> work.0 running A; run #2/2 work(A)
            #2/2 fails no -> work.0 failed; rescue.0 running StepFailedEvent; run #3 rescue(work(A) failed 2 in 1000 ms: no; no, no)
        "#]],
    );
}

#[test]
fn sr_5_queues_move_with_their_step() {
    check(
        FLOW,
        "0 start Start
        event A
        event A
        event A
        event A
        #2 waits Answer
        event Answer
        redefine 2
        #3 returns nothing
        #4 returns nothing
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            event A -> work.1 running A; run #3 work(A)
            event A -> work queued A
            event A -> work queued A
            #2 waits Answer -> work.0 waiting; work.0 running A; run #4 work(A)
            event Answer -> work queued A
            redefine 2 -> nothing
            #3 returns nothing -> work.1 returned nothing; work.1 running A; run #2 work(A) having got Answer
            #4 returns nothing -> work.0 returned nothing; work.0 running A; run #5 work(A)
            #2 returns nothing -> work.1 returned nothing
        "#]],
    );
}

#[test]
fn sr_5_a_delay_goes_with_its_step() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 fails no, again in 1000
        redefine 3
        1000 timer 1 due 1000
        #1 returns nothing
        settle",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 fails no, again in 1000 -> work.0 failed; set timer 1 at 1000
            redefine 3 -> clear timer 1
            1000 timer 1 due 1000 -> ignored
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
        "#]],
    );
}

#[test]
fn sr_5_a_wait_goes_with_its_step() {
    check(
        FLOW,
        "0 start Start
        event A
        #2 waits Answer within 5000
        #2 parks
        redefine 3
        event Answer
        5000 timer 1 due 5000",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A -> work.0 running A; run #2 work(A)
            #2 waits Answer within 5000 -> set timer 1 at 5000; work.0 waiting
            #2 parks -> nothing
            redefine 3 -> clear timer 1
            event Answer -> nothing
            5000 timer 1 due 5000 -> ignored
        "#]],
    );
}

/// A body that takes one event cannot be given two.
#[test]
fn sr_5_work_goes_with_a_step_that_takes_another_kind_of_input() {
    check(
        FLOW,
        "0 start Start
        event C
        event D
        event C
        #1 returns []
        redefine 4
        resume
        event C
        event B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event C -> nothing
            event D -> both.0 running D; run #2 both(C + D)
            event C -> nothing
            #1 returns [] -> first.0 returned list; merge.0 running CollectionReleaseEvent; run #3 merge([])
            redefine 4 -> nothing
            resume -> nothing
            event C -> both.0 running C; run #4 both(C)
            event B -> merge.0 running B; run #5 merge(B)
        "#]],
    );
}

#[test]
fn sr_5_a_batch_is_bound_as_it_was_when_it_was_opened() {
    check(
        "start Start
        first takes Start
        work takes A
        merge joins B
        log joins B
        first fills merge
        ---
        first takes Start
        work takes A
        merge joins B
        log joins B
        first fills log",
        "0 start Start
        #1 returns [A]
        redefine 2
        #2 returns B",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A] -> first.0 returned list; work.0 running A; run #2 work(A)
            redefine 2 -> nothing
            #2 returns B -> work.0 returned B; merge.0 running CollectionReleaseEvent; run #3 merge([0:B])
        "#]],
    );
}

#[test]
fn sr_5_all_that_a_step_holds_is_its_work() {
    let scene = Scene::parse(FLOW);
    let misfit = |script: &[&str], number: usize| {
        let other = scene.definitions.get(scene.ids[number - 1]).unwrap();
        let seen = watch(FLOW, script, |run| run.fits(other));
        let missing = seen.last().unwrap().clone().err().map(|misfit: Misfit| misfit.missing_steps);
        let names = missing.iter().flatten().map(|step| step.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    let after = |more: &[&'static str]| {
        let mut script = vec!["0 start Start", "event A"];
        script.extend(more);
        script
    };
    let delayed = after(&["#2 fails no, again in 1000"]);
    assert_eq!(misfit(&delayed, 2), "");
    assert_eq!(misfit(&delayed, 3), "work");
    assert_eq!(misfit(&after(&["#2 waits Answer", "#2 parks"]), 3), "work");
    assert_eq!(misfit(&after(&["#2 fails no"]), 3), "rescue");
    let collected = after(&["#2 collects A of [A A]", "#2 returns nothing"]);
    assert_eq!(misfit(&collected, 3), "work");
    assert_eq!(misfit(&after(&["#2 returns nothing", "event C"]), 4), "both");
    assert_eq!(misfit(&after(&["#2 returns nothing", "event C"]), 5), "both");
    assert_eq!(misfit(&after(&["#1 returns [A]"]), 4), "merge");
    assert_eq!(misfit(&after(&["#1 returns [A]"]), 5), "", "it takes fewer of the same");
    assert_eq!(misfit(&after(&["#2 returns nothing", "#1 returns []"]), 4), "merge");
    assert_eq!(misfit(&after(&["#2 returns nothing", "#1 returns nothing"]), 3), "");
    assert_eq!(misfit(&after(&["#2 returns nothing", "#1 returns nothing"]), 4), "");
}

#[test]
fn a_join_that_has_run_and_is_over_is_no_work() {
    let flow = "
        start Start
        first takes Start
        work takes A
        some takes 1 of B
        first fills some
    ---
        first takes Start
        work takes A";
    let scene = Scene::parse(flow);
    let other = scene.definitions.get(scene.ids[1]).unwrap();
    let script = [
        "0 start Start",
        "#1 returns [A A]",
        "#2 returns B",
        "#4 returns nothing",
        "#3 returns nothing",
    ];
    let seen = watch(flow, &script, |run| run.fits(other).is_ok());
    assert_eq!(seen, [true, false, false, true, true]);
}
