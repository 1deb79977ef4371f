//! Rules about the text of single files.

use super::{Tree, Violation};

/// A file that is longer holds more than one thing.
const MAX_LINES: usize = 400;

// The words are put together here, so that this file does not break the rule.
const WORDS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];
const CODE: [&str; 4] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("#[", "should_panic"),
];
const SLEEPS: [&str; 2] = [concat!("thread", "::sleep"), concat!("time", "::sleep")];
const MACHINE_FOLDERS: [&str; 4] =
    [concat!("/", "tmp/"), concat!("/", "root/"), concat!("/", "home/"), concat!("/", "work/")];
const RESOLVED: &str = concat!("\"resolved\": ", "\"http");

/// Returns everything that is banned, for tests.
#[cfg(test)]
pub(super) fn banned() -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().chain(CODE).chain(SLEEPS).chain(MACHINE_FOLDERS)
}

pub(super) fn long_files(tree: &Tree) -> Vec<Violation> {
    let rust = tree.texts().filter(|(path, _)| is_rust(path) && !is_generated(path));
    let long = rust.filter_map(|(path, text)| {
        let lines = text.lines().count();
        let what = format!("has {lines} lines, more than {MAX_LINES}: split it");
        (lines > MAX_LINES).then(|| Violation::file(path, what))
    });
    long.collect()
}

pub(super) fn banned_words(tree: &Tree) -> Vec<Violation> {
    let written = tree.texts().filter(|(path, _)| !is_generated(path));
    find(written, |_, line| {
        let word = WORDS.into_iter().find(|word| has_word(line, word))?;
        Some(format!("`{word}` is a note to oneself: do it, or open an issue"))
    })
}

pub(super) fn banned_code(tree: &Tree) -> Vec<Violation> {
    let rust = tree.texts().filter(|(path, _)| is_rust(path));
    find(rust, |_, line| {
        let code = CODE.into_iter().find(|code| line.contains(code))?;
        Some(format!("`{code}` is not allowed"))
    })
}

/// Files called `paused.rs` are for time that stands still while anything can happen: there a
/// sleep ends when nothing else can, and hides no race.
pub(super) fn sleeping_tests(tree: &Tree) -> Vec<Violation> {
    let is_paused = |path: &str| path.ends_with("/paused.rs");
    let tests = tree.texts().filter(|(path, _)| is_rust(path) && is_test(path) && !is_paused(path));
    find(tests, |_, line| {
        let sleep = SLEEPS.into_iter().find(|sleep| line.contains(sleep))?;
        Some(format!("`{sleep}` in a test: wait for the condition itself"))
    })
}

pub(super) fn machine_paths(tree: &Tree) -> Vec<Violation> {
    let code = tree.texts().filter(|(path, _)| !path.ends_with(".md") && !is_generated(path));
    find(code, |path, line| {
        let folder = MACHINE_FOLDERS.into_iter().find(|folder| {
            line.match_indices(folder).any(|(at, _)| begins_a_path(path, &line[..at]))
        })?;
        Some(format!("a path of one machine (`{folder}`)"))
    })
}

pub(super) fn registry_addresses(tree: &Tree) -> Vec<Violation> {
    let locks = tree.texts().filter(|(path, _)| {
        ["package-lock.json", "npm-shrinkwrap.json"].contains(&file_name(path))
    });
    find(locks, |_, line| {
        let message = "the address of a registry: set `omit-lockfile-registry-resolved`";
        line.contains(RESOLVED).then(|| message.to_owned())
    })
}

/// Makes a violation of every line for which `rule`, given the path and the line, has a message.
fn find<'a>(
    texts: impl Iterator<Item = (&'a str, &'a str)>,
    rule: impl Fn(&str, &str) -> Option<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in texts {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(what) = rule(path, line) {
                violations.push(Violation::line(path, number, what));
            }
        }
    }
    violations
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || file_name(path) == "tests.rs"
}

/// Tells whether nobody writes the file by hand: built assets, generated code, lock files.
fn is_generated(path: &str) -> bool {
    let folders: Vec<&str> = path.split('/').collect();
    let lock = path.ends_with(".lock") || path.ends_with("-lock.json");
    lock || folders.iter().any(|folder| ["assets", "generated"].contains(folder))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !is_part(before) && !is_part(after)
    })
}

/// Tells whether text that follows `before` is in a string literal, and does not go on a path or
/// an address that began earlier.
fn begins_a_path(path: &str, before: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "_-.~/}>)".contains(c);
    if before.chars().next_back().is_some_and(goes_on) {
        return false;
    }
    // In Rust a single quote is a lifetime as often as a quote.
    let quotes: &[char] = if is_rust(path) { &['"'] } else { &['"', '\'', '`'] };
    let mut open = None;
    let mut escaped = false;
    for c in before.chars() {
        match open {
            _ if escaped => escaped = false,
            _ if c == '\\' => escaped = true,
            Some(quote) if c == quote => open = None,
            None if quotes.contains(&c) => open = Some(c),
            _ => {}
        }
    }
    open.is_some()
}
