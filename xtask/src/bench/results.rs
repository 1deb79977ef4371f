//! What was measured, over all rounds: medians, ratios and goals.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::load;

/// What a value is of, such as `/run, 64 connections: stepwell`, and what it says, such as
/// `requests/s`.
type Key = (String, &'static str);

/// Values by what they are, one for each round.
#[derive(Debug, Default)]
pub(super) struct Results {
    values: BTreeMap<Key, Vec<f64>>,
    /// In the order in which they were first measured.
    names: Vec<Key>,
}

/// What a value should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::AtMost(most) => format!("≤ {}", number(most)),
        }
    }
}

pub(super) const PER_SECOND: &str = "requests/s";
pub(super) const P50: &str = "p50 ms";
pub(super) const P99: &str = "p99 ms";

impl Results {
    pub(super) fn add(&mut self, name: &str, metric: &'static str, value: f64) {
        let key = (name.to_owned(), metric);
        if !self.values.contains_key(&key) {
            self.names.push(key.clone());
        }
        self.values.entry(key).or_default().push(value);
    }

    pub(super) fn add_load(&mut self, name: &str, measured: load::Measured) {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        self.add(name, PER_SECOND, measured.per_second);
        self.add(name, P50, milliseconds(measured.p50));
        self.add(name, P99, milliseconds(measured.p99));
        self.add(name, "max ms", milliseconds(measured.max));
        for (metric, cpu) in
            [("server CPU µs", measured.server_cpu), ("client CPU µs", measured.client_cpu)]
        {
            if let Some(cpu) = cpu {
                self.add(name, metric, cpu.as_secs_f64() * 1e6);
            }
        }
    }

    /// Returns the median over all rounds.
    pub(super) fn median(&self, name: &str, metric: &'static str) -> Option<f64> {
        self.values.get(&(name.to_owned(), metric)).map(|values| median(values))
    }

    /// Writes the medians as tables: one row for everything that was measured, and one table for
    /// all that were measured alike. The first value comes with its least and its greatest.
    pub(super) fn markdown(&self) -> String {
        let mut tables: Vec<(Vec<&str>, String)> = Vec::new();
        for name in self.things() {
            let metrics: Vec<&str> = self.metrics(name).collect();
            let row = self.row(name);
            match tables.iter_mut().find(|(columns, _)| *columns == metrics) {
                Some((_, rows)) => rows.push_str(&row),
                None => tables.push((metrics, row)),
            }
        }
        let tables = tables.into_iter().map(|(columns, rows)| {
            let lines = "--: | ".repeat(columns.len() + 1);
            format!(
                "| medians | {} | {} min–max |\n| --- | {}\n{rows}",
                columns.join(" | "),
                columns[0],
                lines.trim_end()
            )
        });
        tables.collect::<Vec<_>>().join("\n")
    }

    /// Returns what was measured, each once.
    fn things(&self) -> Vec<&str> {
        let mut things: Vec<&str> = Vec::new();
        for (name, _) in &self.names {
            if !things.contains(&name.as_str()) {
                things.push(name);
            }
        }
        things
    }

    fn metrics(&self, name: &str) -> impl Iterator<Item = &'static str> {
        self.names.iter().filter(move |key| key.0 == name).map(|key| key.1)
    }

    fn row(&self, name: &str) -> String {
        let spreads: Vec<_> = self
            .metrics(name)
            .map(|metric| spread(&self.values[&(name.to_owned(), metric)]).map(number))
            .collect();
        let medians: Vec<&str> = spreads.iter().map(|[median, ..]| median.as_str()).collect();
        let [_, min, max] = &spreads[0];
        format!("| {name} | {} | {min}–{max} |\n", medians.join(" | "))
    }

    pub(super) fn json(&self) -> Value {
        let rows = self.names.iter().map(|key| {
            let values = &self.values[key];
            json!({ "measured": key.0, "metric": key.1, "median": median(values), "rounds": values })
        });
        rows.collect()
    }
}

/// A value beside what it should be.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) goal: Goal,
}

impl Verdict {
    pub(super) fn is_met(&self) -> bool {
        self.goal.is_met(self.value)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "what": self.what,
            "value": self.value,
            "goal": self.goal.text(),
            "met": self.is_met(),
        })
    }
}

pub(super) fn verdicts_markdown(verdicts: &[Verdict]) -> String {
    let mut text = "| goal | | measured | |\n| --- | --: | --: | --- |\n".to_owned();
    for verdict in verdicts {
        let met = if verdict.is_met() { "met" } else { "**missed**" };
        let (value, goal) = (number(verdict.value), verdict.goal.text());
        let _ = writeln!(text, "| {} | {goal} | {value} | {met} |", verdict.what);
    }
    text
}

fn median(values: &[f64]) -> f64 {
    spread(values)[0]
}

/// Returns the median, the least and the greatest of values, of which there is at least one.
fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    [median, sorted[0], sorted[sorted.len() - 1]]
}

/// Writes a number with three digits that count, or all before the point.
fn number(value: f64) -> String {
    match value {
        _ if value >= 100.0 => group(&format!("{value:.0}")),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Puts a comma before every third digit from the end.
fn group(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn rounds_become_rows() {
        let mut results = Results::default();
        for value in [3.0, 1.0, 2.0] {
            results.add("b", "x/s", value * 12_345.678);
            results.add("a", "ms", value);
        }
        results.add("b", "y", 1.0);
        results.add("b", "y", 2.0);
        results.add("c", "ms", 0.001);
        expect![[r"
            | medians | x/s | y | x/s min–max |
            | --- | --: | --: | --: |
            | b | 24,691 | 1.50 | 12,346–37,037 |

            | medians | ms | ms min–max |
            | --- | --: | --: |
            | a | 2.00 | 1.00–3.00 |
            | c | 0.00 | 0.00–0.00 |
        "]]
        .assert_eq(&results.markdown());
        assert_eq!(results.median("a", "ms"), Some(2.0));
        assert_eq!(results.median("a", "x/s"), None);
    }

    #[test]
    fn goals_are_met_or_missed() {
        let verdict = |value, goal| Verdict { what: "it".to_owned(), value, goal };
        let verdicts = [
            verdict(0.5, Goal::AtLeast(0.5)),
            verdict(6_999.0, Goal::AtLeast(7_000.0)),
            verdict(10.04, Goal::AtMost(10.0)),
        ];
        expect![[r"
            | goal | | measured | |
            | --- | --: | --: | --- |
            | it | ≥ 0.50 | 0.50 | met |
            | it | ≥ 7,000 | 6,999 | **missed** |
            | it | ≤ 10.0 | 10.0 | **missed** |
        "]]
        .assert_eq(&verdicts_markdown(&verdicts));
    }
}
