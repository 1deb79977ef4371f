//! Makes the state of a run from what the store has of it: the fold of its journal, or of what
//! came after its newest snapshot.
//!
//! # What is deliberately not here
//!
//! - **No trust in snapshots.** One that cannot be read, or does not fit its run, costs a fold of
//!   the whole journal.
//! - **No removal of journal rows.** A snapshot stands beside them, not in their place.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use stepwell_core::{
    Definition, DefinitionId, Definitions, Entry, RunState, SEMANTICS, Snapshot, Tick,
};

use super::shared::Shared;
use crate::store::{RunRow, SnapshotRow, StoreError, StoredRun, pack, unpack};

/// How many journal rows are read at once: enough that most runs take one read, and few enough
/// that a long journal is never in memory as a whole.
pub(super) const ROWS: usize = 1024;

/// How many bytes of journal are folded rather than kept a snapshot for, however small that would
/// be: they take a few milliseconds.
const BYTES_MIN: usize = 64 << 10;

/// What comes after a run's newest snapshot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tail {
    /// How many bytes of journal.
    journal: usize,
    /// How many bytes the snapshot has.
    snapshot: usize,
}

impl Tail {
    /// Returns that of a run of one turn.
    pub(super) fn of(journal: usize) -> Self {
        Self { journal, snapshot: 0 }
    }

    pub(super) fn add(&mut self, journal: usize) {
        self.journal += journal;
    }

    /// Tells whether it is time for another snapshot. Each is as large at most as the journal
    /// written since the one before, so all of them together cost no more than the journal.
    fn is_long(self) -> bool {
        self.journal > self.snapshot.max(BYTES_MIN)
    }
}

/// Writes a snapshot of a run whose last turn is written, if there is enough to be gained. Whether
/// it is written matters to nobody.
pub(super) fn keep(shared: &Arc<Shared>, row: &RunRow, state: &RunState, tail: &mut Tail) {
    if !tail.is_long() {
        return;
    }
    let Some(snapshot) = state.snapshot() else { return };
    let snapshot = SnapshotRow { head: row.head, body: pack(&[snapshot]) };
    *tail = Tail { journal: 0, snapshot: snapshot.body.len() };
    let (store, run, key) = (Arc::clone(&shared.store), row.run.clone(), row.key);
    shared.tasks.spawn(async move {
        if let Err(error) = store.keep_snapshot(key, snapshot).await {
            tracing::warn!(%run, %error, "a snapshot was not kept");
        }
    });
}

/// Returns the state of a run; definitions that are not known are read from the store.
pub(super) async fn fold(
    shared: &Shared,
    known: Option<&Definitions>,
    stored: StoredRun,
) -> Result<(RunState, Tail), StoreError> {
    let StoredRun { row, snapshot, journal, .. } = stored;
    let whole = || Fold { shared, known, row: &row, head: 0, state: None, tail: Tail::default() };
    let Some(snapshot) = snapshot.filter(|snapshot| snapshot.head <= row.head) else {
        return whole().finish(journal).await;
    };
    let why = match restore(shared, known, &snapshot).await {
        Ok(state) => {
            let tail = Tail { journal: 0, snapshot: snapshot.body.len() };
            let fold = Fold { head: snapshot.head, state: Some(state), tail, ..whole() };
            let (state, tail) = fold.finish(journal).await?;
            if state.next_sequence() == row.next_sequence {
                return Ok((state, tail));
            }
            "it does not fit the run".to_owned()
        }
        Err(StoreError::Corrupt { what }) => what,
        Err(error) => return Err(error),
    };
    tracing::warn!(run = %row.run, why, "a snapshot cannot be used; the whole journal is read");
    whole().finish(Vec::new()).await
}

/// Reads a snapshot.
async fn restore(
    shared: &Shared,
    known: Option<&Definitions>,
    snapshot: &SnapshotRow,
) -> Result<RunState, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt { what };
    let texts = unpack::<Box<RawValue>>(&snapshot.body).map_err(|error| corrupt(error.to_string()));
    let text = texts?.pop().ok_or_else(|| corrupt("it is empty".to_owned()))?;
    let snapshot = Snapshot::read(text.get()).map_err(|error| corrupt(error.to_string()))?;
    let id = snapshot.definition();
    let definitions = with(shared, known, id).await?;
    snapshot
        .into_state(definitions)
        .ok_or_else(|| corrupt("it does not fit its definition".to_owned()))
}

/// A state on its way.
struct Fold<'a> {
    shared: &'a Shared,
    known: Option<&'a Definitions>,
    row: &'a RunRow,
    /// How many turns it is made of.
    head: u64,
    /// None before the first entry.
    state: Option<RunState>,
    tail: Tail,
}

impl Fold<'_> {
    /// Folds all turns of the run that are left, the first of which are given.
    async fn finish(mut self, mut rows: Vec<Bytes>) -> Result<(RunState, Tail), StoreError> {
        while self.head < self.row.head {
            if rows.is_empty() {
                rows = self.shared.store.journal(self.row.key, self.head, ROWS).await?;
            }
            if rows.is_empty() {
                return Err(self.corrupt(&format!("turn {} is missing", self.head)));
            }
            // What was written since the row was read is left out.
            let left = usize::try_from(self.row.head - self.head).unwrap_or(usize::MAX);
            for body in rows.drain(..).take(left) {
                self.turn(&body).await?;
                self.head += 1;
            }
        }
        match self.state {
            Some(state) => Ok((state, self.tail)),
            None => Err(self.corrupt("its journal is empty")),
        }
    }

    async fn turn(&mut self, body: &[u8]) -> Result<(), StoreError> {
        let entries: Vec<Entry> =
            unpack(body).map_err(|error| self.corrupt(&format!("turn {}: {error}", self.head)))?;
        self.tail.add(body.len());
        let mut commands = Vec::new();
        for entry in &entries {
            match &entry.tick {
                Tick::Started(started) if started.semantics > SEMANTICS => {
                    return Err(self.corrupt("it was started by a newer version"));
                }
                Tick::Started(started) => self.know(started.definition).await?,
                Tick::Redefined { definition } => self.know(*definition).await?,
                _ => {}
            }
            let Some(state) = &mut self.state else {
                return Err(self.corrupt("its journal does not begin with its start"));
            };
            state.apply(entry, &mut commands);
            // They were executed when the journal was written.
            commands.clear();
        }
        Ok(())
    }

    /// Makes a definition known that the journal names.
    async fn know(&mut self, id: DefinitionId) -> Result<(), StoreError> {
        match &mut self.state {
            Some(state) if state.knows(id) => {}
            Some(state) => state.learn(stored_definition(self.shared, id).await?),
            None => self.state = Some(RunState::new(with(self.shared, self.known, id).await?)),
        }
        Ok(())
    }

    fn corrupt(&self, what: &str) -> StoreError {
        StoreError::Corrupt { what: format!("run `{}`: {what}", self.row.run) }
    }
}

/// Returns the known definitions, and this one.
async fn with(
    shared: &Shared,
    known: Option<&Definitions>,
    id: DefinitionId,
) -> Result<Definitions, StoreError> {
    Ok(match known {
        Some(known) if known.get(id).is_some() => known.clone(),
        Some(known) => known.clone().and_older(stored_definition(shared, id).await?),
        None => stored_definition(shared, id).await?.into(),
    })
}

async fn stored_definition(shared: &Shared, id: DefinitionId) -> Result<Definition, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt { what: format!("definition {id} {what}") };
    let body = shared.store.definition(id).await?.ok_or_else(|| corrupt("is missing"))?;
    serde_json::from_slice(&body).map_err(|_| corrupt("is not JSON of the expected shape"))
}
