//! A call that was made, until its answer.

use stepwell_core::{CallKey, CallKind, Name, Outcome};

use super::calls::Begun;
use super::numbers::{NewCall, Refused};
use super::{ContextError, Inner};
use crate::engine::mailbox::Input;

/// A call that was made; whoever drops it before its answer gives it up.
#[must_use = "a call that is dropped is given up"]
pub(super) struct Made<'a> {
    inner: &'a Inner,
    pub(super) key: CallKey,
    /// Whether it was not made before the body was interrupted.
    pub(super) is_new: bool,
    /// Whether the driver has room for more.
    has_room: bool,
    is_over: bool,
}

impl Inner {
    /// Makes a call. If it was not made before the body was interrupted, the driver is told of
    /// what `input` makes of it; what makes nothing of it tells the driver later.
    ///
    /// It is numbered and told at once, whatever the driver has room for: else it would depend on
    /// chance whether a call that is dropped was made. A body that makes another call than before
    /// goes no further.
    pub(super) async fn make(
        &self,
        branch: &Name,
        kind: CallKind,
        name: Name,
        target: Option<&Name>,
        input: impl FnOnce(stepwell_core::Call) -> Option<Input>,
    ) -> Result<Made<'_>, ContextError> {
        match self.calls.begin(&NewCall { branch, kind, name, target }, input) {
            Ok(Begun { key, is_new, has_room }) => {
                // Nobody waits for the answer to a send.
                let is_over = kind == CallKind::Send;
                Ok(Made { inner: self, key, is_new, has_room, is_over })
            }
            Err(Refused::Error(error)) => Err(error),
            Err(Refused::Diverged { before, now }) => {
                self.calls.set_aside(&before, &now);
                Err(self.calls.over().await)
            }
        }
    }
}

impl Made<'_> {
    /// Waits until the driver has room for more.
    pub(super) async fn room(self) -> Result<(), ContextError> {
        if self.has_room { Ok(()) } else { self.inner.calls.room().await }
    }

    /// Waits for the answer.
    pub(super) async fn answer(mut self) -> Result<Outcome, ContextError> {
        let calls = &self.inner.calls;
        let answer = std::future::poll_fn(|task| calls.poll_answer(&self.key, task)).await;
        self.is_over = true;
        answer
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.inner.calls.give_up(&self.key);
        }
    }
}
