//! One run in memory.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use stepwell_core::{InboxId, TimerId, Timestamp};

use crate::store::{InboxRow, NewRun, RunKey, RunRow, SnapshotRow, Status, StreamRow};

pub(super) struct Run {
    pub(super) row: RunRow,
    pub(super) rests: bool,
    pub(super) journal: Vec<Bytes>,
    pub(super) snapshot: Option<SnapshotRow>,
    pub(super) stream: BTreeMap<u64, Bytes>,
    pub(super) timers: BTreeMap<TimerId, Timestamp>,
    pub(super) inbox: BTreeMap<InboxId, Bytes>,
    pub(super) inbox_bytes: u64,
    pub(super) idempotency_keys: BTreeSet<String>,
}

impl Run {
    pub(super) fn new(key: RunKey, new: &NewRun) -> Self {
        let row = RunRow {
            key,
            run: new.run.clone(),
            handler: new.handler.clone(),
            workflow: new.workflow.clone(),
            pool: new.pool.clone(),
            shard: new.shard,
            epoch: new.turn.epoch,
            head: 0,
            turn_id: new.turn.id,
            status: Status::Running,
            idle: new.turn.idle,
            next_sequence: new.turn.next_sequence,
            started_at: new.turn.at,
            updated_at: new.turn.at,
        };
        Self {
            row,
            rests: new.turn.rests,
            journal: Vec::new(),
            snapshot: None,
            stream: BTreeMap::new(),
            timers: BTreeMap::new(),
            inbox: BTreeMap::new(),
            inbox_bytes: 0,
            idempotency_keys: BTreeSet::new(),
        }
    }

    pub(super) fn stream(&self, after: Option<u64>, limit: usize) -> Vec<StreamRow> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        if from >= self.row.next_sequence {
            return Vec::new();
        }
        // The row that holds `from` may begin before it.
        let begin = self.stream.range(..=from).next_back().map_or(from, |(first, _)| *first);
        self.stream.range(begin..).take(limit).map(stream_row).collect()
    }
}

pub(super) fn stream_row((first, body): (&u64, &Bytes)) -> StreamRow {
    StreamRow { first: *first, body: body.clone() }
}

pub(super) fn inbox_row((id, body): (&InboxId, &Bytes)) -> InboxRow {
    InboxRow { id: *id, body: body.clone() }
}
