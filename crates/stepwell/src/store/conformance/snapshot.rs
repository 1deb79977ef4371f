//! How snapshots are kept: they never go back, and nothing depends on them.

use stepwell_core::RunId;

use super::fixture::{commit, deliver, journal, last_turn, start, turn};
use crate::store::{RunKey, SnapshotRow, Store};

fn snapshot(head: u64) -> SnapshotRow {
    SnapshotRow { head, body: format!("after {head}").into() }
}

async fn keep(store: &dyn Store, run: RunKey, snapshot: SnapshotRow) {
    store.keep_snapshot(run, snapshot).await.expect("the store answers");
}

async fn kept(store: &dyn Store, run: RunKey) -> Option<u64> {
    let kept = store.snapshot(run).await.expect("the store answers")?;
    assert_eq!(kept, snapshot(kept.head));
    Some(kept.head)
}

/// Creates a run of five turns.
async fn five_turns(store: &dyn Store, name: &str) -> RunKey {
    let key = start(store, name, name).await;
    for head in 1..5 {
        commit(store, turn(store, key, head)).await;
    }
    key
}

/// Only what follows it has to be read then.
pub async fn the_newest_snapshot_is_kept(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    assert_eq!(kept(store, key).await, None);

    for head in [2, 4] {
        keep(store, key, snapshot(head)).await;
        assert_eq!(kept(store, key).await, Some(head));
    }
    assert_eq!(journal(store, key).await.len(), 5, "the journal stays whole");
}

/// An owner that does not know yet that it is none any more does no harm.
pub async fn an_older_snapshot_does_not_replace_a_newer_one(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    keep(store, key, snapshot(4)).await;

    let other = SnapshotRow { body: "another".into(), ..snapshot(4) };
    for old in [snapshot(3), snapshot(1), snapshot(0), other] {
        keep(store, key, old).await;
        assert_eq!(kept(store, key).await, Some(4));
    }
}

/// Nobody knows yet what turns lead to that are not written.
pub async fn a_snapshot_ahead_of_its_run_is_not_kept(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    for head in [0, 6, 7, u64::MAX] {
        keep(store, key, snapshot(head)).await;
        assert_eq!(kept(store, key).await, None);
    }
    keep(store, key, snapshot(5)).await;
    assert_eq!(kept(store, key).await, Some(5));
}

/// Nor does a run have any that does not exist.
pub async fn runs_do_not_share_their_snapshots(store: &dyn Store) {
    let [first, second] = [five_turns(store, "r1").await, five_turns(store, "r2").await];
    keep(store, first, snapshot(2)).await;
    keep(store, RunKey(u64::MAX), snapshot(1)).await;

    assert_eq!(kept(store, first).await, Some(2));
    assert_eq!(kept(store, second).await, None);
    assert_eq!(kept(store, RunKey(u64::MAX)).await, None);
}

/// Those of an ended run serve the next one of its handler, and go when it is purged.
pub async fn a_snapshot_stays_until_its_run_is_purged(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    keep(store, key, snapshot(3)).await;
    commit(store, last_turn(store, key, 5)).await;
    assert_eq!(kept(store, key).await, Some(3));

    store.purge("r").await.expect("the store answers");

    assert_eq!(kept(store, key).await, None);
    keep(store, key, snapshot(4)).await;
    assert_eq!(kept(store, key).await, None);
}

/// From any turn, and no more of it than asked for.
pub async fn a_journal_is_read_in_parts(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    five_turns(store, "next").await;
    for (from, limit, expected) in [
        (0, 2, &["turn 0", "turn 1"][..]),
        (3, 9, &["turn 3", "turn 4"]),
        (4, 1, &["turn 4"]),
        (2, 0, &[]),
        (5, 9, &[]),
        (1 << 32, 9, &[]),
        (u64::MAX, 9, &[]),
    ] {
        let rows = store.journal(key, from, limit).await.expect("the store answers");
        assert_eq!(rows, expected, "{limit} from {from}");
    }
}

/// The run, what it led to, what came since, and whether somebody has written to it.
pub async fn all_that_it_takes_to_go_on_is_read_at_once(store: &dyn Store) {
    let key = five_turns(store, "r").await;
    let load = async |name: &str, limit| {
        let run = RunId::new(name);
        store.load(&run, limit).await.expect("the store answers")
    };
    assert_eq!(load("unknown", 9).await, None);

    let loaded = load("r", 9).await.expect("the run exists");
    assert_eq!((loaded.row.key, loaded.row.head), (key, 5));
    assert_eq!((loaded.journal.len(), &loaded.snapshot, loaded.has_messages), (5, &None, false));

    keep(store, key, snapshot(3)).await;
    deliver(store, key, "m").await;
    let loaded = load("r", 9).await.expect("the run exists");
    assert_eq!((&loaded.snapshot, loaded.has_messages), (&Some(snapshot(3)), true));
    assert_eq!(loaded.journal, ["turn 3", "turn 4"]);
    assert_eq!(load("r", 1).await.expect("the run exists").journal, ["turn 3"]);
}
