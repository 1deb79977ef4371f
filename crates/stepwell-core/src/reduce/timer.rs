//! Timers are data: setting one changes the state, and a firing is checked against it.

use crate::state::{Pending, Purpose, Timer};
use crate::{Command, Outcome, RunState, TimerId, Timestamp};

impl RunState {
    pub(super) fn fired(&mut self, timer: TimerId, commands: &mut Vec<Command>) {
        let timer = self.timers.remove(&timer).expect("an expected firing names a timer");
        let definition = self.definition.clone().expect("only an open run has timers");
        match timer.purpose {
            Purpose::Timeout => self.timed_out(definition.timeout, commands),
            Purpose::Deadline => self.timed_out(definition.deadline, commands),
            Purpose::Retry(item) => self.requeue(item, commands),
            Purpose::Call(item, key) => {
                let pending = self.items.get(&item).and_then(|item| item.pending.get(&key));
                let outcome = match pending {
                    Some(Pending::Sleep(_)) => Outcome::Slept,
                    Some(Pending::Wait(_)) => Outcome::TimedOut,
                    None => return,
                };
                self.answer_open(item, &key, outcome, commands);
            }
        }
    }

    pub(super) fn set_timer(
        &mut self,
        due: Timestamp,
        purpose: Purpose,
        commands: &mut Vec<Command>,
    ) -> TimerId {
        self.last_timer.0 += 1;
        let timer = self.last_timer;
        self.timers.insert(timer, Timer { due, purpose });
        commands.push(Command::SetTimer { timer, due });
        timer
    }

    /// Forgets a timer, unless it has fired.
    pub(super) fn clear_timer(&mut self, timer: TimerId, commands: &mut Vec<Command>) {
        if self.timers.remove(&timer).is_some() {
            commands.push(Command::ClearTimer { timer });
        }
    }

    /// Starts the clock that the workflow's timeout goes by.
    pub(super) fn unpause(&mut self, commands: &mut Vec<Command>) {
        self.busy.since = Some(self.at);
        let definition = self.definition.as_ref().expect("only an open run is busy");
        if let Some(timeout) = definition.timeout {
            let due = self.at.after(timeout.saturating_sub(self.busy.before));
            self.busy.timer = Some(self.set_timer(due, Purpose::Timeout, commands));
        }
    }

    /// Stops that clock as of the moment `at`.
    pub(super) fn pause(&mut self, at: Timestamp) {
        if let Some(since) = self.busy.since.take() {
            self.busy.before += at.since(since);
        }
    }

    /// Forgets the timer that goes by that clock.
    pub(super) fn clear_timeout(&mut self, commands: &mut Vec<Command>) {
        if let Some(timer) = self.busy.timer.take() {
            self.clear_timer(timer, commands);
        }
    }
}
