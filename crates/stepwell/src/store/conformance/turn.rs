//! How runs go on, and who may make them.

use futures::future::join_all;
use stepwell_core::{RunId, Timestamp};

use super::fixture::{
    POOL, clear, commit, deliver, inbox, inbox_ids, journal, last_turn, newest, set, start, stream,
    streaming, timers, try_commit, turn,
};
use crate::store::{Commit, RunKey, RunRow, Status, Store, Taken, Turn};

/// The row of a run says what its last turn said.
pub async fn a_turn_changes_its_run(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let before = newest(store, "h").await;
    let second = Turn { id: u64::MAX - 1, idle: true, ..turn(store, key, 1) };

    commit(store, streaming(second, 0, 4)).await;

    let after = RunRow {
        head: 2,
        turn_id: u64::MAX - 1,
        idle: true,
        next_sequence: 4,
        updated_at: Timestamp(1_001),
        ..before
    };
    assert_eq!(newest(store, "h").await, after);
    for (head, status) in [Status::Completed, Status::Failed, Status::TimedOut, Status::Cancelled]
        .into_iter()
        .enumerate()
    {
        let handler = format!("h{head}");
        let key = start(store, &handler, &handler).await;
        commit(store, Turn { status, ..turn(store, key, 1) }).await;
        assert_eq!(newest(store, &handler).await.status, status);
    }
}

/// What is read is what was written, turn by turn.
pub async fn the_journal_holds_every_turn_in_order(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    for head in 1..12 {
        commit(store, turn(store, key, head)).await;
    }

    let expected: Vec<String> = (0..12).map(|head| format!("turn {head}")).collect();
    assert_eq!(journal(store, key).await, expected);
    assert!(journal(store, RunKey(u64::MAX)).await.is_empty());
}

/// Runs that go on side by side keep apart.
pub async fn runs_do_not_share_their_journals(store: &dyn Store) {
    let names: Vec<String> = (0..40).map(|number| format!("r{number}")).collect();
    let keys = join_all(names.iter().map(|name| start(store, name, name))).await;
    for head in 1..4 {
        let turns = names.iter().zip(&keys).map(|(name, key)| {
            let journal = format!("{name} {head}").into();
            commit(store, Turn { journal, ..turn(store, *key, head) })
        });
        join_all(turns).await;
    }

    for (name, key) in names.iter().zip(keys) {
        let expected = [1, 2, 3].map(|head| format!("{name} {head}"));
        assert_eq!(journal(store, key).await[1..], expected);
    }
}

/// An owner that did not hear the answer asks again, and gets it.
pub async fn a_repeated_turn_is_written_once(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    deliver(store, key, "m").await;
    let second = Turn {
        timers: vec![set(1, 70)],
        consumed: inbox_ids(store, key).await,
        ..streaming(turn(store, key, 1), 0, 2)
    };
    commit(store, second.clone()).await;
    commit(store, second).await;

    assert_eq!(newest(store, "h").await.head, 2);
    assert_eq!(journal(store, key).await, ["turn 0", "turn 1"]);
    assert_eq!(stream(store, key).await.len(), 1);

    let last = last_turn(store, key, 2);
    commit(store, last.clone()).await;
    commit(store, last).await;
    assert_eq!(journal(store, key).await.len(), 3);
}

/// Turns that follow the same head are told apart by their names.
pub async fn another_turn_at_the_same_head_is_fenced(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    commit(store, turn(store, key, 1)).await;

    let other = Turn { id: 7, ..turn(store, key, 1) };
    assert_eq!(try_commit(store, other).await, Commit::Fenced);
    commit(store, turn(store, key, 2)).await;
    assert_eq!(try_commit(store, turn(store, key, 1)).await, Commit::Fenced);

    assert_eq!(journal(store, key).await.len(), 3);
}

/// No turn can be left out.
pub async fn a_turn_ahead_of_its_run_is_fenced(store: &dyn Store) {
    let key = start(store, "h", "r").await;

    assert_eq!(try_commit(store, turn(store, key, 2)).await, Commit::Fenced);
    assert_eq!(try_commit(store, last_turn(store, key, 2)).await, Commit::Fenced);
    // A name says nothing about another head.
    let namesake = Turn { id: newest(store, "h").await.turn_id, ..turn(store, key, 2) };
    assert_eq!(try_commit(store, namesake).await, Commit::Fenced);

    assert_eq!(newest(store, "h").await.head, 1);
}

/// An owner that lost the run cannot write to it, even at the right head.
pub async fn a_turn_of_an_older_owner_is_fenced(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let newer = store.epoch() + 1;
    commit(store, Turn { epoch: newer, ..turn(store, key, 1) }).await;

    assert_eq!(try_commit(store, turn(store, key, 2)).await, Commit::Fenced);
    assert_eq!(try_commit(store, last_turn(store, key, 2)).await, Commit::Fenced);

    let row = newest(store, "h").await;
    assert_eq!((row.epoch, row.head, row.status), (newer, 2, Status::Running));
    commit(store, Turn { epoch: newer, ..turn(store, key, 2) }).await;
}

/// There is nothing to write to.
pub async fn a_turn_of_an_unknown_run_is_fenced(store: &dyn Store) {
    for key in [0, 77, u64::from(u32::MAX), u64::MAX] {
        for head in [0, 1] {
            assert_eq!(try_commit(store, turn(store, RunKey(key), head)).await, Commit::Fenced);
        }
    }
    assert_eq!(store.run(&RunId::new("r")).await.expect("the store answers"), None);
}

/// Of a turn that does not fit, no part is written.
pub async fn a_fenced_turn_writes_nothing(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    deliver(store, key, "m").await;
    commit(store, Turn { timers: vec![set(1, 70), set(2, 80)], ..turn(store, key, 1) }).await;
    let before = newest(store, "h").await;

    let fenced = Turn {
        id: 7,
        timers: vec![set(1, 75), clear(2), set(3, 90)],
        consumed: inbox_ids(store, key).await,
        ..streaming(turn(store, key, 1), 0, 2)
    };
    assert_eq!(try_commit(store, fenced.clone()).await, Commit::Fenced);
    let ending = Turn { status: Status::Completed, ..fenced };
    assert_eq!(try_commit(store, ending).await, Commit::Fenced);

    assert_eq!(newest(store, "h").await, before);
    assert_eq!(journal(store, key).await, ["turn 0", "turn 1"]);
    assert!(stream(store, key).await.is_empty());
    assert_eq!(timers(store, POOL).await, ["r/1@70", "r/2@80"]);
    assert_eq!(inbox(store, key).await, ["m"]);
}

/// Two owners who both think that it is their turn cannot both write.
pub async fn of_many_turns_at_one_head_one_is_written(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let rivals = (0..8).map(|id| try_commit(store, Turn { id, ..turn(store, key, 1) }));

    let answers = join_all(rivals).await;

    let written = answers.iter().filter(|answer| **answer == Commit::Committed).count();
    assert_eq!(written, 1, "{answers:?}");
    assert_eq!(journal(store, key).await.len(), 2);
}

/// Whoever takes a run can write to it, and taking it is no turn.
pub async fn a_run_is_taken_as_it_stands(store: &dyn Store) {
    let key = start(store, "h", "r").await;
    let take = async |run: &str| store.take(&RunId::new(run)).await.expect("the store answers");
    let epoch = store.epoch();
    for head in 1..3 {
        let row = newest(store, "h").await;
        assert_eq!(take("r").await, Taken::Ours { row: row.clone(), epoch });
        assert_eq!(newest(store, "h").await, row);
        commit(store, Turn { epoch, ..turn(store, key, head) }).await;
    }
    commit(store, last_turn(store, key, 3)).await;

    let row = newest(store, "h").await;
    assert_eq!(take("r").await, Taken::Ours { row, epoch });
    assert_eq!(take("another").await, Taken::Gone);
    assert_eq!(journal(store, key).await.len(), 4);
}
