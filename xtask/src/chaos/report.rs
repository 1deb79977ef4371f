//! What a storm has shown, for people and for machines.

use std::fmt::Write as _;
use std::time::Duration;

use super::record::{Counts, Violation};
use crate::trial::findings::{Findings, Kind};

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
            let _ = writeln!(text, "  {name:<32}{count:>9}");
        }
        let restart = self.counts.longest_restart.as_millis();
        let _ = writeln!(text, "  {:<32}{restart:>6} ms", "longest restart");
        let _ = writeln!(text, "  {:<32}{:>9}", "violations", self.violations.len());
        for Violation { about, what } in self.violations.iter().take(PRINTED) {
            let _ = write!(text, "\nviolation: {about}: {what}");
        }
        if self.violations.len() > PRINTED {
            let _ = write!(text, "\nand {} more", self.violations.len() - PRINTED);
        }
        text
    }

    /// Adds what the storm has shown to what else was found.
    pub(crate) fn add_to(&self, findings: &Findings) {
        findings.done("kills", self.counts.kills);
        for (name, count) in self.rows() {
            findings.done(name, count);
        }
        for Violation { about, what } in &self.violations {
            findings.broken(kind(what), &format!("storm: {about}"), what);
        }
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
            ("stream items seen by readers", counts.items_seen),
            ("stream items compared", counts.items_compared),
            ("runs whose log was checked", counts.runs_checked),
        ];
        rows.into_iter()
    }
}

/// What complaints of the storm are about, by what they say.
const KINDS: [(&str, Kind); 11] = [
    ("its start was acknowledged", Kind::StartLost),
    ("its cancel was acknowledged", Kind::CancelLost),
    ("Cancel was acknowledged", Kind::CancelLost),
    ("Hello, ", Kind::EventLost),
    ("terminal event", Kind::EndMissing),
    ("did not end in time", Kind::EndMissing),
    ("its public items are", Kind::ItemTwice),
    ("a reader of", Kind::SequenceMissing),
    ("was due", Kind::SequenceMissing),
    ("is due", Kind::SequenceMissing),
    ("was seen as", Kind::SequenceChanged),
];

fn kind(what: &str) -> Kind {
    let found = KINDS.iter().find(|(phrase, _)| what.contains(phrase));
    found.map_or(Kind::Other, |(_, kind)| *kind)
}
