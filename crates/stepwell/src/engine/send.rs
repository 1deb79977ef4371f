//! Sends events into runs: durable before the sender hears of it.

use std::sync::Arc;

use stepwell_core::Event as RawEvent;
use uuid::Uuid;

use super::inbound::Inbound;
use super::shared::Shared;
use super::surely::surely;
use super::{Engine, EngineError};
use crate::MAX_EVENT_BYTES;
use crate::store::{Delivery, Message, RunRow};

impl Engine {
    /// Sends an event to the run of a handler; with a step, to that step only.
    ///
    /// When it returns, the event is durable: it will be delivered, or the run's journal says
    /// that the run had ended before.
    ///
    /// # Errors
    ///
    /// See [`EngineError`].
    pub async fn send(
        &self,
        handler: &str,
        event: RawEvent,
        step: Option<&str>,
    ) -> Result<(), EngineError> {
        let row = self.open_run(handler).await?;
        check_size(&event)?;
        if let Some(step) = step {
            let workflow = self.shared.registered(&row.workflow);
            let workflow =
                workflow.ok_or_else(|| EngineError::UnknownWorkflow(row.workflow.clone()))?;
            if workflow.workflow.step(step).is_none() {
                return Err(EngineError::UnknownStep(step.to_owned()));
            }
            if !workflow.workflow.takes(step, &event.name) {
                let event = format!("{}.{}", event.module, event.name);
                return Err(EngineError::NotAccepted { step: step.to_owned(), event });
            }
        }
        let inbound = Inbound::Event { event, target: step.map(Into::into) };
        self.deliver(&row, &inbound).await
    }

    /// Puts a message into the inbox, once, however often the store has to be asked.
    pub(super) async fn deliver(&self, row: &RunRow, inbound: &Inbound) -> Result<(), EngineError> {
        let _place = self.shared.place()?;
        let message = Message {
            run: row.key,
            idempotency_key: Uuid::now_v7().simple().to_string(),
            body: inbound.pack(),
            is_urgent: matches!(inbound, Inbound::Cancel),
        };
        // Dropped with this future, or when the store does not confirm it, the message may still
        // have been put in.
        let mut wake = WakeLater { shared: &self.shared, row, is_sure: false };
        let store = &self.shared.store;
        let answer = surely("a message", || store.deliver(message.clone())).await?;
        wake.is_sure = true;
        match answer {
            Delivery::Accepted | Delivery::Duplicate => Ok(()),
            Delivery::Ended => Err(EngineError::Ended(row.handler.clone())),
            Delivery::Full => Err(EngineError::InboxFull(row.handler.clone())),
        }
    }
}

/// Lets a run look into its inbox when this is dropped, and again later if the message may still
/// be on its way then.
struct WakeLater<'a> {
    shared: &'a Arc<Shared>,
    row: &'a RunRow,
    is_sure: bool,
}

impl Drop for WakeLater<'_> {
    fn drop(&mut self) {
        if !self.shared.owns(self.row) {
            // Its owner looks for messages from elsewhere by itself.
            return;
        }
        self.shared.wake(&self.row.run, |errands| errands.inbox = true);
        if !self.is_sure {
            self.shared.wake_for_a_while(&self.row.run);
        }
    }
}

pub(super) fn check_size(event: &RawEvent) -> Result<(), EngineError> {
    let bytes = event.value.text().len();
    if bytes > MAX_EVENT_BYTES { Err(EngineError::TooLarge { bytes }) } else { Ok(()) }
}
