//! Waits that could never be answered are refused at the call.

use std::future::IntoFuture;

use expect_test::expect;
use stepwell::{Context, Event, StartEvent, StepError, StopEvent, Workflow};

use crate::kit::soon;

#[derive(Event)]
#[event(response)]
struct Decision {
    order: u64,
}

/// Runs a step that waits, and returns why it failed.
async fn refusal(declared: bool, field: &'static str) -> String {
    let builder =
        Workflow::builder("Waits").step("ask", move |_: StartEvent, ctx: Context| async move {
            let decision = ctx.wait::<Decision>().matching(field, 7).await?;
            Ok::<_, StepError>(StopEvent::new(decision.order))
        });
    let builder = if declared { builder.additional_event::<Decision>() } else { builder };
    let run = builder.build().unwrap().run(StartEvent::new()).await.unwrap();
    soon(run.into_future()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn sz_3_a_wait_for_a_type_that_nobody_could_send_is_refused() {
    expect!["step `ask` failed: the workflow does not know `Decision`, so nobody could send it; declare it with `.additional_event::<Decision>()` or `#[workflow(events = [Decision])]`"]
        .assert_eq(&refusal(false, "order").await);
}

#[tokio::test]
async fn we_10_a_wait_for_a_field_that_the_type_lacks_is_refused() {
    expect!["step `ask` failed: `Decision` has no field `ordre`, so nothing could match"]
        .assert_eq(&refusal(true, "ordre").await);
}
