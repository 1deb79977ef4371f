//! Files that earlier versions made.

use rusqlite::Connection;
use stepwell_core::{Entry, RunId, Tick};

use super::*;
use crate::store::conformance::fixture::{commit, deliver, inbox, inbox_ids, newest, turn};
use crate::store::unpack;

/// Makes the file that the first schema's version left.
fn first_schema() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute_batch(include_str!("first_schema.sql")).unwrap();
    directory
}

fn inboxes(directory: &TempDir) -> Vec<(i64, i64, i64)> {
    let raw = Connection::open(path(directory)).unwrap();
    let mut statement = raw.prepare("SELECT run_no, messages, bytes FROM inboxes").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[tokio::test]
async fn a_file_of_the_first_schema_opens_with_all_that_it_held() {
    let directory = first_schema();

    let store = open(&directory).unwrap();

    assert_eq!(store.epoch(), 2);
    let waits = newest(&store, "waits").await;
    assert!(waits.idle && !waits.status.is_ended());
    assert!(newest(&store, "done").await.status.is_ended());
    for handler in ["waits", "done"] {
        let run = newest(&store, handler).await.run;
        let loaded = store.load(&RunId::new(run.as_str()), 99).await.unwrap().unwrap();
        assert_eq!(loaded.journal.len() as u64, loaded.row.head);
        assert_eq!((loaded.snapshot, loaded.has_messages), (None, handler == "waits"));
        let first: Vec<Entry> = unpack(&loaded.journal[0]).unwrap();
        assert!(matches!(first[0].tick, Tick::Started(_)));
    }
}

#[tokio::test]
async fn messages_of_the_first_schema_are_counted() {
    let directory = first_schema();
    let store = open(&directory).unwrap();
    let waits = newest(&store, "waits").await;
    let run = waits.key.0.cast_signed();
    assert_eq!(inbox(&store, waits.key).await, ["first", "second"]);
    assert_eq!(inboxes(&directory), [(run, 2, 11)]);

    deliver(&store, waits.key, "third").await;
    assert_eq!(inboxes(&directory), [(run, 3, 16)]);
    let consumed = inbox_ids(&store, waits.key).await;
    commit(&store, Turn { consumed, ..turn(&store, waits.key, waits.head) }).await;
    assert_eq!(inboxes(&directory), []);
}
