//! What a storm has shown, for people and for machines.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::record::{Counts, Violation};

/// How many violations are printed; all of them are in the JSON report.
const PRINTED: usize = 40;

/// What a storm has shown.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) clients: u64,
    pub(crate) took: Duration,
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn text(&self) -> String {
        let Counts { kills, early_kills, .. } = self.counts;
        let seconds = self.took.as_secs();
        let mut text = format!(
            "{kills} kills ({early_kills} of them before the server answered) in {seconds} s, \
             {} clients, seed {}\n\n",
            self.clients, self.seed
        );
        for (name, count) in self.rows() {
            let _ = writeln!(text, "  {name:<24}{count:>9}");
        }
        let restart = self.counts.longest_restart.as_millis();
        let _ = writeln!(text, "  {:<24}{restart:>6} ms", "longest restart");
        let _ = writeln!(text, "  {:<24}{:>9}", "violations", self.violations.len());
        for Violation { about, what } in self.violations.iter().take(PRINTED) {
            let _ = write!(text, "\nviolation: {about}: {what}");
        }
        if self.violations.len() > PRINTED {
            let _ = write!(text, "\nand {} more", self.violations.len() - PRINTED);
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows().map(|(name, count)| (name.replace(' ', "_"), Value::from(count)));
        let violations: Vec<Value> = self
            .violations
            .iter()
            .map(|Violation { about, what }| json!({ "about": about, "what": what }))
            .collect();
        json!({
            "seed": self.seed,
            "clients": self.clients,
            "seconds": self.took.as_secs_f64(),
            "kills": self.counts.kills,
            "kills_before_the_first_answer": self.counts.early_kills,
            "counts": rows.collect::<serde_json::Map<_, _>>(),
            "longest_restart_milliseconds": u64::try_from(self.counts.longest_restart.as_millis()).ok(),
            "violations": violations,
        })
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = &self.counts;
        let rows = [
            ("starts acknowledged", counts.starts_acknowledged),
            ("starts cut", counts.starts_cut),
            ("events acknowledged", counts.events_acknowledged),
            ("events cut", counts.events_cut),
            ("cancels acknowledged", counts.cancels_acknowledged),
            ("purges acknowledged", counts.purges_acknowledged),
            ("cancels and purges cut", counts.cancels_cut),
            ("streams read", counts.streams_read),
            ("reconnects of readers", counts.reconnects),
            ("items seen", counts.items_seen),
            ("items compared", counts.items_compared),
            ("runs checked", counts.runs_checked),
        ];
        rows.into_iter()
    }
}
