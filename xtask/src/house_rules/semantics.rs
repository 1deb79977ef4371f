//! The table of rules: each says which test holds it, and the test is there.

use std::collections::BTreeSet;

use super::{Tree, Violation};

const TABLE: &str = "docs/semantics.md";

/// What may be said of a rule.
const VERDICTS: [&str; 3] = ["same", "fixed", "not applicable"];

/// Every row of the table that begins with the name of a rule has four cells: the rule, the
/// verdict, why, and tests that exist. One without tests must say why it cannot have any.
pub(super) fn table(tree: &Tree) -> Vec<Violation> {
    let Some(text) = tree.text(TABLE) else { return Vec::new() };
    let tests = tests(tree);
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(rule) = cells.first().filter(|cell| is_rule(cell)) else { continue };
        let mut wrong = |what: String| violations.push(Violation::line(TABLE, number, what));
        let [_, verdict, why, held] = cells[..] else {
            wrong(format!("{rule} needs four cells: rule, verdict, how or why, tests"));
            continue;
        };
        if !seen.insert(rule.to_owned()) {
            wrong(format!("{rule} has two rows"));
        }
        if !VERDICTS.contains(&verdict) {
            wrong(format!("the verdict on {rule} is none of: {}", VERDICTS.join(", ")));
        }
        if verdict != "same" && why.is_empty() {
            wrong(format!("{rule} says neither how nor why"));
        }
        let named: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        if named.is_empty() && verdict != "not applicable" {
            wrong(format!("no test holds {rule}"));
        }
        for test in named.into_iter().filter(|test| !tests.contains(test)) {
            wrong(format!("{rule} names the test `{test}`, which does not exist"));
        }
    }
    violations
}

/// Two capitals, a dash and a number, as in `RT-7`, perhaps with a letter after it.
fn is_rule(cell: &str) -> bool {
    cell.split_once('-').is_some_and(|(group, number)| {
        (1..=2).contains(&group.len())
            && group.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.starts_with(|first: char| first.is_ascii_digit())
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Returns the names of all functions, and of the files of tests that the compiler must refuse.
fn tests(tree: &Tree) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (path, text) in tree.texts() {
        let keyword = match path.rsplit_once('.') {
            Some((_, "rs")) => "fn ",
            Some((_, "py")) => "def ",
            _ => continue,
        };
        if let Some((_, file)) = path.rsplit_once("/tests/ui/") {
            names.insert(file);
        }
        for line in text.lines() {
            let Some((_, rest)) = line.split_once(keyword) else { continue };
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            names.insert(&rest[..end]);
        }
    }
    names
}
