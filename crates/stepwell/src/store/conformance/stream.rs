//! How published items are read.

use super::fixture::{commit, create, new_run, start, stream, stream_row, streaming, turn};
use crate::store::{NewRun, RunKey, Store, StreamRow, Turn};

/// Makes a run whose stream has the rows 0..3, 3..4 and 4..9.
async fn streaming_run(store: &dyn Store, name: &str) -> RunKey {
    let new = new_run(store, name, name);
    let key = create(store, NewRun { turn: streaming(new.turn.clone(), 0, 3), ..new }).await;
    commit(store, streaming(turn(store, key, 1), 3, 4)).await;
    commit(store, Turn { next_sequence: 4, ..turn(store, key, 2) }).await;
    commit(store, streaming(turn(store, key, 3), 4, 9)).await;
    key
}

/// The row that holds the next item comes first, even if it begins before it.
pub async fn a_stream_is_read_after_any_sequence(store: &dyn Store) {
    let key = streaming_run(store, "r").await;
    let rows = [stream_row(0, 3), stream_row(3, 4), stream_row(4, 9)];

    assert_eq!(stream(store, key).await, rows);
    let begins = [0, 0, 1, 2, 2, 2, 2, 2, 3, 3, 3];
    for (after, begin) in (0..).zip(begins) {
        let read = store.stream(key, Some(after), 9).await.expect("the store answers");
        assert_eq!(read, rows[begin..], "after {after}");
    }
    for after in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        assert_eq!(store.stream(key, Some(after), 9).await.expect("the store answers"), []);
    }
    assert!(stream(store, RunKey(u64::MAX)).await.is_empty());
}

/// A reader that asks on from where it is misses nothing and gets nothing twice.
pub async fn a_stream_is_read_in_parts(store: &dyn Store) {
    let key = streaming_run(store, "r").await;

    let read = store.stream(key, None, 2).await.expect("the store answers");
    assert_eq!(read, [stream_row(0, 3), stream_row(3, 4)]);
    let read = store.stream(key, Some(3), 2).await.expect("the store answers");
    assert_eq!(read, [stream_row(4, 9)]);
    assert_eq!(store.stream(key, None, 0).await.expect("the store answers"), []);
}

/// A stream begins and ends with its own run's items.
pub async fn runs_do_not_share_their_streams(store: &dyn Store) {
    let first = start(store, "h1", "r1").await;
    let second = streaming_run(store, "r2").await;
    let third = start(store, "h3", "r3").await;
    commit(store, streaming(turn(store, third, 1), 5, 6)).await;

    assert!(stream(store, first).await.is_empty());
    assert_eq!(stream(store, second).await.len(), 3);
    assert_eq!(stream(store, third).await, [stream_row(5, 6)]);
    for (after, rows) in [(0, 1), (4, 1), (5, 0)] {
        let read = store.stream(third, Some(after), 9).await.expect("the store answers");
        assert_eq!(read.len(), rows, "after {after}");
    }
}

/// One answer for each run that was asked for.
pub async fn the_last_stream_rows_come_in_the_order_of_the_runs(store: &dyn Store) {
    let first = streaming_run(store, "r1").await;
    let silent = start(store, "h2", "r2").await;
    let third = start(store, "h3", "r3").await;
    commit(store, streaming(turn(store, third, 1), 0, 1)).await;

    let runs = [third, RunKey(u64::MAX), first, silent, RunKey(77), third];
    let rows = store.last_stream_rows(&runs).await.expect("the store answers");

    let last: Option<StreamRow> = Some(stream_row(0, 1));
    assert_eq!(rows, [last.clone(), None, Some(stream_row(4, 9)), None, None, last]);
    assert_eq!(store.last_stream_rows(&[]).await.expect("the store answers"), []);
}
