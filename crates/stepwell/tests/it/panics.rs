//! Users' code that panics where nobody expects it: the run goes on or fails, but never hangs.

use std::fmt;
use std::time::Duration;

use expect_test::expect;
use stepwell::retry::{RetryPolicy, attempts, fixed, retry};
use stepwell::{Context, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::parts::timed;

const SECOND: Duration = Duration::from_secs(1);

/// Panics when it is dropped.
struct Clingy;

impl Drop for Clingy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("do not drop me");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_when_it_is_dropped_times_out_like_any_other() {
    let options = StepOptions::new().timeout(5 * SECOND);
    let workflow = Workflow::builder("Clingy")
        .step_with("step", options, |_: StartEvent, _: Context| async {
            let _clingy = Clingy;
            std::future::pending::<StopEvent>().await
        })
        .build()
        .unwrap();
    let end = timed(&workflow).await;
    assert!(end.contains("StepTimeout") && end.ends_with("after 5s"), "{end}");
}

/// An error that panics when it is shown, or when it is dropped.
#[derive(Debug)]
struct Nasty {
    shown: bool,
}

impl fmt::Display for Nasty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.shown, "do not show me");
        f.write_str("nasty")
    }
}

impl std::error::Error for Nasty {}

impl Drop for Nasty {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("do not drop me");
        }
    }
}

/// A value that panics when it is dropped, to panic with.
struct Mine;

impl Drop for Mine {
    fn drop(&mut self) {
        panic!("a panic about a panic");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_panics_the_run_goes_on_or_fails() {
    let mut told = String::new();
    for what in ["policy", "drop", "show", "payload"] {
        let policy = match what {
            "policy" => RetryPolicy::custom(|_| panic!("no verdict")),
            _ => retry().wait(fixed(SECOND)).stop(attempts(2)),
        };
        let workflow = Workflow::builder("Panicking")
            .step_with(
                "step",
                StepOptions::new().retry(policy),
                move |_: StartEvent, ctx: Context| async move {
                    if ctx.attempt() == 2 {
                        return Ok::<_, StepError>(StopEvent::new("second"));
                    }
                    match what {
                        "policy" => Err(StepError::new("first")),
                        "drop" => Err(Nasty { shown: false }.into()),
                        "show" => Err(Nasty { shown: true }.into()),
                        _ => std::panic::panic_any(Mine),
                    }
                },
            )
            .build()
            .unwrap();
        told += &format!("{what}: {}\n", timed(&workflow).await);
    }
    expect![[r#"
        policy: WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"the retry policy panicked: no verdict","exception_type":"Panic"},"step_name":"step"} after 0ns
        drop: StopEvent {"result":"second"} after 1s
        show: WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"the step panicked: do not show me","exception_type":"Panic"},"step_name":"step"} after 0ns
        payload: StopEvent {"result":"second"} after 1s
    "#]]
    .assert_eq(&told);
}

/// A step that panics when it is copied for its body.
struct Uncopied;

impl Clone for Uncopied {
    fn clone(&self) -> Self {
        panic!("do not copy me");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_cannot_be_copied_fails() {
    let uncopied = Uncopied;
    let workflow = Workflow::builder("Uncopied")
        .step("step", move |_: StartEvent, _: Context| {
            let _ = &uncopied;
            async { StopEvent::default() }
        })
        .build()
        .unwrap();
    let end = timed(&workflow).await;
    assert!(end.contains("the step panicked: do not copy me"), "{end}");
}
