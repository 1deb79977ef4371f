//! What a crowd has shown, for people.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::reader::{GUESTS, Kind, Plan, Reading};
use super::{Arguments, Crowd};
use crate::bench::load::percentile;
use crate::bench::process::Memory;

/// How many complaints are printed.
const PRINTED: usize = 40;

/// What a crowd has shown.
#[derive(Debug)]
pub(super) struct Report {
    runs: u64,
    took: Duration,
    /// How many items readers saw while runs published, and in which time.
    publishing: (u64, Duration),
    memory: Option<Memory>,
    most_open: u64,
    items_seen: u64,
    connections: u64,
    kinds: Vec<Kind>,
    latencies: Vec<Duration>,
    pub(super) complaints: Vec<String>,
}

impl Report {
    pub(super) fn new(
        arguments: &Arguments,
        took: Duration,
        publishing: (u64, Duration),
        memory: Option<Memory>,
        crowd: &Crowd,
    ) -> Self {
        Self {
            runs: arguments.runs,
            took,
            publishing,
            memory,
            most_open: crowd.open.most.load(Ordering::Relaxed),
            items_seen: crowd.seen.load(Ordering::Relaxed),
            connections: 0,
            kinds: Vec::new(),
            latencies: Vec::new(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Takes what a reader saw.
    pub(super) fn add(&mut self, plan: Plan, reading: Reading) {
        self.kinds.push(plan.kind);
        self.connections += reading.connections;
        self.latencies.extend(reading.latencies);
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.rows() {
            let _ = writeln!(text, "  {name:<44}{value:>12}");
        }
        for complaint in self.complaints.iter().take(PRINTED) {
            let _ = write!(text, "\nnot seen as it is: {complaint}");
        }
        if self.complaints.len() > PRINTED {
            let _ = write!(text, "\nand {} more", self.complaints.len() - PRINTED);
        }
        text
    }

    fn rows(&self) -> Vec<(String, String)> {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let latency = |percent| format!("{} ms", percentile(&latencies, percent).as_millis());
        let (seen, time) = self.publishing;
        let rate = u128::from(seen) * 1000 / time.as_millis().max(1);
        let memory = |bytes: fn(&Memory) -> u64| match &self.memory {
            Some(memory) => format!("{} MiB", bytes(memory) >> 20),
            None => "unknown".to_owned(),
        };
        let mut rows = vec![
            ("runs alive at once".to_owned(), self.runs.to_string()),
            ("streams open at once, at most".to_owned(), self.most_open.to_string()),
        ];
        for kind in [Kind::Steady].into_iter().chain(GUESTS) {
            let count = self.kinds.iter().filter(|read| **read == kind).count();
            rows.push((format!("readers: {kind:?}"), count.to_string()));
        }
        rows.extend([
            ("their connections".to_owned(), self.connections.to_string()),
            ("items seen".to_owned(), self.items_seen.to_string()),
            ("items seen in a second while all published".to_owned(), rate.to_string()),
            ("the time of that".to_owned(), seconds(time)),
            ("from publishing to a steady reader, p50".to_owned(), latency(50)),
            ("the same, p99".to_owned(), latency(99)),
            ("the same, at most".to_owned(), latency(100)),
            ("memory of the server at the end".to_owned(), memory(|memory| memory.resident)),
            ("memory of the server at most".to_owned(), memory(|memory| memory.peak)),
            ("time from the first start to the last end".to_owned(), seconds(self.took)),
            ("complaints".to_owned(), self.complaints.len().to_string()),
        ]);
        rows
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
