//! What is set rather than shown by signatures.

use std::time::Duration;

use expect_test::{Expect, expect};

use crate::workflow::builder::Builder;
use crate::{Context, Join, StartEvent, StepFailed, StepOptions, StopEvent, Workflow};

#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
#[track_caller]
fn check(builder: Builder, expected: Expect) {
    expected.assert_eq(&builder.build().map_or_else(|error| error.to_string(), |_| String::new()));
}

fn with(options: StepOptions) -> Builder {
    Workflow::builder("Flow")
        .step_with("begin", options, |_: StartEvent, _: Context| async { StopEvent::default() })
}

#[test]
fn va_2_a_step_has_workers_and_time() {
    let options = StepOptions::new().workers(0).timeout(Duration::ZERO).heartbeat(Duration::ZERO);
    check(
        with(options),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `begin` has no workers; give it at least 1
        - the timeout of step `begin` is zero; leave it out for no limit
        - the heartbeat of step `begin` is zero; leave it out for no limit"#]],
    );
}

#[test]
fn va_9_a_workflow_has_runs_and_time() {
    let none = with(StepOptions::new()).concurrent_runs(0);
    check(
        none.timeout(Duration::ZERO).deadline(Duration::ZERO),
        expect![[r#"
        workflow `Flow` cannot run:
        - no run may be in memory at all; let `concurrent_runs` be at least 1
        - the timeout is zero; leave it out for no limit
        - the deadline is zero; leave it out for no limit"#]],
    );
}

#[test]
fn va_4_only_joins_take_the_first_few() {
    check(
        with(StepOptions::new().take(2)),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `begin` is to take the first 2 events of a batch, but it takes no `Join`; take one, or leave `take` out"#]],
    );
    let join = |take| {
        Workflow::builder("Flow")
            .step("split", |_: StartEvent, _: Context| async { vec![Page {}] })
            .step_with("merge", StepOptions::new().take(take), |_: Join<Page>, _: Context| async {
                StopEvent::default()
            })
    };
    check(
        join(0),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `merge` takes the first 0 events of a batch; let it take at least 1"#]],
    );
    check(join(1), expect![""]);
}

#[derive(crate::Event)]
struct Page {}

#[test]
fn va_17_resources_are_provided_and_their_parameters_have_names_of_their_own() {
    let options = || StepOptions::new().needs::<String>("client").needs::<u32>("client");
    check(
        with(options()),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `begin` takes the resource `client: alloc::string::String`, but nobody provides it; add it with `.resource()`
        - step `begin` takes two resources called `client`; give each a name of its own
        - step `begin` takes the resource `client: u32`, but nobody provides it; add it with `.resource()`"#]],
    );
    check(
        with(options()).resource(3_u32),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `begin` takes the resource `client: alloc::string::String`, but nobody provides it; add it with `.resource()`
        - step `begin` takes two resources called `client`; give each a name of its own"#]],
    );
    let each = StepOptions::new().needs::<String>("a").needs::<String>("b").needs::<u32>("c");
    check(with(each).resource(String::new()).resource(3_u32), expect![""]);
}

#[test]
fn what_is_set_and_what_the_graph_lacks_is_reported_together() {
    let flow = with(StepOptions::new().workers(0)).step("lost", |_: Page, _: Context| async {});
    check(
        flow.catch_all("h", 0, |_: StepFailed, _: Context| async {}),
        expect![[r#"
        workflow `Flow` cannot run:
        - step `begin` has no workers; give it at least 1
        - step `lost` accepts `Page`, but no step returns it; mark it `#[event(start)]` if it begins the run or `#[event(response)]` if it comes from outside, or make it an additional event if it is only sent
        - handler `h` is entered 0 times; let `max_recoveries` be at least 1"#]],
    );
}
