//! The reducer: one function for each kind of tick, and this table of them.

mod effect;
mod end;
mod lifecycle;
mod result;
mod route;
mod timer;

use crate::{Command, Entry, RunState, StreamItem, Tick};

impl RunState {
    /// Applies one journal entry and appends what to do about it, in order.
    ///
    /// Takes time in proportion to what the entry says, not to the size of the run.
    ///
    /// # Panics
    ///
    /// Panics if the entry names a definition that [`RunState::new`] was not given.
    pub fn apply(&mut self, entry: &Entry, commands: &mut Vec<Command>) {
        if !self.expects(&entry.tick) {
            // It came too late: its run or its attempt is over, or the timer was set anew.
            return;
        }
        let before = std::mem::replace(&mut self.at, entry.at);
        match &entry.tick {
            Tick::Started(started) => self.started(started, commands),
            Tick::Received { event, target } => self.received(event, target.as_ref(), commands),
            Tick::Returned { item, output, .. } => self.returned(*item, output, commands),
            Tick::Failed { item, failure, .. } => self.failed(*item, failure, commands),
            Tick::Sent(sent) => self.sent(sent, commands),
            Tick::Updated(updated) => self.updated(updated),
            Tick::Streamed(streamed) => self.streamed(streamed, commands),
            Tick::Fired { timer, .. } => self.fired(*timer, commands),
            Tick::Cancelled => self.cancelled(commands),
            Tick::Settled => self.settled(commands),
            Tick::Resumed { .. } => self.resumed(before, commands),
            Tick::Redefined { definition } => self.redefined(*definition, commands),
            // Recorded for whoever asks what became of them.
            Tick::Undelivered { .. } => {}
        }
    }

    fn publish(&mut self, item: StreamItem, commands: &mut Vec<Command>) {
        self.next_sequence += 1;
        commands.push(Command::Publish(item));
    }
}
