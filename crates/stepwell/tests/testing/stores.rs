//! Kits on other stores than the one in memory.

use std::sync::Arc;

use stepwell::store::{Fault, FaultyStore, MemoryStore, SqliteOptions, SqliteStore, Store};
use stepwell::testing::TestKit;
use stepwell::{StopEvent, Workflow};
use tempfile::TempDir;

use crate::flows::{Approve, Bank, DAY, HOUR, buying, human, order, sleeping, yes};

fn sqlite() -> (TempDir, Arc<dyn Store>) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("runs.db"), SqliteOptions::default());
    (directory, Arc::new(store.unwrap()))
}

async fn open(store: Arc<dyn Store>, workflow: Workflow) -> TestKit {
    TestKit::builder().workflow("it", workflow).store(store).open().await
}

#[tokio::test]
async fn runs_are_kept_in_sqlite_and_time_does_not_pass_while_it_works() {
    let (_directory, store) = sqlite();
    let mut t = open(store, sleeping(365 * DAY, HOUR)).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    t.crash_and_recover().await;
    assert_eq!(t.now().await, before);
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.now().await.since(before), 365 * DAY + HOUR);
}

#[tokio::test]
async fn a_person_answers_a_run_in_sqlite() {
    let (_directory, store) = sqlite();
    let mut t = open(store, human()).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.send(&run, yes()).await;
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.state::<u64>(&run).await, 1);
    assert_eq!(t.now().await, before);
}

#[tokio::test]
async fn crash_points_work_on_sqlite() {
    let bank = Bank::default();
    let directories = std::sync::Mutex::new(Vec::new());
    let make = || {
        let (directory, store) = sqlite();
        directories.lock().unwrap().push(directory);
        TestKit::builder().workflow("it", buying(&bank)).store(store)
    };
    let report = TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.expect::<Approve>(&run).await;
        t.send(&run, yes()).await;
        t.outcome(&run).await.state
    });
    assert!(report.await.crashes > 10);
}

#[tokio::test]
async fn a_store_that_fails_now_and_then_is_asked_again() {
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::Duplicate] {
        for write in 0..6 {
            let mut faults = vec![None; write];
            faults.push(Some(fault));
            let store = FaultyStore::scripted(Arc::new(MemoryStore::default()), faults);
            let mut t = open(Arc::new(store), human()).await;
            let run = t.start(order()).await;
            t.expect::<Approve>(&run).await;
            t.send(&run, yes()).await;
            t.result::<StopEvent>(&run).await.unwrap();
            assert_eq!(t.state::<u64>(&run).await, 1, "{fault:?} at write {write}");
        }
    }
}
