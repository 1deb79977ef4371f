//! What to do: the reducer's output.

use crate::{End, Event, ItemId, Name, Recorded, StreamItem, TimerId, Timestamp};

/// Something the engine must do. It is never journaled: replay derives it again.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run the body of a step; answer with [`Tick::Returned`](crate::Tick::Returned) or
    /// [`Tick::Failed`](crate::Tick::Failed).
    RunStep(Execution),
    /// Append an item to the stream.
    Publish(StreamItem),
    /// Append the items that came with a [`Tick::Streamed`](crate::Tick::Streamed) to the stream.
    PublishStreamed {
        /// How many they are.
        count: usize,
    },
    /// Answer with [`Tick::Fired`](crate::Tick::Fired) at `due`.
    SetTimer {
        /// The timer; one that is set already is moved.
        timer: TimerId,
        /// When to answer.
        due: Timestamp,
    },
    /// Forget a timer.
    ClearTimer {
        /// The timer.
        timer: TimerId,
    },
    /// Stop every body and record how the run ended.
    EndRun(End),
}

/// A body to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// The work item it is run for.
    pub item: ItemId,
    /// The attempt; the first is 1.
    pub attempt: u32,
    /// The step.
    pub step: Name,
    /// The event to call it with.
    pub event: Event,
    /// What this attempt did before it was interrupted; empty unless it was.
    pub recorded: Recorded,
}
