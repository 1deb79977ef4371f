//! What holds of every run at every moment, whatever happened to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Pending, Purpose, Stage};
use crate::{BatchId, CallKey, CallKind, ItemId, RunState, TimerId};

/// Checks that all that a run knows twice agrees. Batches of which work was dropped, because a
/// definition lacks its step, are open for more than there is: `is_whole` tells that none was.
#[track_caller]
pub(super) fn check(run: &RunState, is_whole: bool) {
    if run.end().is_some() {
        return ended(run);
    }
    counts(run);
    workers(run);
    batches(run, is_whole);
    calls(run);
    timers(run);
    let busy = run.is_open() && !run.idle;
    assert_eq!(run.busy.since.is_some(), busy, "the clock of the timeout runs while it is busy");
    assert!(!run.idle || run.items.len() == run.parked, "it is idle, and something goes on");
    assert!(run.slots.values().all(|slots| !slots.is_empty()), "an empty buffer of slots is kept");
    assert!(run.collected.values().all(|buffer| !buffer.is_empty()), "an empty buffer is kept");
    assert!(run.kept.len() <= 1024, "too many events are kept");
}

#[track_caller]
fn ended(run: &RunState) {
    assert_eq!((run.items.len(), run.steps.len(), run.batches.len()), (0, 0, 0));
    assert_eq!((run.slots.len(), run.collected.len(), run.kept.len()), (0, 0, 0));
    assert_eq!((run.parked, run.delayed, run.batched, run.asked), (0, 0, 0, 0));
    assert_eq!(run.timers().count(), 0, "a timer outlives its run");
    assert!(run.waiters.is_empty() && !run.is_idle() && !run.is_quiet() && !run.is_stalled());
}

#[track_caller]
fn counts(run: &RunState) {
    let count = |stage: fn(Stage) -> bool| run.items.values().filter(|it| stage(it.stage)).count();
    assert_eq!(run.parked, count(|stage| stage == Stage::Waiting { parked: true }));
    assert_eq!(run.delayed, count(|stage| matches!(stage, Stage::Delayed(_))));
    assert_eq!(run.batched, run.items.values().filter(|item| item.scope.is_some()).count());
    assert!(run.items.keys().all(|id| *id <= run.last_item));
}

/// Every item is where its stage says, and nowhere else.
#[track_caller]
fn workers(run: &RunState) {
    for (place, step) in run.steps.iter().enumerate() {
        let of_step = || run.items.iter().filter(move |(_, item)| item.step == place);
        let queued: Vec<ItemId> = step.queued().collect();
        let unique: BTreeSet<ItemId> = queued.iter().copied().collect();
        let expected: BTreeSet<ItemId> =
            of_step().filter(|(_, item)| item.stage == Stage::Queued).map(|(id, _)| *id).collect();
        assert_eq!((queued.len(), unique), (expected.len(), expected), "a queue of step {place}");
        let mut busy = BTreeSet::new();
        for (id, item) in of_step() {
            if let Stage::Running(worker) = item.stage {
                assert!(busy.insert(worker), "two items are on worker {worker}");
                assert!(step.workers.is_busy(worker), "#{id} is on a free worker");
                assert!(item.has_begun && item.worker == Some(worker));
            }
        }
        assert_eq!(step.running(), busy.len(), "a busy worker has nothing to do");
    }
}

#[track_caller]
fn batches(run: &RunState, is_whole: bool) {
    let mut open: BTreeMap<BatchId, u64> = BTreeMap::new();
    let inner = run.batches.values().filter_map(|batch| batch.parent);
    for scope in run.items.values().filter_map(|item| item.scope).chain(inner) {
        *open.entry(scope.batch).or_default() += 1;
    }
    for (id, batch) in &run.batches {
        let found = open.remove(id).unwrap_or(0);
        assert!(found <= batch.open, "batch {id} forgets something that is in it");
        assert!(found == batch.open || !is_whole, "batch {id} waits for nothing");
        for join in &batch.joins {
            let order: Vec<u32> = join.members.iter().map(|member| member.index).collect();
            assert!(!join.fired || order.is_empty(), "a join that has fired takes members");
        }
    }
    assert_eq!(open, BTreeMap::new(), "something is in a batch that is closed");
    let closed = |batch: &Option<BatchId>| batch.is_some_and(|id| !run.batches.contains_key(&id));
    assert!(!run.slots.keys().any(|(_, batch)| closed(batch)), "slots outlive their batch");
}

/// Calls, their answers, and what is to answer them.
#[track_caller]
fn calls(run: &RunState) {
    let mut waiting = 0;
    for (id, item) in &run.items {
        let calls: Vec<&CallKey> = item.recorded.calls().iter().map(|it| &it.key).collect();
        let begun: BTreeSet<&CallKey> = calls.iter().copied().collect();
        assert_eq!(begun.len(), calls.len(), "#{id} made a call twice");
        let answers: Vec<&CallKey> = item.recorded.answers().iter().map(|it| &it.key).collect();
        let answered: BTreeSet<&CallKey> = answers.iter().copied().collect();
        assert_eq!(answered.len(), answers.len(), "#{id} has two answers to a call");
        assert!(answered.is_subset(&begun), "#{id} has an answer to no call");
        assert!(!answered.iter().any(|key| key.kind == CallKind::Send), "a send has an answer");
        for (key, pending) in &item.pending {
            assert!(begun.contains(key) && !answered.contains(key), "#{id} has {key:?} open");
            if let Pending::Wait(waiter) = pending {
                let waiter = run.waiters.get(*waiter).expect("a call that is open has a waiter");
                assert_eq!((waiter.item, &waiter.key), (*id, key));
                waiting += 1;
            }
        }
        let waits = matches!(item.stage, Stage::Waiting { .. });
        assert!(!waits || !item.pending.is_empty(), "#{id} waits for nothing");
        let rests = matches!(item.stage, Stage::Delayed(_));
        assert!(!rests || item.pending.is_empty(), "#{id} has failed and has calls open");
        assert!(item.pending.is_empty() || item.has_begun, "#{id} waits before it has begun");
    }
    assert_eq!(run.waiters.all().count(), waiting, "a waiter belongs to nobody");
}

/// Every timer is there for something, and that has no other.
#[track_caller]
fn timers(run: &RunState) {
    let mut known: BTreeSet<TimerId> = run.busy.timer.into_iter().chain(run.deadline).collect();
    for (id, item) in &run.items {
        if let Stage::Delayed(timer) = item.stage {
            assert_eq!(run.timers[&timer].purpose, Purpose::Retry(*id));
            known.insert(timer);
        }
        for (key, pending) in &item.pending {
            let timer = match pending {
                Pending::Sleep(timer) => Some(*timer),
                Pending::Wait(waiter) => run.waiters.get(*waiter).and_then(|waiter| waiter.timer),
            };
            if let Some(timer) = timer {
                assert_eq!(run.timers[&timer].purpose, Purpose::Call(*id, key.clone()));
                known.insert(timer);
            }
        }
    }
    let set: BTreeSet<TimerId> = run.timers().map(|(timer, _)| timer).collect();
    assert_eq!(set, known, "a timer is set for nothing");
}
