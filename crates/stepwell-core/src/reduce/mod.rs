//! The reducer: one function for each kind of tick, and this table of them.

mod batch;
mod call;
mod effect;
mod end;
mod lifecycle;
mod result;
mod route;
mod stage;
mod timer;
mod wait;

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
        if !matches!(entry.tick, Tick::Streamed(_)) {
            self.changed_at = entry.at;
        }
        let told = commands.len();
        match &entry.tick {
            Tick::Started(started) => self.started(started, commands),
            Tick::Received { event, target } => self.received(event, target.as_ref(), commands),
            Tick::Returned { item, output, .. } => self.returned(*item, output, commands),
            Tick::Failed { item, failure, retry, .. } => {
                self.failed(*item, failure, *retry, commands);
            }
            Tick::Sent(sent) => self.sent(sent, commands),
            Tick::Updated(updated) => self.updated(updated, commands),
            Tick::Remembered(remembered) => self.remembered(remembered, commands),
            Tick::WaitBegun(wait) => self.wait_begun(wait, commands),
            Tick::SleepBegun { call, delay } => self.sleep_begun(call, *delay, commands),
            Tick::Collected(collected) => self.collected(collected, commands),
            Tick::CallDropped(call) => self.call_dropped(call, commands),
            Tick::Parked { item, .. } => self.parked(*item, commands),
            Tick::Streamed(streamed) => self.streamed(streamed, commands),
            Tick::Fired { timer, .. } => self.fired(*timer, commands),
            Tick::Cancelled => self.cancelled(commands),
            Tick::Settled => self.settled(commands),
            Tick::Resumed { .. } => self.resumed(before, commands),
            Tick::Redefined { definition } => self.redefined(*definition, commands),
            // Recorded for whoever asks what became of them.
            Tick::Undelivered { .. } => {}
        }
        self.say_if_idle(&mut commands[told..]);
    }

    /// If the last thing to say is that nobody took an event, and nothing else is left to do, says
    /// that too.
    fn say_if_idle(&self, commands: &mut [Command]) {
        let mut items = commands.iter_mut().rev().filter_map(|command| match command {
            Command::Publish(item) => Some(item),
            _ => None,
        });
        if let Some(StreamItem::Unhandled(unhandled)) = items.next() {
            unhandled.idle = self.is_quiet();
        }
    }

    fn publish(&mut self, item: StreamItem, commands: &mut Vec<Command>) {
        self.next_sequence += 1;
        commands.push(Command::Publish(item));
    }
}
