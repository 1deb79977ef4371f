//! What to do: the reducer's output.

use crate::{End, Input, ItemId, Name, StreamItem, TimerId, Timestamp};

/// Something the engine must do. It is never journaled: replay derives it again.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run the body of a step, or let it go on if it waits in this process; one that does
    /// something else there just goes on. Answer with
    /// [`Tick::Returned`](crate::Tick::Returned) or [`Tick::Failed`](crate::Tick::Failed).
    RunStep(Execution),
    /// Tell a body that runs that more of its calls are answered.
    Answer {
        /// The work item it is run for.
        item: ItemId,
    },
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

/// A body to run. What it did before is told by [`RunState::recorded`](crate::RunState::recorded).
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// The work item it is run for.
    pub item: ItemId,
    /// The attempt; the first is 1.
    pub attempt: u32,
    /// The step.
    pub step: Name,
    /// What to call it with.
    pub input: Input,
    /// When the first attempt began.
    pub first_run_at: Timestamp,
}
