//! Takes what has come for a run: as much as fits into one turn.

use std::time::Duration;

use stepwell_core::Tick;

use super::{Driver, Exit};
use crate::engine::bodies::Bodies;
use crate::engine::inbound::Inbound;
use crate::engine::mailbox::{Input, Message};
use crate::store::InboxRow;

/// How long a turn that holds only stream items waits for more of them: one commit then serves
/// many tokens, and nobody who watches them appear can tell.
const STREAM_DELAY: Duration = Duration::from_millis(20);

/// How many inputs one turn takes, so that a turn stays small enough to be one row.
const TURN_INPUTS: usize = 512;

/// How many bytes of events one turn takes, unless a single one is larger, for the same reason.
const TURN_BYTES: usize = 4 << 20;

/// How many messages one turn takes out of the inbox, for the same reason.
pub(super) const TURN_MESSAGES: usize = 64;

impl Driver {
    /// Takes what bodies have sent; waits for it if there is nothing else to do.
    pub(super) async fn receive(&mut self, wait: bool) -> Result<(), Exit> {
        if wait && let Some(message) = self.letters.messages.recv().await {
            self.accept(message)?;
            if self.bodies.as_ref().is_some_and(Bodies::are_several) {
                // Those that were started together often end together, and share a turn then.
                tokio::task::yield_now().await;
            }
        }
        while !self.turn_is_full()
            && let Ok(message) = self.letters.messages.try_recv()
        {
            self.accept(message)?;
        }
        Ok(())
    }

    fn accept(&mut self, message: Message) -> Result<(), Exit> {
        match message {
            Message::Input { input, .. } => {
                self.input_bytes += input.bytes();
                self.inputs.push(input);
            }
            Message::Look => {}
            Message::Park(reason) => return Err(Exit::Parked(reason)),
        }
        Ok(())
    }

    fn turn_is_full(&self) -> bool {
        self.inputs.len() >= TURN_INPUTS || self.input_bytes >= TURN_BYTES
    }

    /// Lets a turn of nothing but stream items wait for more, until the last turn is
    /// [`STREAM_DELAY`] ago or something else comes.
    pub(super) async fn wait_for_more_stream(&mut self) -> Result<(), Exit> {
        let Some(last_turn) = self.last_turn else { return Ok(()) };
        let until = last_turn + STREAM_DELAY;
        while !self.inputs.is_empty()
            && !self.turn_is_full()
            && self.inputs.iter().all(Input::is_stream)
            && self.letters.errands.lock().is_empty()
        {
            let Ok(message) = tokio::time::timeout_at(until, self.letters.messages.recv()).await
            else {
                break;
            };
            message.map_or(Ok(()), |message| self.accept(message))?;
            self.receive(false).await?;
        }
        Ok(())
    }

    /// Puts messages in the store's inbox into the draft, at most `limit`.
    pub(super) async fn take_messages(&mut self, limit: usize) -> Result<(), Exit> {
        let rows = match self.shared.store.inbox(self.row.key, limit).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(run = %self.row.run, %error, "cannot read the inbox; trying again");
                return Err(Exit::Lost);
            }
        };
        self.inbox = rows.len() == limit;
        let now = self.shared.clock.now();
        let mut late = Vec::new();
        for InboxRow { id, body } in rows {
            let inbound = Inbound::unpack(&body)
                .map_err(|error| Exit::Parked(format!("message {id} is unreadable: {error}")))?;
            self.draft.consumed.push(id);
            match inbound {
                Some(inbound) if self.state.end().is_none() => {
                    self.draft.apply_tick(&mut self.state, now, inbound.tick());
                }
                _ => late.push(id),
            }
        }
        if !late.is_empty() {
            self.draft.apply_tick(&mut self.state, now, Tick::Undelivered { rows: late });
        }
        Ok(())
    }
}
