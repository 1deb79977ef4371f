//! The house rules: what neither rustc nor clippy checks.
//!
//! Each rule is a function from the [`Tree`] of files that git knows to [`Violation`]s, so that a
//! test gives it text and gets text.

mod crates;
mod semantics;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

/// Files by their path in the repository; binary ones have no text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    path: String,
    /// Counted from 1; 0 if it is about the whole file.
    line: usize,
    what: String,
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: [Rule; 10] = [
    text::long_files,
    text::banned_words,
    text::banned_code,
    text::sleeping_tests,
    text::machine_paths,
    text::registry_addresses,
    crates::manifests,
    crates::dead_files,
    crates::changelog,
    semantics::table,
];

/// Checks the repository that the current folder is in.
pub(crate) fn run() -> Result<ExitCode> {
    let tree = Tree::read()?;
    let violations = check(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    println!("{} files checked, {} violations", tree.files.len(), violations.len());
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<_> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    violations.sort();
    violations
}

impl Tree {
    /// Reads every file that git tracks or would track.
    fn read() -> Result<Self> {
        let root =
            PathBuf::from(git(Path::new("."), &["rev-parse", "--show-toplevel"])?.trim_end());
        let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let mut files = BTreeMap::new();
        for path in git(&root, &listing)?.split_terminator('\0') {
            let full = root.join(path);
            // A file that was deleted is still listed until that is staged.
            if full.is_file() {
                let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
                files.insert(path.to_owned(), String::from_utf8(bytes).ok());
            }
        }
        Ok(Self { files })
    }

    fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Returns the path and the text of every file that has text.
    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

impl Violation {
    fn file(path: &str, what: impl Into<String>) -> Self {
        Self::line(path, 0, what)
    }

    fn line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(folder).output();
    let output = output.context("cannot run git")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {} failed: {stderr}", arguments.join(" "));
    String::from_utf8(output.stdout).context("git printed a path that is not UTF-8")
}
