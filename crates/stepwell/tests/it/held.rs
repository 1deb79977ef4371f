//! What waits in a body must not hold up the others, nor keep its run from resting.

use stepwell::store::Status;
use stepwell::{
    Context, ContextError, Engine, StartEvent, StepError, StepOptions, StopEvent, Workflow,
};

use crate::kit::Home;
use crate::lives::Answer;
use crate::paused::{open, pass, start, status};

async fn is_idle(engine: &Engine, handler: &str) -> bool {
    engine.handler(handler).await.unwrap().unwrap().idle
}

#[tokio::test(start_paused = true)]
async fn a_run_is_idle_again_when_a_task_of_its_body_has_taken_its_answer() {
    let workflow = Workflow::builder("Again")
        .state::<u64>()
        .step("ask", |_: StartEvent, ctx: Context<u64>| async move {
            let task = ctx.branch("task");
            tokio::spawn(async move {
                pass(10).await;
                task.update(|n| *n += 1).await
            });
            let value = ctx.wait::<Answer>().await?.value;
            Ok::<_, StepError>(StopEvent::new(value))
        })
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    pass(5).await;
    assert!(is_idle(&engine, "h").await);
    pass(1000).await;
    assert!(is_idle(&engine, "h").await);
}

#[tokio::test(start_paused = true)]
async fn an_atomic_step_does_not_take_the_state_while_a_branch_of_it_waits() {
    let waiter = StepOptions::new().atomic();
    let holder = StepOptions::new().atomic();
    let workflow = Workflow::builder("Atomic")
        .state::<u64>()
        .step_with("holder", holder, |_: StartEvent, ctx: Context<u64>| async move {
            ctx.update(|n| *n += 1).await?;
            pass(20).await;
            Ok::<Option<StopEvent>, StepError>(None)
        })
        .step_with("waiter", waiter, |_: StartEvent, ctx: Context<u64>| async move {
            let (u, w) = (ctx.branch("u"), ctx.branch("w"));
            let (updated, waited) = tokio::join!(
                async {
                    pass(5).await;
                    u.update(|n| *n += 1).await
                },
                async {
                    pass(10).await;
                    w.wait::<Answer>().await.map(|_| ())
                },
            );
            assert!(matches!(updated, Err(ContextError::Atomic)), "{updated:?}");
            waited?;
            Ok::<Option<StopEvent>, StepError>(None)
        })
        .step("other", |_: StartEvent, ctx: Context<u64>| async move {
            pass(50).await;
            let n = ctx
                .update(|n| {
                    *n += 1;
                    *n
                })
                .await?;
            Ok::<_, StepError>(StopEvent::new(n))
        })
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    pass(100).await;
    assert_eq!(status(&engine, "h").await, Status::Completed);
}
