//! Durable, event-driven workflows.
//!
//! A workflow is a set of async *steps* that accept and return typed *events*. The engine records
//! everything that happens to a *run* in a journal before it acts on it, so a run goes on after
//! `kill -9` where it was, and whoever reads its stream sees every item once.
//!
//! # Examples
//!
//! ```
//! use stepwell::{Context, Event, StopEvent, Workflow};
//!
//! #[derive(Event)]
//! #[event(start)]
//! struct Order {
//!     amount: u64,
//! }
//!
//! #[derive(Event)]
//! struct Paid {
//!     amount: u64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shop = Workflow::builder("Shop")
//!     .step("pay", |order: Order, _: Context| async move { Paid { amount: order.amount } })
//!     .step("thank", |paid: Paid, _: Context| async move {
//!         StopEvent::new(format!("thank you for {}", paid.amount))
//!     })
//!     .build()?;
//!
//! let stop: StopEvent = shop.run(Order { amount: 3 }).await?.result().await?;
//! assert_eq!(stop.result, "thank you for 3");
//! # Ok(())
//! # }
//! ```
//!
//! # What is deliberately not here
//!
//! - **No HTTP.** `stepwell-server` serves an [`Engine`].
//! - **No decisions about a run.** Those are `stepwell-core`'s.

extern crate self as stepwell;

mod context;
mod emit;
pub mod engine;
mod error;
pub mod event;
mod input;
mod macros;
mod resource;
pub mod retry;
mod shape;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod untyped;
pub mod workflow;

pub use context::{BlockingContext, Context, ContextError, MAX_EVENT_BYTES, Wait};
pub use emit::{Emit, Emitter, FanOut};
pub use engine::{Engine, Run, RunError};
pub use error::StepError;
pub use event::{
    Event, EventType, Extra, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent,
};
pub use input::{Accept, AnyInput, Join, StepFailed, StepInput, Take};
pub use macros::{Accept, Emit, catch, step, workflow};
pub use resource::{Res, Resources, config};
pub use shape::{EmitShape, InputShape, TypeRef};
pub use stepwell_core::{
    Event as RawEvent, FailedAttempt, Family, Input as RawInput, OnStall, Payload, RunId,
    StepChange, StepPhase, StreamItem, Timestamp, Unhandled,
};
/// Makes a struct an [`Event`](trait@Event).
///
/// # Examples
///
/// ```
/// use stepwell::{Event, Extra, Family};
///
/// /// Somebody wants something.
/// #[derive(Event)]
/// #[event(start, name = "OrderPlaced", alias = "OrderCreated")]
/// struct Order {
///     /// What they want.
///     goods: String,
///     #[event(default = 1)]
///     pieces: u32,
///     note: Option<String>,
///     #[event(extra)]
///     extra: Extra,
/// }
///
/// assert_eq!(Order::NAME, "OrderPlaced");
/// assert_eq!(Order::FAMILY, Family::Start);
/// ```
///
pub use stepwell_macros::Event;
pub use workflow::{BuildError, IntoWorkflow, StepOptions, Workflow};

/// What the macros write; not for people.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;
    pub use stepwell_core::Family;

    pub use crate::workflow::constant::{
        CatchShape, Mistake, StepShape, blame, check_graph, find_mistake,
    };
    pub use crate::workflow::known::{Known, Unknown, all};
}
