//! What can be asked of the process. Each takes effect once, however often the process crashes
//! meanwhile.

use serde_json::Value;
use stepwell_core::{Event as RawEvent, StreamItem};

use super::world::{Awaited, Trouble, World};
use super::{rest, text};
use crate::Engine;
use crate::engine::{Cursor, EngineError, RunRecord, Sequenced, Start};

impl World {
    /// Starts a run under a handler that has none yet.
    pub(super) fn start(&mut self, start: &Start) -> Result<(), Trouble> {
        let handler = start.handler.as_deref().unwrap_or_default();
        self.ask(async |engine, is_again| {
            // It may have been started before the crash.
            if !is_again || engine.handler(handler).await?.is_none() {
                engine.start(start.clone()).await?;
            }
            Ok(())
        })
    }

    /// Sends an event.
    pub(super) fn send(&mut self, handler: &str, event: &RawEvent) -> Result<(), Trouble> {
        self.deliver(async |engine| engine.send(handler, event.clone(), None).await)
    }

    /// Cancels a run.
    pub(super) fn cancel(&mut self, handler: &str) -> Result<(), Trouble> {
        self.deliver(async |engine| engine.cancel(handler).await.map(|_| ()))
    }

    fn deliver(
        &mut self,
        mut deliver: impl AsyncFnMut(&Engine) -> Result<(), EngineError>,
    ) -> Result<(), Trouble> {
        self.log.name_message();
        let answer = self.ask(async |engine, is_again| match deliver(engine).await {
            // It came before the crash, and has ended the run since.
            Err(EngineError::Ended(_)) if is_again => Ok(()),
            answer => answer,
        });
        self.log.forget_message();
        answer
    }

    /// Waits for the next public event after `after` that has one of these names; none if the run
    /// ends without it.
    pub(super) fn next_event(
        &mut self,
        handler: &str,
        after: Option<u64>,
        names: &[&str],
    ) -> Result<Option<(u64, RawEvent)>, Trouble> {
        let from = after.map_or(Cursor::Start, Cursor::After);
        let next = self.wait(handler, Awaited::News, async |engine| {
            let (_, mut stream) = engine.events(handler, from).await?;
            while let Some(Sequenced { sequence, item }) = stream.next().await? {
                if let StreamItem::Event(event) = item
                    && names.contains(&&*event.name)
                {
                    return Ok(Some((sequence, event)));
                }
            }
            Ok(None)
        });
        Ok(next?.flatten())
    }

    /// Waits for the end of a run.
    pub(super) fn ended(&mut self, handler: &str) -> Result<RunRecord, Trouble> {
        let ended = self.wait(handler, Awaited::News, async |engine| {
            let (_, mut stream) = engine.events(handler, Cursor::Now).await?;
            while stream.next().await?.is_some() {}
            engine.handler(handler).await
        });
        ended?.flatten().ok_or_else(|| gone(handler))
    }

    /// Waits until a run does nothing but wait, or has ended.
    pub(super) fn idle(&mut self, handler: &str) -> Result<(), Trouble> {
        let never = async |_: &Engine| std::future::pending().await;
        self.wait::<()>(handler, Awaited::Rest, never).map(|_| ())
    }

    /// Returns what a run's stream holds now.
    pub(super) fn stream(&mut self, handler: &str) -> Result<Vec<Sequenced>, Trouble> {
        self.ask(async |engine, _| {
            let (record, mut stream) = engine.events(handler, Cursor::Start).await?;
            let mut items = Vec::new();
            while (items.len() as u64) < record.next_sequence
                && let Some(item) = stream.next().await?
            {
                items.push(item);
            }
            Ok(items)
        })
    }

    /// Returns a run's stream as text.
    pub(super) fn stream_text(&mut self, handler: &str) -> String {
        match self.stream(handler) {
            Ok(items) => text::stream(&items),
            Err(Trouble(why)) => format!("unreadable: {why}\n"),
        }
    }

    /// Returns the state of a run.
    pub(super) fn state(&mut self, handler: &str) -> Result<Value, Trouble> {
        self.ask(async |engine, _| rest::user_state(engine, handler).await)
    }

    /// Returns the record of a run.
    pub(super) fn record(&mut self, handler: &str) -> Result<RunRecord, Trouble> {
        let record = self.ask(async |engine, _| engine.handler(handler).await)?;
        record.ok_or_else(|| gone(handler))
    }
}

fn gone(handler: &str) -> Trouble {
    Trouble(format!("{handler} is gone"))
}
