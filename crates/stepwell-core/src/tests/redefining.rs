//! How a run goes on under another definition.

use expect_test::expect;

use super::script::Scene;
use super::{check, watch};
use crate::{Misfit, RunState};

const FLOW: &str = "
    start Start
    stop Stop
    first takes Start
    work x2 takes A
    last takes B
---
    last takes B
    work x2 takes A
    first takes Start
---
    first takes Start
    work x1 takes A
    last takes B
---
    first takes Start
    work x4 takes A
    last takes B
---
    first takes Start
    last takes B A
";

#[test]
fn a_definition_holds_until_another_is_named() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A]
        redefine 2
        #2 returns B
        event A
        redefine 1
        event A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A)
            redefine 2 -> nothing
            #2 returns B -> work.0 returned B; last.0 running B; run #4 last(B)
            event A -> work.0 running A; run #5 work(A)
            redefine 1 -> nothing
            event A -> work queued A
        "#]],
    );
}

#[test]
fn work_stays_with_its_step_when_the_order_of_steps_changes() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A B]
        redefine 2
        resume
        #2 returns nothing
        #5 returns Stop",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A B] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A; last.0 running B; run #5 last(B)
            redefine 2 -> nothing
            resume -> run #2 work(A); run #3 work(A); run #5 last(B)
            #2 returns nothing -> work.0 returned nothing; work.0 running A; run #4 work(A)
            #5 returns Stop -> last.0 returned Stop; publish Stop; end completed Stop
        "#]],
    );
}

#[test]
fn a_lowered_limit_waits_until_bodies_have_ended() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A]
        redefine 3
        resume
        #2 returns nothing
        #3 returns nothing
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A
            redefine 3 -> nothing
            resume -> run #2 work(A); run #3 work(A)
            #2 returns nothing -> work.0 returned nothing
            #3 returns nothing -> work.1 returned nothing; work.0 running A; run #4 work(A)
            #4 returns nothing -> work.0 returned nothing
        "#]],
    );
}

#[test]
fn a_raised_limit_takes_work_from_the_queue() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A A A]
        redefine 4
        #4 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A A A] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A; work queued A; work queued A
            redefine 4 -> work.2 running A; run #4 work(A); work.3 running A; run #5 work(A)
            #4 returns nothing -> work.2 returned nothing; work.2 running A; run #6 work(A)
        "#]],
    );
}

#[test]
fn sr_5_work_of_a_step_that_is_gone_goes_with_it() {
    check(
        FLOW,
        "0 start Start
        #1 returns [A A A B]
        redefine 5
        #2 returns Stop
        resume
        #5 returns A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A A A B] -> first.0 returned list; work.0 running A; run #2 work(A); work.1 running A; run #3 work(A); work queued A; last.0 running B; run #5 last(B)
            redefine 5 -> nothing
            #2 returns Stop -> ignored
            resume -> run #5 last(B)
            #5 returns A -> last.0 returned A; last.0 running A; run #6 last(A)
        "#]],
    );
}

#[test]
fn redefining_a_run_at_rest_does_not_wake_it() {
    check(
        FLOW,
        "0 start Start
        #1 returns nothing
        settle
        redefine 5
        event A",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns nothing -> first.0 returned nothing
            settle -> idle
            redefine 5 -> nothing
            event A -> last.0 running A; run #2 last(A)
        "#]],
    );
}

#[test]
fn sr_5_a_definition_fits_if_it_has_every_step_with_work() {
    let scene = Scene::parse(FLOW);
    let definition = |number: usize| scene.definitions.get(scene.ids[number - 1]).unwrap();
    let script = [
        "0 start Start",
        "#1 returns [A A A]",
        "#2 returns nothing",
        "#3 returns nothing",
        "#4 returns nothing",
        "event A",
        "cancel",
    ];
    let fits = watch(FLOW, &script, |run| {
        assert_eq!(run.fits(definition(2)), Ok(()), "the same steps in another order");
        run.fits(definition(5))
    });
    let missing = Err(Misfit { missing_steps: vec!["work".into()] });
    let expected =
        [Ok(()), missing.clone(), missing.clone(), missing.clone(), Ok(()), missing, Ok(())];
    assert_eq!(fits, expected);
}

#[test]
fn a_run_that_has_not_begun_fits_everything() {
    let scene = Scene::parse(FLOW);
    let run = RunState::new(scene.definitions.clone());
    assert!(scene.ids.iter().all(|id| run.fits(scene.definitions.get(*id).unwrap()).is_ok()));
}
