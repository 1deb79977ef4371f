//! Runs from start to end: results, failures, limits.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use expect_test::expect;
use stepwell::engine::{EngineError, Start};
use stepwell::event::EventType;
use stepwell::store::{HandlerFilter, Status};
use stepwell::{
    Context, Event, Family, HumanResponseEvent, Payload, RawEvent, StartEvent, StepError,
    StopEvent, Workflow,
};

use crate::kit::{
    Count, Home, ITEMS, Tally, counting, on_each_store, open, soon, stream_text, until,
};

fn one_step<F, R>(body: F) -> Workflow
where
    F: Fn(StartEvent, Context) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("OneStep").step("step", body).build().unwrap()
}

fn start(handler: Option<&str>) -> Start {
    let input = EventType::of::<StartEvent>(None).read(&Payload::object()).unwrap();
    Start { workflow: "it".to_owned(), input, handler: handler.map(str::to_owned), state: None }
}

on_each_store! {
    fl_1_a_failed_step_ends_the_run_with_its_message,
    to_3_a_run_that_is_busy_for_too_long_times_out,
    cn_1_a_cancelled_run_has_ended_when_cancel_returns,
    a_run_starts_only_with_the_start_event_of_its_workflow,
    a_handler_that_is_used_again_keeps_its_place_and_its_state,
    of_many_starts_with_one_handler_exactly_one_wins,
    a_purged_handler_is_gone_and_its_state_is_forgotten,
    a_stop_event_from_outside_ends_nothing,
}

#[tokio::test]
async fn a_run_counts_everything_once_and_returns_the_result() {
    let workflow = counting(Arc::new(AtomicU64::new(0)));
    let run = workflow.run(Count { items: ITEMS }).await.unwrap();
    let stop: StopEvent = soon(run.result()).await.unwrap();
    assert_eq!(stop.result, ITEMS * (ITEMS + 1) / 2);
}

#[tokio::test]
async fn ex_8_sends_are_routed_in_program_order_and_before_the_result() {
    #[derive(Event)]
    struct Note {
        text: String,
    }
    let workflow = Workflow::builder("Order")
        .state::<Vec<String>>()
        .step("write", |_: StartEvent, ctx: Context<Vec<String>>| async move {
            ctx.send(Note { text: "first".to_owned() }).await?;
            ctx.send_to("note", Note { text: "second".to_owned() }).await?;
            Ok::<_, StepError>(Note { text: "third".to_owned() })
        })
        .step_with(
            "note",
            stepwell::StepOptions::new().workers(1),
            |note: Note, ctx: Context<Vec<String>>| async move {
                let notes = ctx.update(|notes| {
                    notes.push(note.text);
                    notes.clone()
                });
                let notes = notes.await?;
                Ok::<_, StepError>((notes.len() == 3).then(|| StopEvent::new(notes.join(" "))))
            },
        )
        .build()
        .unwrap();
    let stop: StopEvent =
        soon(workflow.run(StartEvent::new()).await.unwrap().result()).await.unwrap();
    assert_eq!(stop.result, "first second third");
}

async fn fl_1_a_failed_step_ends_the_run_with_its_message(home: Home) {
    let engine = open(&home.store(), &one_step(|_, _| async { Err(StepError::new("boom")) })).await;
    let record = soon(engine.start_and_wait(start(Some("h")))).await.unwrap();
    assert_eq!(record.status, Status::Failed);
    let text = stream_text(&engine, "h").await;
    let text = text.split("\"elapsed_seconds\"").next().unwrap();
    expect![[r#"
        0 [step running]
        1 [step failed]
        2 WorkflowFailedEvent {"attempts":1,"#]]
    .assert_eq(text);
    let value = record.end.unwrap().value;
    assert!(value.text().contains(r#""exception_message":"boom""#), "{value:?}");
}

#[tokio::test]
async fn a_panic_in_a_step_fails_the_run_and_nothing_else() {
    let workflow = one_step(|_, _| async { panic!("at the disco") });
    let run = workflow.run(StartEvent::new()).await.unwrap();
    let error = soon(run.into_future()).await.unwrap_err();
    expect!["step `step` failed: the step panicked: at the disco"].assert_eq(&error.to_string());
}

async fn to_3_a_run_that_is_busy_for_too_long_times_out(home: Home) {
    let workflow = Workflow::builder("Nap")
        .timeout(Duration::from_millis(50))
        .step("nap", |_: StartEvent, _: Context| async {
            std::future::pending::<()>().await;
            StopEvent::new("too late")
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start(Some("h")))).await.unwrap();
    assert_eq!(record.status, Status::TimedOut);
    expect![[r#"
        0 [nap running]
        1 WorkflowTimedOutEvent {"active_steps":["nap"],"timeout":0.05}
    "#]]
    .assert_eq(&stream_text(&engine, "h").await);
}

async fn cn_1_a_cancelled_run_has_ended_when_cancel_returns(home: Home) {
    let workflow = one_step(|_, ctx| async move {
        ctx.cancelled().cancelled().await;
        Ok(StopEvent::new("nobody hears this"))
    });
    let engine = open(&home.store(), &workflow).await;
    engine.start(start(Some("h"))).await.unwrap();
    let record = soon(engine.cancel("h")).await.unwrap();
    assert_eq!(record.status, Status::Cancelled);
    assert_eq!(engine.handler("h").await.unwrap().unwrap().status, Status::Cancelled);
    let again = engine.cancel("h").await.unwrap_err();
    expect!["the run of handler `h` has ended"].assert_eq(&again.to_string());
    expect![[r#"
        0 [step running]
        1 WorkflowCancelledEvent {}
    "#]]
    .assert_eq(&stream_text(&engine, "h").await);
}

#[tokio::test]
async fn calls_of_a_body_whose_run_has_ended_say_so() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(once::Once::new(tell));
    let workflow = one_step(move |_, ctx| {
        let tell = Arc::clone(&tell);
        async move {
            ctx.cancelled().cancelled().await;
            let late = ctx.update(|()| ()).await;
            tell.take().send(late.unwrap_err().to_string()).unwrap();
            Ok(StopEvent::default())
        }
    });
    let run = workflow.run(StartEvent::new()).await.unwrap();
    soon(run.cancel()).await.unwrap();
    assert_eq!(soon(told).await.unwrap(), "the run has ended");
}

mod once {
    use std::sync::Mutex;

    /// A value that can be taken once through a shared reference.
    pub(super) struct Once<T>(Mutex<Option<T>>);

    impl<T> Once<T> {
        pub(super) fn new(value: T) -> Self {
            Self(Mutex::new(Some(value)))
        }

        pub(super) fn take(&self) -> T {
            self.0.lock().unwrap().take().expect("it is taken once")
        }
    }
}

#[tokio::test]
async fn an_event_over_the_limit_fails_the_step_that_returns_it() {
    let workflow = one_step(|_, _| async { Ok(StopEvent::new("x".repeat(2 << 20))) });
    let run = workflow.run(StartEvent::new()).await.unwrap();
    let error = soon(run.into_future()).await.unwrap_err();
    expect!["step `step` failed: the returned `StopEvent` is 2097165 bytes long, more than the limit of 1048576"]
        .assert_eq(&error.to_string());
}

#[tokio::test]
async fn a_send_to_a_step_that_does_not_accept_the_event_is_refused_at_the_call() {
    let workflow = one_step(|_, ctx| async move {
        Ok(ctx.send_to("step", HumanResponseEvent::new()).await.map(|()| StopEvent::default())?)
    });
    let run = workflow.run(StartEvent::new()).await.unwrap();
    let error = soon(run.into_future()).await.unwrap_err();
    expect![
        "step `step` failed: step `step` does not exist or does not accept `HumanResponseEvent`"
    ]
    .assert_eq(&error.to_string());
}

async fn a_run_starts_only_with_the_start_event_of_its_workflow(home: Home) {
    let engine = open(&home.store(), &counting(Arc::default())).await;
    let error = engine.start(start(None)).await.unwrap_err();
    expect!["the start event must be a `__main__.Count`, not a `workflows.events.StartEvent`"]
        .assert_eq(&error.to_string());
    let unknown = Start { workflow: "other".to_owned(), ..start(None) };
    let error = engine.start(unknown).await.unwrap_err();
    expect!["there is no workflow `other`"].assert_eq(&error.to_string());
}

async fn a_handler_that_is_used_again_keeps_its_place_and_its_state(home: Home) {
    let workflow = Workflow::builder("Sums")
        .state::<Tally>()
        .step("add", |_: StartEvent, ctx: Context<Tally>| async move {
            let items = ctx.update(|tally| {
                tally.items += 1;
                tally.items
            });
            Ok::<_, StepError>(StopEvent::new(items.await?))
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let mut results = Vec::new();
    for handler in ["a", "b", "a", "a"] {
        let record = soon(engine.start_and_wait(start(Some(handler)))).await.unwrap();
        results.push(format!("{handler} {}", record.end.unwrap().value.text()));
    }
    expect![[r#"a {"result":1} b {"result":1} a {"result":2} a {"result":3}"#]]
        .assert_eq(&results.join(" "));
    let listed = engine.handlers(&HandlerFilter::default()).await.unwrap();
    let listed: Vec<&str> = listed.iter().map(|record| record.handler.as_str()).collect();
    assert_eq!(listed, ["a", "b"]);
}

async fn of_many_starts_with_one_handler_exactly_one_wins(home: Home) {
    let workflow = one_step(|_, ctx| async move {
        ctx.cancelled().cancelled().await;
        Ok(StopEvent::default())
    });
    let engine = open(&home.store(), &workflow).await;
    let starts = (0..20).map(|_| engine.start(start(Some("h"))));
    let answers = futures::future::join_all(starts).await;
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Err(EngineError::Busy(_)))).count();
    assert_eq!((won, busy), (1, 19));
    soon(engine.cancel("h")).await.unwrap();
}

async fn a_purged_handler_is_gone_and_its_state_is_forgotten(home: Home) {
    let engine = open(&home.store(), &one_step(|_, _| async { Ok(StopEvent::new(1)) })).await;
    soon(engine.start_and_wait(start(Some("h")))).await.unwrap();
    engine.purge("h").await.unwrap();
    assert!(engine.handler("h").await.unwrap().is_none());
    let error = engine.purge("h").await.unwrap_err();
    assert!(matches!(error, EngineError::UnknownHandler(_)), "{error}");
}

async fn a_stop_event_from_outside_ends_nothing(home: Home) {
    let workflow = one_step(|_, ctx| async move {
        ctx.cancelled().cancelled().await;
        Ok(StopEvent::default())
    });
    let engine = open(&home.store(), &workflow).await;
    engine.start(start(Some("h"))).await.unwrap();
    let stop = RawEvent::builtin("StopEvent", Family::Stop, Payload::object());
    engine.send("h", stop, None).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().next_sequence >= 2).await;
    soon(engine.cancel("h")).await.unwrap();
    expect![[r#"
        0 [step running]
        1 unhandled StopEvent
        2 WorkflowCancelledEvent {}
    "#]]
    .assert_eq(&stream_text(&engine, "h").await);
}
