//! What was done to servers, and which promises were not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::dying::Fault;

/// How long to wait for what must happen; and if a fault was put in.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT_PATIENCE: Duration = Duration::from_secs(4);

/// How many violations are printed; all of them are in the JSON report.
const PRINTED: usize = 40;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    StartLost,
    EventLost,
    CancelLost,
    EndMissing,
    StateTwice,
    ItemTwice,
    SequenceMissing,
    SequenceRepeated,
    SequenceChanged,
    TimerLost,
    TimerTwice,
    TimerEarly,
    StepLost,
    StepTwice,
    WriteLost,
    WriteTorn,
    Unreadable,
    Refusal,
    Other,
}

impl Kind {
    const ALL: [(Self, &'static str); 19] = [
        (Self::StartLost, "acknowledged starts lost"),
        (Self::EventLost, "acknowledged events lost"),
        (Self::CancelLost, "acknowledged cancels lost"),
        (Self::EndMissing, "terminal events missing"),
        (Self::StateTwice, "state changes lost or made twice"),
        (Self::ItemTwice, "stream items published twice"),
        (Self::SequenceMissing, "sequences missing"),
        (Self::SequenceRepeated, "sequences repeated"),
        (Self::SequenceChanged, "sequences changed"),
        (Self::TimerLost, "timers lost"),
        (Self::TimerTwice, "timers fired twice"),
        (Self::TimerEarly, "timers fired early"),
        (Self::StepLost, "steps lost"),
        (Self::StepTwice, "steps run again that were not in flight"),
        (Self::WriteLost, "answered writes lost with the power"),
        (Self::WriteTorn, "writes torn by power loss"),
        (Self::Unreadable, "stores unreadable after power loss"),
        (Self::Refusal, "refusals that are missing or unclear"),
        (Self::Other, "other promises broken"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
struct Violation {
    kind: Kind,
    about: String,
    what: String,
}

/// All that was found. It lives in this process, which nobody kills.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What all servers are started with to be found out.
    pub(super) fault: Option<Fault>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    done: BTreeMap<&'static str, u64>,
    violations: Vec<Violation>,
}

impl Findings {
    /// Looks for a fault that was put in on purpose.
    pub(super) fn of(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// Returns how long to wait for what must happen: not long if a fault is known to prevent it.
    pub(super) fn patience(&self) -> Duration {
        self.fault.map_or(PATIENCE, |_| SHORT_PATIENCE)
    }

    /// Returns the kinds of promises that were not kept.
    pub(super) fn kinds(&self) -> BTreeSet<Kind> {
        self.inner.lock().violations.iter().map(|violation| violation.kind).collect()
    }

    /// Counts what was done.
    pub(crate) fn done(&self, what: &'static str, times: u64) {
        *self.inner.lock().done.entry(what).or_default() += times;
    }

    /// Notes a promise that was not kept.
    pub(crate) fn broken(&self, kind: Kind, about: &str, what: impl Into<String>) {
        let violation = Violation { kind, about: about.to_owned(), what: what.into() };
        self.inner.lock().violations.push(violation);
    }

    /// Tells how many promises were not kept.
    pub(crate) fn faults(&self) -> usize {
        self.inner.lock().violations.len()
    }

    /// Returns the counts for people.
    pub(crate) fn text(&self) -> String {
        let inner = self.inner.lock();
        let mut text = String::from("done\n");
        for (what, times) in &inner.done {
            let _ = writeln!(text, "  {what:<48}{times:>10}");
        }
        text.push_str("found\n");
        for (kind, name) in Kind::ALL {
            let _ = writeln!(text, "  {name:<48}{:>10}", inner.count(kind));
        }
        for Violation { kind, about, what } in inner.violations.iter().take(PRINTED) {
            let _ = writeln!(text, "violation: {about}: {}: {what}", kind.name());
        }
        if inner.violations.len() > PRINTED {
            let _ = writeln!(text, "and {} more", inner.violations.len() - PRINTED);
        }
        text
    }

    /// Returns the counts for machines.
    pub(crate) fn json(&self) -> Value {
        let inner = self.inner.lock();
        let found = Kind::ALL.map(|(kind, name)| (name.to_owned(), inner.count(kind).into()));
        let violations: Vec<Value> = inner
            .violations
            .iter()
            .map(|it| json!({ "kind": it.kind.name(), "about": it.about, "what": it.what }))
            .collect();
        json!({
            "done": inner.done,
            "found": Map::from_iter(found),
            "violations": violations,
        })
    }
}

impl Inner {
    fn count(&self, kind: Kind) -> usize {
        self.violations.iter().filter(|violation| violation.kind == kind).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_report() {
        let findings = Findings::default();
        findings.done("kills", 3);
        for (kind, name) in Kind::ALL {
            assert_eq!(kind.name(), name);
            findings.broken(kind, "run", "it is gone");
        }
        assert_eq!(findings.faults(), Kind::ALL.len());
        let json = findings.json();
        assert_eq!(json["done"]["kills"], 3);
        assert!(Kind::ALL.iter().all(|(_, name)| json["found"][name] == 1));
        assert!(findings.text().contains("violation: run: timers lost: it is gone"));
    }
}
