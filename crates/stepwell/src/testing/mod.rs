//! Tests of workflows: a process that runs them, in which a test decides what time it is and when
//! everything crashes.
//!
//! Behind the feature `testing`; it is for `[dev-dependencies]`.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use stepwell::testing::TestKit;
//! use stepwell::{Context, ContextError, Event, StepError, StopEvent, Workflow};
//!
//! #[derive(Event)]
//! #[event(start)]
//! struct Order {
//!     id: u64,
//! }
//!
//! #[derive(Event)]
//! #[event(request)]
//! struct Approve {
//!     order: u64,
//! }
//!
//! #[derive(Event)]
//! #[event(response)]
//! struct Decision {
//!     order: u64,
//!     ok: bool,
//! }
//!
//! /// Asks a person, and takes no answer in a week for a no.
//! async fn buy(order: Order, ctx: Context<u64>) -> Result<StopEvent, StepError> {
//!     let decision = ctx
//!         .wait::<Decision>()
//!         .matching("order", order.id)
//!         .within(Duration::from_secs(7 * 24 * 60 * 60))
//!         .asking(Approve { order: order.id });
//!     let ok = match decision.await {
//!         Ok(decision) => decision.ok,
//!         Err(ContextError::TimedOut) => false,
//!         Err(error) => return Err(error.into()),
//!     };
//!     if ok {
//!         ctx.update(|bought| *bought += 1).await?;
//!     }
//!     Ok(StopEvent::new(ok))
//! }
//!
//! fn shop() -> Workflow {
//!     Workflow::builder("Shop")
//!         .state::<u64>()
//!         .additional_event::<Decision>()
//!         .step("buy", buy)
//!         .build()
//!         .expect("the graph is whole")
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A person says yes, and the process crashes in between.
//! let mut t = TestKit::new(shop()).await;
//! let run = t.start(Order { id: 1 }).await;
//! let asked: Approve = t.expect(&run).await;
//! t.crash_and_recover().await;
//! t.send(&run, Decision { order: asked.order, ok: true }).await;
//! let stop: StopEvent = t.result(&run).await?;
//! assert_eq!(stop.result, true);
//! assert_eq!(t.state::<u64>(&run).await, 1);
//! t.assert_executions("buy", 2); // once in each life of the process
//!
//! // Nobody answers. The week takes no time.
//! let run = t.start(Order { id: 2 }).await;
//! let stop: StopEvent = t.result(&run).await?;
//! assert_eq!(stop.result, false);
//!
//! // It comes out the same wherever the process crashes.
//! let report = TestKit::for_every_crash_point(shop, async |t: &mut TestKit| {
//!     let run = t.start(Order { id: 3 }).await;
//!     t.expect::<Approve>(&run).await;
//!     t.send(&run, Decision { order: 3, ok: true }).await;
//!     t.outcome(&run).await
//! });
//! assert!(report.await.crashes >= 8);
//! # Ok(())
//! # }
//! ```
//!
//! # What runs, and when
//!
//! The engine has a thread and a tokio runtime of its own, and runs only while the test awaits a
//! method of the kit. Between two calls nothing happens, so a test comes out the same each time,
//! in whatever runtime it runs itself. Each call returns as soon as it has its answer:
//! [`start`](TestKit::start) and [`send`](TestKit::send) when what they did is durable,
//! [`expect`](TestKit::expect) when the event is on the stream. To let a run do all that it can
//! do now, await [`until_idle`](TestKit::until_idle).
//!
//! # What time it is
//!
//! The clock of the kit, which is also that of `tokio::time` within bodies, stands still as long as
//! anything can run.
//!
//! - [`advance`](TestKit::advance) lets time pass. What comes due meanwhile happens when it is due,
//!   in order: sleeps, waits that run out, retries, timeouts, and what bodies do after
//!   `tokio::time::sleep`.
//! - [`expect`](TestKit::expect), [`result`](TestKit::result) and [`outcome`](TestKit::outcome) let
//!   time go on by themselves, always to the next moment at which something is due. If nothing is,
//!   they fail at once and say what the run waits for.
//! - [`until_idle`](TestKit::until_idle) does so only while a body is busy, never while the run
//!   waits.
//! - With [`hold_clock`](TestKitBuilder::hold_clock) time goes on in `advance` and nowhere else.
//!
//! To the kit, a body that waits for another process looks as if it waited for time to pass. So let
//! bodies talk to stand-ins that answer at once, or hold the clock: then the kit waits for them by
//! the clock on the wall.
//!
//! # What a crash is
//!
//! [`crash_and_recover`](TestKit::crash_and_recover) ends the process as `kill -9` would. From that
//! moment nothing is written. All tasks are dropped where they stand, those that bodies have
//! spawned too; what [`resource_with`](crate::workflow::Builder::resource_with) made is forgotten.
//! A new engine on the same store goes on. What the test holds stays: its [`TestRun`]s, and
//! whatever it shares with bodies, which is to them as another system is.
//!
//! [`for_every_crash_point`](TestKit::for_every_crash_point) runs a scenario with a crash before
//! and after every write to the store, and requires that it comes out the same each time. A call
//! of the kit that a crash interrupts is made again, and takes effect once.
//!
//! # What is deliberately not here
//!
//! - **No threads that are killed.** Rust runs destructors when tasks are dropped, and a
//!   [blocking step](crate::workflow::Builder::blocking_step) goes on until it next calls its
//!   context.
//! - **No other engine.** What runs here is what runs in production, on a store that is cut off
//!   and a clock that is paused.
//! - **No chance.** A scenario crashes at every point once, not at some.

mod asks;
mod builder;
mod count;
mod gate;
mod kit;
mod life;
mod log;
mod look;
mod outcome;
mod points;
mod rest;
mod text;
mod worker;
mod world;

pub use builder::TestKitBuilder;
pub use kit::{TestKit, TestRun};
pub use outcome::Outcome;
pub use points::{CrashPoint, CrashReport};
