//! Power is lost, and the harness finds disks and settings that do not keep what was promised.

use recording_vfs::Disk::{Failing, Honest, Lying};

use super::*;

fn lose(losses: u64, durability: Durability, disk: recording_vfs::Disk) -> Losses {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let plan = Plan { seed: 7, losses, durability, disk };
    runtime.block_on(lose_power(plan)).unwrap()
}

#[test]
fn what_was_answered_is_there_after_power_loss() {
    let losses = lose(60, Durability::Full, Honest);

    assert!(losses.losses >= 60 && losses.kept > 1_000, "{losses:?}");
    assert_eq!(losses.tail, 0);
    assert!(losses.lost.is_empty(), "{:#?}", losses.lost);
    assert!(losses.torn.is_empty(), "{:#?}", losses.torn);
    assert!(losses.unreadable.is_empty(), "{:#?}", losses.unreadable);
}

#[test]
fn without_a_sync_for_each_commit_only_the_last_writes_are_lost() {
    let losses = lose(60, Durability::Normal, Honest);

    assert!(losses.tail > 0, "the test shows nothing: {losses:?}");
    assert!(losses.lost.is_empty(), "{:#?}", losses.lost);
    assert!(losses.torn.is_empty(), "{:#?}", losses.torn);
    assert!(losses.unreadable.is_empty(), "{:#?}", losses.unreadable);
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    let losses = lose(15, Durability::Full, Lying);

    let faults = losses.lost.len() + losses.torn.len() + losses.unreadable.len();
    assert!(faults > 0, "{losses:?}");
}

#[test]
fn a_disk_that_fails_now_and_then_loses_nothing_that_was_answered() {
    let losses = lose(60, Durability::Full, Failing { every: 211 });

    assert!(losses.failures > 0 && losses.kept > 1_000, "{losses:?}");
    assert!(losses.lost.is_empty(), "{:#?}", losses.lost);
    assert!(losses.torn.is_empty(), "{:#?}", losses.torn);
    assert!(losses.unreadable.is_empty(), "{:#?}", losses.unreadable);
}
