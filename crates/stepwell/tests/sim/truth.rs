//! The record that is kept outside of the engine: what was promised to whom, and what was seen to
//! happen. Whatever contradicts the promise is a violation.

use std::collections::{BTreeMap, BTreeSet};

use stepwell::store::{RunKey, Status};
use stepwell::{RunId, StreamItem, Timestamp};

/// How many lines of the trace are shown with a violation.
const SHOWN: usize = 80;

/// How many milliseconds bodies may go on after the end of their run.
const GRACE: u128 = 500;

/// How many calls of the store are too many: several times what the busiest world makes.
const CALLS_MAX: u64 = 20_000;

/// A body as the record knows it: its run, its step with what it works on, its attempt.
pub(crate) type Work = (u64, String, u32);

/// What is known of a run.
#[derive(Debug, Default)]
struct Known {
    handler: String,
    /// Its stream, as readers have seen it so far.
    items: BTreeMap<u64, String>,
    /// How it ended, as somebody was told.
    end: Option<Status>,
    ended_at: Option<u128>,
    last: Option<u64>,
    purged: bool,
    /// When a call that concerns it failed last.
    failed: u64,
}

/// The record.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) lines: Vec<String>,
    pub(crate) violation: Option<String>,
    numbers: BTreeMap<RunId, u64>,
    keys: BTreeMap<RunKey, u64>,
    runs: BTreeMap<u64, Known>,
    /// Counts everything that happens; a time that never stands still.
    tick: u64,
    calls: u64,
    /// The time on the clock of the runtime.
    pub(crate) millis: u128,
    /// Which runs each start has led to.
    starts: BTreeMap<u64, BTreeSet<u64>>,
    begun: BTreeMap<Work, (u64, u64)>,
    done: BTreeSet<(u64, String)>,
    once: BTreeSet<String>,
    sleeps: BTreeMap<String, Timestamp>,
    published: BTreeMap<String, (u64, u64)>,
    /// How often each message was sent.
    told: BTreeMap<u64, u64>,
    purging: BTreeSet<String>,
    /// The newest moment that any clock has shown.
    pub(crate) latest: Timestamp,
    /// How much of everything there was.
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

impl Truth {
    /// Adds a line to the trace.
    pub(crate) fn trace(&mut self, line: String) {
        self.tick += 1;
        self.lines.push(line);
    }

    /// Counts a call of the store, and tells whether there have been more than any world needs.
    pub(crate) fn is_endless(&mut self) -> bool {
        self.calls += 1;
        if self.calls > CALLS_MAX {
            self.violate("the engine calls its store without end".to_owned());
        }
        self.calls > CALLS_MAX
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn violate(&mut self, what: String) {
        self.trace(format!("VIOLATION {what}"));
        let shown = self.lines.len().saturating_sub(SHOWN);
        let lines = self.lines[shown..].join("\n");
        self.violation.get_or_insert_with(|| format!("{what}\n{lines}"));
    }

    fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(what());
        }
    }

    /// Returns the number of a run: names differ from time to time, numbers do not.
    pub(crate) fn number(&mut self, run: &RunId) -> u64 {
        let next = self.numbers.len() as u64;
        *self.numbers.entry(run.clone()).or_insert(next)
    }

    pub(crate) fn name(&mut self, run: &RunId, key: RunKey) {
        let number = self.number(run);
        self.keys.insert(key, number);
    }

    pub(crate) fn by_key(&self, key: RunKey) -> Option<u64> {
        self.keys.get(&key).copied()
    }

    /// Notes that the engine did not get an answer about a run.
    pub(crate) fn failed(&mut self, run: Option<u64>) {
        self.count("faults");
        if let Some(run) = run {
            self.runs.entry(run).or_default().failed = self.tick;
        }
    }

    /// A body begins. It may begin again only if something came between.
    pub(crate) fn begin(&mut self, work: Work, process: u64, may_rerun: bool, is_alone: bool) {
        self.count("bodies");
        let (run, ref step, _) = work;
        let is_done = self.done.contains(&(run, step.clone()));
        let failed = self.runs.entry(run).or_default().failed;
        // Bodies have a moment left after the end.
        let has_ended = self.runs[&run].ended_at.is_some_and(|at| self.millis > at + GRACE);
        let before = self.begun.insert(work.clone(), (process, self.tick));
        if !is_alone {
            return;
        }
        self.require(!is_done, || format!("{work:?} runs again, though its result was used"));
        self.require(!has_ended, || format!("{work:?} runs, though its run had ended"));
        if let Some((earlier, then)) = before {
            let is_explained = may_rerun || earlier != process || failed >= then;
            self.require(is_explained, || format!("{work:?} runs again without a reason"));
        }
    }

    /// What a body returned has reached another one.
    pub(crate) fn done(&mut self, run: u64, step: String) {
        self.done.insert((run, step));
    }

    pub(crate) fn once_runs(&mut self, key: &str) {
        let was_recorded = self.once.contains(key);
        self.require(!was_recorded, || format!("`once` {key} runs though its result is recorded"));
    }

    pub(crate) fn once_recorded(&mut self, key: String) {
        self.once.insert(key);
    }

    pub(crate) fn sleep_begins(&mut self, key: &str, now: Timestamp) {
        self.sleeps.entry(key.to_owned()).or_insert(now);
    }

    pub(crate) fn sleep_ends(&mut self, key: &str, millis: u64) {
        self.count("timers");
        let due = self.sleeps[key].after(std::time::Duration::from_millis(millis));
        let latest = self.latest;
        self.require(latest >= due, || format!("{key} wakes at {latest:?}, due {due:?}"));
    }

    /// A start has led to a run.
    pub(crate) fn started(&mut self, start: u64, run: u64) {
        self.starts.entry(start).or_default().insert(run);
        let runs = self.starts[&start].clone();
        self.require(runs.len() <= 1, || format!("start {start} has led to runs {runs:?}"));
    }

    pub(crate) fn tells(&mut self, id: u64) {
        *self.told.entry(id).or_default() += 1;
    }

    pub(crate) fn times_told(&self, id: u64) -> u64 {
        self.told.get(&id).copied().unwrap_or(0)
    }

    /// Somebody is told how a run stands, who asked at a moment.
    pub(crate) fn stands(&mut self, run: u64, status: Status, was_purged: bool) {
        self.require(!was_purged, || format!("run {run} is there, though it was purged"));
        let known = self.runs.entry(run).or_default();
        if status.is_ended() {
            known.ended_at.get_or_insert(self.millis);
            let end = *known.end.get_or_insert(status);
            self.require(end == status, || format!("run {run} ended as {end:?} and {status:?}"));
        }
    }

    /// A run is one of a handler's.
    pub(crate) fn belongs(&mut self, run: u64, handler: &str) {
        handler.clone_into(&mut self.runs.entry(run).or_default().handler);
    }

    /// From here on all runs of a handler may be gone, though nobody was promised that they are.
    /// Returns those that are there.
    pub(crate) fn purge_begins(&mut self, handler: &str) -> Vec<u64> {
        self.purging.insert(handler.to_owned());
        let ours = self.runs.iter().filter(|(_, known)| known.handler == handler);
        ours.map(|(run, _)| *run).collect()
    }

    pub(crate) fn may_be_gone(&self, run: u64) -> bool {
        self.runs.get(&run).is_some_and(|known| self.purging.contains(&known.handler))
    }

    /// Somebody was promised that these runs are gone.
    pub(crate) fn purge(&mut self, runs: &[u64]) {
        self.count("purges");
        for run in runs {
            self.runs.entry(*run).or_default().purged = true;
        }
    }

    pub(crate) fn is_purged(&self, run: u64) -> bool {
        self.runs.get(&run).is_some_and(|known| known.purged)
    }

    /// A reader sees an item, which has the number after the one before.
    pub(crate) fn see(&mut self, run: u64, sequence: u64, line: &str, is_last: bool) {
        self.count("items");
        let known = self.runs.entry(run).or_default();
        let seen = known.items.entry(sequence).or_insert_with(|| line.to_owned()).clone();
        if is_last {
            known.last.get_or_insert(sequence);
        }
        let last = known.last;
        let newest = known.items.last_key_value().map(|(sequence, _)| *sequence);
        self.require(seen == line, || format!("item {run}.{sequence} was {seen} and is {line}"));
        let ends = last.is_none_or(|last| newest <= Some(last));
        self.require(ends, || format!("run {run} goes on after its end {last:?} to {newest:?}"));
        self.require(!line.contains("restarted"), || format!("run {run}: {line}"));
    }

    /// A body's own item is on the stream once.
    pub(crate) fn see_published(&mut self, mark: &str, run: u64, sequence: u64) {
        let place = (run, sequence);
        let seen = *self.published.entry(mark.to_owned()).or_insert(place);
        self.require(seen == place, || format!("{mark} is at {seen:?} and at {place:?}"));
    }
}

/// Returns what is compared of an item.
pub(crate) fn line(item: &StreamItem) -> String {
    match item {
        StreamItem::Event(event) => format!("{} {}", event.name, event.value.text()),
        StreamItem::Restarted { step, .. } => format!("{step} restarted"),
        other => format!("{other:?}"),
    }
}
