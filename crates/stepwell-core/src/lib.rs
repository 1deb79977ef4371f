//! Decides what a run does next.
//!
//! A *run* is one execution of a workflow. Everything that happens to it arrives as a [`Tick`];
//! everything it wants done leaves as a [`Command`]:
//!
//! ```text
//!             apply               commit                 execute
//!   [Entry] ─────────▶ [Command] ─────────▶ journal row ──────────▶ engine ──▶ next Tick
//! ```
//!
//! The state of a run is the fold of its [`Entry`]s and nothing else. So recovery is
//! [`RunState::apply`] over the journal with the commands thrown away, and a test of the live
//! path is a test of recovery.
//!
//! # What is deliberately not here
//!
//! - **No clock, no randomness, no IO.** Time enters only as [`Entry::at`], so replaying a
//!   journal takes the same decisions as the live run took.
//! - **No hash maps.** Their iteration order differs between processes.
//! - **No errors.** [`RunState::apply`] is total: a tick that no longer matters is ignored.
//! - **No user code.** What the reducer knows about a workflow is its [`Definition`], which is
//!   data and stored beside the journal.
//!
//! This crate's `clippy.toml` bans the names that would break the first two.
//!
//! # Examples
//!
//! ```
//! use stepwell_core::*;
//!
//! let definition = Definition::new("Greeting").step("greet", ["StartEvent"]);
//! let definitions = Definitions::from(definition);
//! let input = Event::new("StartEvent", Family::Start, Payload::object());
//! let started = Started::new(RunId::new("r1"), definitions.newest(), input);
//!
//! let mut run = RunState::new(definitions);
//! let mut commands = Vec::new();
//! run.apply(&Entry { at: Timestamp(0), tick: Tick::Started(started) }, &mut commands);
//!
//! assert!(commands.iter().any(|command| matches!(command, Command::RunStep(_))));
//! ```

mod command;
mod definition;
mod event;
mod id;
mod reduce;
mod state;
mod stream;
mod tick;

#[cfg(test)]
mod tests;

pub use command::{Command, Execution};
pub use definition::{
    DEFAULT_WORKERS, Definition, DefinitionId, Definitions, OnStall, StepDefinition, Trigger,
};
pub use event::{BUILTIN_MODULE, DEFAULT_MODULE, Event, Family, Name, Payload};
pub use id::{BatchId, Call, CallKey, CallKind, InboxId, ItemId, RunId, TimerId, Timestamp};
pub use state::{
    Answer, Begun, End, FailedAttempt, FailedStep, HISTORY, Input, Member, Misfit, Outcome,
    Published, Recorded, RunState, SNAPSHOT_FORMAT, Snapshot, Unusable,
};
pub use stream::{StepChange, StepPhase, StreamItem, Unhandled};
pub use tick::{
    Cause, Collected, Entry, FAILURE_TEXT, Failure, Output, Remembered, SEMANTICS, Sent, Started,
    Streamed, Tick, Updated, Wait,
};
