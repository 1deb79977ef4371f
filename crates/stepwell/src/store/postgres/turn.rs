//! The write behind [`Store::commit`](crate::store::Store::commit): many turns in one statement.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::{Error, Row};

use super::connection::Step;
use super::row::{self, Body, moment, rest_number, run_number, status_number, unsigned};
use crate::store::{Commit, InboxRow, StoreError, Turn};

/// Locks the rows of runs in their order, so that no two batches wait for each other; what comes
/// after it sees what the last holder of each lock wrote.
const LOCK: &str = "
    SELECT run_no, head, fence, turn_id FROM stepwell_runs
    WHERE run_no = ANY($1) ORDER BY run_no FOR NO KEY UPDATE";

/// Returns the inboxes of runs that are about to end.
const INBOX: &str = "
    SELECT run_no, id, body FROM stepwell_inbox WHERE run_no = ANY($1) ORDER BY id";

/// Writes the turns that fit: those of the newest owner, at the head, that leave no message
/// behind if they are the last. Everything that belongs to a turn is joined to the rows that were
/// moved on, so that of one that does not fit no part is written.
const WRITE: &str = "
    WITH moved AS (
        UPDATE stepwell_runs r SET
            head = v.head + 1, fence = v.epoch, epoch = v.epoch, turn_id = v.turn_id,
            status = v.status, idle = v.idle, next_sequence = v.next_sequence, updated_at = v.at
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[],
                    $6::smallint[], $7::bigint[], $8::bigint[])
            AS v(run_no, head, epoch, turn_id, status, idle, next_sequence, at)
        WHERE r.run_no = v.run_no AND r.head = v.head AND r.fence <= v.epoch
          AND NOT (v.status <> 0 AND EXISTS (
              SELECT FROM stepwell_inbox i WHERE i.run_no = v.run_no AND NOT EXISTS (
                  SELECT FROM unnest($16::bigint[], $17::bigint[]) AS c(run_no, id)
                  WHERE c.run_no = i.run_no AND c.id = i.id)))
        RETURNING r.run_no, r.pool, r.shard, r.status <> 0 AS ended
    ), journaled AS (
        INSERT INTO stepwell_journal (run_no, number, body)
        SELECT j.run_no, j.number, j.body
        FROM unnest($1::bigint[], $2::bigint[], $9::bytea[]) AS j(run_no, number, body)
        JOIN moved USING (run_no)
    ), streamed AS (
        INSERT INTO stepwell_stream (run_no, number, body)
        SELECT s.run_no, s.number, s.body
        FROM unnest($10::bigint[], $11::bigint[], $12::bytea[]) AS s(run_no, number, body)
        JOIN moved USING (run_no)
    ), set AS (
        INSERT INTO stepwell_timers (run_no, timer, due, pool, shard)
        SELECT t.run_no, t.timer, t.due, moved.pool, moved.shard
        FROM unnest($13::bigint[], $14::bigint[], $15::bigint[]) AS t(run_no, timer, due)
        JOIN moved USING (run_no)
        WHERE NOT moved.ended AND t.due IS NOT NULL
        ON CONFLICT (run_no, timer) DO UPDATE SET due = excluded.due
    ), cleared AS (
        DELETE FROM stepwell_timers d
        USING unnest($13::bigint[], $14::bigint[], $15::bigint[]) AS t(run_no, timer, due)
        JOIN moved USING (run_no)
        WHERE NOT moved.ended AND t.due IS NULL AND d.run_no = t.run_no AND d.timer = t.timer
    ), gone AS (
        DELETE FROM stepwell_timers d USING moved WHERE moved.ended AND d.run_no = moved.run_no
    ), consumed AS (
        DELETE FROM stepwell_inbox d
        USING unnest($16::bigint[], $17::bigint[]) AS c(run_no, id)
        JOIN moved USING (run_no)
        WHERE d.id = c.id AND d.run_no = c.run_no
    )
    SELECT run_no FROM moved";

/// Returns the step that locks runs.
pub(super) fn lock(runs: impl Iterator<Item = i64>) -> Step {
    Step { sql: LOCK, values: vec![Box::new(runs.collect::<Vec<i64>>())] }
}

/// Refuses a turn with numbers beyond what this store can hold.
pub(super) fn check(turn: &Turn) -> Result<(), StoreError> {
    let stream = turn.stream.as_ref().map_or(0, |row| row.first);
    // The head after it has to fit as well.
    for number in [turn.epoch, turn.head.saturating_add(1), turn.next_sequence, stream] {
        i64::try_from(number).map_err(StoreError::unavailable)?;
    }
    Ok(())
}

/// Returns a number that was checked.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).expect("it was checked when it was handed in")
}

fn run_of(turn: &Turn) -> i64 {
    run_number(turn.key).expect("it was checked when it was handed in")
}

/// Returns the steps that write turns of different runs, whose rows are locked.
pub(super) fn steps(turns: &[&Turn]) -> Vec<Step> {
    let column = |of: fn(&Turn) -> i64| turns.iter().map(|turn| of(turn)).collect::<Vec<i64>>();
    let small = |of: fn(&Turn) -> i16| turns.iter().map(|turn| of(turn)).collect::<Vec<i16>>();
    let ending = turns.iter().filter(|turn| turn.status.is_ended());
    let ending: Vec<i64> = ending.map(|turn| run_of(turn)).collect();
    let streams: Vec<_> =
        turns.iter().filter_map(|turn| Some((run_of(turn), turn.stream.as_ref()?))).collect();
    let timers: Vec<_> = turns
        .iter()
        .flat_map(|turn| turn.timers.iter().map(|change| (run_of(turn), *change)))
        .collect();
    let consumed: Vec<_> =
        turns.iter().flat_map(|turn| turn.consumed.iter().map(|id| (run_of(turn), id.0))).collect();
    let journals: Vec<Body> = turns.iter().map(|turn| Body(turn.journal.clone())).collect();
    let write = Step {
        sql: WRITE,
        values: vec![
            Box::new(column(run_of)),
            Box::new(column(|turn| number(turn.head))),
            Box::new(column(|turn| number(turn.epoch))),
            Box::new(column(|turn| turn.id.cast_signed())),
            Box::new(small(|turn| status_number(turn.status))),
            Box::new(small(rest_number)),
            Box::new(column(|turn| number(turn.next_sequence))),
            Box::new(column(|turn| moment(turn.at))),
            Box::new(journals),
            Box::new(streams.iter().map(|(run, _)| *run).collect::<Vec<_>>()),
            Box::new(streams.iter().map(|(_, row)| number(row.first)).collect::<Vec<_>>()),
            Box::new(streams.iter().map(|(_, row)| Body(row.body.clone())).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(run, _)| *run).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(_, it)| it.timer.0.cast_signed()).collect::<Vec<_>>()),
            Box::new(timers.iter().map(|(_, it)| it.due.map(moment)).collect::<Vec<_>>()),
            Box::new(consumed.iter().map(|(run, _)| *run).collect::<Vec<_>>()),
            Box::new(consumed.iter().map(|(_, id)| id.cast_signed()).collect::<Vec<_>>()),
        ],
    };
    vec![Step { sql: INBOX, values: vec![Box::new(ending)] }, write]
}

/// What the rows of runs were when they were locked.
pub(super) struct Stands(HashMap<i64, Stand>);

struct Stand {
    head: u64,
    fence: u64,
    turn_id: i64,
}

impl Stands {
    /// Reads the rows of [`lock`].
    pub(super) fn read(rows: &[Row]) -> Result<Self, Error> {
        let read = |row: &Row| {
            let stand = Stand {
                head: unsigned(row, 1)?,
                fence: unsigned(row, 2)?,
                turn_id: row.try_get(3)?,
            };
            Ok((row.try_get(0)?, stand))
        };
        Ok(Self(rows.iter().map(read).collect::<Result<_, _>>()?))
    }
}

/// Returns what became of each turn, from the rows of [`steps`].
pub(super) fn outcomes(
    turns: &[&Turn],
    stands: &Stands,
    inbox: &[Row],
    moved: &[Row],
) -> Result<Vec<Commit>, Error> {
    let moved: BTreeSet<i64> =
        moved.iter().map(|row| row.try_get(0)).collect::<Result<_, Error>>()?;
    let mut left: HashMap<i64, Vec<InboxRow>> = HashMap::new();
    for message in inbox {
        let run = message.try_get(0)?;
        let id = unsigned(message, 1)?;
        let body = row::body(message, 2)?;
        left.entry(run).or_default().push(InboxRow { id: stepwell_core::InboxId(id), body });
    }
    let outcome = |turn: &&Turn| {
        let run = run_of(turn);
        if moved.contains(&run) {
            return Commit::Committed;
        }
        let Some(stand) = stands.0.get(&run) else { return Commit::Fenced };
        if stand.head == turn.head + 1 && stand.turn_id.cast_unsigned() == turn.id {
            return Commit::Committed;
        }
        if stand.head != turn.head || stand.fence > turn.epoch {
            return Commit::Fenced;
        }
        let mut left = left.remove(&run).unwrap_or_default();
        left.retain(|message| !turn.consumed.contains(&message.id));
        Commit::Leftovers(left)
    };
    Ok(turns.iter().map(outcome).collect())
}
