//! How files are taken, given up and refused.

use std::fs;

use rusqlite::Connection;
use stepwell_core::Definition;

use super::super::{file, upkeep};
use super::*;
use crate::store::Commit;
use crate::store::conformance::fixture::{
    POOL, commit, create, deliver, inbox, journal, new_run, newest, set, start, stream, stream_row,
    streaming, timers, try_commit, turn,
};

fn assert_corrupt(answer: Result<SqliteStore, StoreError>, expected: &str) {
    match answer {
        Err(StoreError::Corrupt { what }) => assert!(what.contains(expected), "{what}"),
        other => panic!("not refused: {other:?}"),
    }
}

fn log_bytes(directory: &TempDir) -> u64 {
    fs::metadata(directory.path().join("runs.db-wal")).map_or(0, |log| log.len())
}

#[tokio::test]
async fn a_file_that_is_opened_again_holds_all_that_it_held() {
    let (store, directory) = fresh();
    let id = Definition::new("A").id();
    store.define(id, "one".into()).await.unwrap();
    let new = new_run(&store, "h", "r");
    let first = streaming(Turn { timers: vec![set(1, 70)], ..new.turn }, 0, 2);
    let key = create(&store, NewRun { turn: first, ..new }).await;
    deliver(&store, key, "m").await;
    let row = newest(&store, "h").await;
    assert_eq!(store.epoch(), 1);
    store.close().await.unwrap();

    let store = open(&directory).unwrap();

    assert_eq!(store.epoch(), 2);
    assert_eq!(newest(&store, "h").await, row);
    assert_eq!(journal(&store, key).await, ["turn 0"]);
    assert_eq!(stream(&store, key).await, [stream_row(0, 2)]);
    assert_eq!(timers(&store, POOL).await, ["r/1@70"]);
    assert_eq!(inbox(&store, key).await, ["m"]);
    assert_eq!(store.definition(id).await.unwrap(), Some("one".into()));
}

#[tokio::test]
async fn an_owner_is_fenced_once_the_next_one_has_written() {
    let (store, directory) = fresh();
    let key = start(&store, "h", "r").await;
    let [late, too_late] = [1, 2].map(|head| turn(&store, key, head));
    drop(store);
    let store = open(&directory).unwrap();

    commit(&store, late).await;
    commit(&store, turn(&store, key, 2)).await;

    let again = Turn { head: 3, ..too_late };
    assert_eq!(try_commit(&store, again).await, Commit::Fenced);
    assert_eq!(newest(&store, "h").await.epoch, 2);
}

#[tokio::test]
async fn a_file_that_is_open_is_in_use() {
    let (store, directory) = fresh();
    let detour = directory.path().join("x").join("..").join("runs.db");
    fs::create_dir(directory.path().join("x")).unwrap();

    for path in [path(&directory), detour] {
        let second = SqliteStore::open(&path, SqliteOptions::default());
        assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    }

    store.close().await.unwrap();
    let second = open(&directory).unwrap();
    assert_eq!(second.epoch(), 2);
    drop(second);
    assert_eq!(open(&directory).unwrap().epoch(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_in_use_under_every_name() {
    let (_store, directory) = fresh();
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(path(&directory), &link).unwrap();

    let second = SqliteStore::open(link, SqliteOptions::default());

    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
}

#[tokio::test]
async fn a_dropped_store_gives_its_file_up_and_loses_nothing() {
    for durability in [Durability::Full, Durability::Normal] {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(path(&directory), SqliteOptions { durability }).unwrap();
        assert_eq!(store.durability(), durability);
        let key = start(&store, "h", "r").await;
        drop(store);

        assert_eq!(log_bytes(&directory), 0);
        assert_eq!(journal(&open(&directory).unwrap(), key).await.len(), 1);
    }
}

#[tokio::test]
async fn a_closed_store_leaves_an_empty_log_and_can_be_read() {
    let (store, directory) = fresh();
    let key = start(&store, "h", "r").await;
    assert!(log_bytes(&directory) > 0);

    store.close().await.unwrap();

    assert_eq!(log_bytes(&directory), 0);
    assert_eq!(journal(&store, key).await.len(), 1);
}

#[test]
fn a_directory_is_made_for_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a").join("b").join("runs.db");

    SqliteStore::open(&path, SqliteOptions::default()).unwrap();

    assert!(path.exists());
}

#[test]
fn directories_that_are_made_are_synced_into_those_above() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (directory.path().join("a"), directory.path().join("a").join("b"));

    assert_eq!(file::make_directory(&b).unwrap(), [a.as_path(), directory.path()]);
    assert!(b.is_dir());
    assert_eq!(file::make_directory(&b).unwrap(), [] as [PathBuf; 0]);
}

#[test]
fn a_place_that_cannot_hold_a_file_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();

    for path in [directory.path(), Path::new(""), Path::new("/")] {
        let answer = SqliteStore::open(path, SqliteOptions::default());
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    for setup in [
        "CREATE TABLE t (a)",
        "PRAGMA application_id = 7",
        "PRAGMA application_id = 7; CREATE TABLE t (a)",
    ] {
        let raw = Connection::open(path(&directory)).unwrap();
        raw.execute_batch(setup).unwrap();
        drop(raw);
        let before = fs::read(path(&directory)).unwrap();

        assert_corrupt(open(&directory), "belongs to another program");

        assert_eq!(fs::read(path(&directory)).unwrap(), before);
        fs::remove_file(path(&directory)).unwrap();
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = "Dear diary, ".repeat(1_000);
    fs::write(path(&directory), &text).unwrap();

    assert_corrupt(open(&directory), "not a database");

    assert_eq!(fs::read_to_string(path(&directory)).unwrap(), text);
}

#[test]
fn an_empty_file_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(path(&directory), "").unwrap();

    assert_eq!(open(&directory).unwrap().epoch(), 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let (store, directory) = fresh();
    drop(store);
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute("INSERT INTO schema_migrations VALUES (99, 'later', 1, 1)", []).unwrap();
    drop(raw);

    assert_corrupt(open(&directory), "newer");
}

#[test]
fn a_file_whose_schema_was_made_otherwise_is_refused() {
    let (store, directory) = fresh();
    drop(store);
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute("UPDATE schema_migrations SET checksum = checksum + 1", []).unwrap();
    drop(raw);

    assert_corrupt(open(&directory), "another one");
}

#[tokio::test]
async fn what_cannot_be_read_is_corrupt() {
    let (store, directory) = fresh();
    start(&store, "h", "r").await;
    drop(store);
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute("UPDATE runs SET status = 9", []).unwrap();
    drop(raw);

    let answer = open(&directory).unwrap().handler("h").await;

    assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "{answer:?}");
}

#[tokio::test]
async fn readers_cannot_write() {
    let (store, _directory) = fresh();

    let answer = store.readers.read(|reader| reader.execute("DELETE FROM runs", [])).await;

    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[test]
fn a_file_gives_back_what_it_does_not_need() {
    let directory = tempfile::tempdir().unwrap();
    let file = file::take(&path(&directory), Durability::Full).unwrap();
    let pages = || file.connection.pragma_query_value(None, "page_count", |row| row.get(0));
    let few: i64 = pages().unwrap();
    file.connection.execute("INSERT INTO journal VALUES (1, zeroblob(6000000))", []).unwrap();
    file.connection.execute("DELETE FROM journal", []).unwrap();

    // Not all of it at once.
    assert!(!upkeep::tidy_up(&file.connection).unwrap());
    assert!(upkeep::tidy_up(&file.connection).unwrap());

    assert!(pages().unwrap() <= few + 1, "{} pages after {few}", pages().unwrap());
    assert_eq!(log_bytes(&directory), 0);
}
