//! Writers that ask a store for everything that it can do, and note what they were answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use recording_vfs::Recording;
use stepwell::store::{
    Commit, Creation, Delivery, Message, NewRun, RunKey, Status, Store, StoreError, StreamRow,
    TimerChange, Turn,
};
use stepwell_core::{RunId, TimerId, Timestamp};

use super::history::Step;
use super::model::{Model, POOL, waiting};
use crate::random::Random;

/// How many turns a run has at most.
const TURNS: u64 = 12;

/// How large a row is at most: so large that some writes fill the log and move it into the file.
const BYTES: u64 = 9_000;

/// One row of a hundred is so large that it takes pages of its own.
const LARGE_BYTES: u64 = 150_000;

/// How long a writer that rests does: longer than the store waits before it tidies up.
const REST: Duration = Duration::from_millis(1_200);

/// How often a write is tried on a disk that fails.
const TRIES: usize = 50;

/// What all writers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) recording: Recording,
    /// Counts what is sent and what is answered.
    pub(super) moment: AtomicU64,
    /// Counts the writes that failed.
    pub(super) failures: AtomicU64,
}

/// One writer, and the handler that it is at.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) random: Random,
    /// Begins the names of its handlers.
    pub(super) name: String,
    pub(super) steps: Vec<(String, Vec<Step>)>,
}

impl Writer {
    /// Makes so many handlers, one after another.
    pub(super) async fn work(mut self, handlers: u64) -> Result<Vec<(String, Vec<Step>)>> {
        for number in 0..handlers {
            let handler = format!("{}-{number}", self.name);
            self.steps.push((handler.clone(), Vec::new()));
            self.live(&handler).await?;
            if self.random.percent(3) {
                tokio::time::sleep(REST).await;
            }
        }
        Ok(self.steps)
    }

    /// Takes a handler from its beginning to its end.
    async fn live(&mut self, handler: &str) -> Result<()> {
        let mut model = Model { run: format!("run-{handler}"), ..Model::default() };
        let turn = self.turn(&model, RunKey(0), Status::Running);
        let new = NewRun {
            run: RunId::new(model.run.clone()),
            handler: handler.to_owned(),
            previous: None,
            workflow: "power".to_owned(),
            pool: POOL.to_owned(),
            shard: 0,
            turn: turn.clone(),
        };
        model.follow(&turn);
        let store = Arc::clone(&self.shared.store);
        let created = self.write(&model, || store.create(new.clone())).await?;
        let Creation::Created(key) = created else { anyhow::bail!("not created: {created:?}") };
        for number in 0..self.random.below(TURNS) {
            if self.random.percent(40) {
                let name = format!("{handler}-message-{number}");
                let body = name.clone().into();
                let idempotency_key = name.clone();
                let message = Message { run: key, idempotency_key, body, is_urgent: false };
                model.inbox.push(name);
                let deliver = || store.deliver(message.clone());
                let delivery = self.write(&model, deliver).await?;
                ensure!(delivery != Delivery::Ended, "not delivered: {delivery:?}");
            } else {
                self.commit(&mut model, key, Status::Running).await?;
            }
        }
        if self.random.percent(70) {
            self.commit(&mut model, key, Status::Completed).await?;
            if self.random.percent(30) {
                let purge = || store.purge(handler);
                self.write_shape(None, purge).await?;
            }
        }
        Ok(())
    }

    async fn commit(&mut self, model: &mut Model, key: RunKey, status: Status) -> Result<()> {
        let store = Arc::clone(&self.shared.store);
        let mut turn = self.turn(model, key, status);
        if status.is_ended() || self.random.percent(50) {
            turn.consumed = waiting(&*store, key).await?;
        }
        model.follow(&turn);
        let answer = self.write(model, || store.commit(turn.clone())).await?;
        ensure!(answer == Commit::Committed, "not committed: {answer:?}");
        Ok(())
    }

    fn turn(&mut self, model: &Model, key: RunKey, status: Status) -> Turn {
        let items = self.random.below(3);
        let stream = (items > 0)
            .then(|| StreamRow { first: model.next_sequence, body: self.bytes(BYTES).into() });
        let timers = (0..self.random.below(3)).map(|timer| TimerChange {
            timer: TimerId(timer),
            due: self.random.percent(60).then(|| Timestamp(self.random.below(1 << 40))),
        });
        let timers = timers.collect();
        let most = if self.random.percent(1) { LARGE_BYTES } else { BYTES };
        Turn {
            key,
            epoch: self.shared.store.epoch(),
            head: model.head,
            id: self.random.below(u64::MAX),
            at: Timestamp(model.head + 1),
            status,
            idle: self.random.percent(20) && !status.is_ended(),
            rests: false,
            next_sequence: model.next_sequence + items,
            journal: self.bytes(most).into(),
            stream,
            timers,
            consumed: Vec::new(),
        }
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let first = self.random.below(256);
        let length = self.random.below(most);
        (first..first + length).map(|byte| u8::try_from(byte % 251).unwrap_or(0)).collect()
    }

    async fn write<T, F: Future<Output = Result<T, StoreError>>>(
        &mut self,
        after: &Model,
        write: impl Fn() -> F,
    ) -> Result<T> {
        self.write_shape(Some(after.shape()), write).await
    }

    /// Sends a write, as often as it takes, and notes when it was sent and when it was answered.
    async fn write_shape<T, F: Future<Output = Result<T, StoreError>>>(
        &mut self,
        shape: Option<String>,
        write: impl Fn() -> F,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        let sent = shared.moment.fetch_add(1, Ordering::SeqCst);
        let sent_at = shared.recording.position();
        let answer = self.surely(write).await?;
        let answered_at = Some(shared.recording.position());
        let answered = Some(shared.moment.fetch_add(1, Ordering::SeqCst));
        let step = Step { sent, answered, sent_at, answered_at, shape };
        if let Some((_, steps)) = self.steps.last_mut() {
            steps.push(step);
        }
        Ok(answer)
    }

    /// Makes a write again as it was while nobody knows what became of it.
    async fn surely<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        write: impl Fn() -> F,
    ) -> Result<T> {
        for _ in 1..TRIES {
            match write().await {
                Err(StoreError::Unavailable(_)) => {
                    self.shared.failures.fetch_add(1, Ordering::Relaxed);
                }
                answer => return Ok(answer?),
            }
        }
        Ok(write().await?)
    }
}
