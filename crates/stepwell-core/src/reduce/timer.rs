//! Timers are data: setting one changes the state, and a firing is checked against it.

use crate::state::{Purpose, Timer};
use crate::{Command, RunState, TimerId, Timestamp};

impl RunState {
    pub(super) fn fired(&mut self, timer: TimerId, commands: &mut Vec<Command>) {
        let timer = self.timers.remove(&timer).expect("an expected firing names a timer");
        match timer.purpose {
            Purpose::Timeout => self.timed_out(commands),
        }
    }

    pub(super) fn set_timer(
        &mut self,
        due: Timestamp,
        purpose: Purpose,
        commands: &mut Vec<Command>,
    ) {
        self.last_timer.0 += 1;
        let timer = self.last_timer;
        self.timers.insert(timer, Timer { due, purpose });
        commands.push(Command::SetTimer { timer, due });
    }

    pub(super) fn clear_timers(&mut self, purpose: Purpose, commands: &mut Vec<Command>) {
        self.timers.retain(|timer, set| {
            let keep = set.purpose != purpose;
            if !keep {
                commands.push(Command::ClearTimer { timer: *timer });
            }
            keep
        });
    }

    /// Starts the clock that the workflow's timeout goes by.
    pub(super) fn unpause(&mut self, commands: &mut Vec<Command>) {
        self.busy.since = Some(self.at);
        let definition = self.definition.as_ref().expect("only an open run is busy");
        if let Some(timeout) = definition.timeout {
            let due = self.at.after(timeout.saturating_sub(self.busy.before));
            self.set_timer(due, Purpose::Timeout, commands);
        }
    }

    /// Stops that clock as of the moment `at`.
    pub(super) fn pause(&mut self, at: Timestamp) {
        if let Some(since) = self.busy.since.take() {
            self.busy.before += at.since(since);
        }
    }
}
