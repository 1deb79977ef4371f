//! What is on a disk after power loss: what was synced, and any part of the rest.
//!
//! A disk may have written what was not synced entirely, in part, or not at all, in any order,
//! and a write may be torn between sectors. A sector is written or not: that is what disks promise
//! and SQLite relies on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use recording_vfs::Operation;

use crate::random::Random;

/// What a disk writes at once.
const SECTOR: u64 = 512;

/// The files of a directory.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

/// Writes the files into a new directory.
pub(super) fn write(image: &Image, directory: &Path) -> Result<()> {
    for (name, bytes) in image {
        fs::write(directory.join(name), bytes).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// How much of what was not synced a disk has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// The first of it, the last one torn.
    Beginning,
    /// Some sectors here and there.
    Sectors,
    Everything,
}

/// A file, whatever it is called.
#[derive(Debug, Default)]
struct Content {
    durable: Vec<u8>,
    /// What was done to it since it was synced.
    pending: Vec<Operation>,
    /// Whether its next sync syncs the directory.
    with_directory: bool,
}

/// A disk that keeps apart what was synced and what was not.
#[derive(Debug, Default)]
pub(super) struct Disk {
    contents: Vec<Content>,
    /// The directory as programs see it.
    now: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// Names that were given and taken since the directory was synced.
    pending: Vec<(String, Option<usize>)>,
}

impl Disk {
    /// Begins with files that are on the disk.
    pub(super) fn new(image: &Image) -> Self {
        let mut disk = Self::default();
        for (name, bytes) in image {
            disk.contents.push(Content { durable: bytes.clone(), ..Content::default() });
            disk.durable.insert(name.clone(), disk.contents.len() - 1);
        }
        disk.now = disk.durable.clone();
        disk
    }

    /// Does what a program did.
    pub(super) fn apply(&mut self, operation: &Operation, random: &mut Random) {
        match operation {
            Operation::Create { file, with_directory } => {
                let content = Content { with_directory: *with_directory, ..Content::default() };
                self.contents.push(content);
                let number = self.contents.len() - 1;
                self.now.insert(file.clone(), number);
                self.pending.push((file.clone(), Some(number)));
            }
            Operation::Remove { file, with_directory } => {
                self.now.remove(file);
                self.pending.push((file.clone(), None));
                if *with_directory {
                    self.sync_directory();
                }
            }
            Operation::Write { file, .. } | Operation::Truncate { file, .. } => {
                // A file that was removed while it is open is on no disk.
                if let Some(number) = self.now.get(file) {
                    self.contents[*number].pending.push(operation.clone());
                }
            }
            Operation::SyncFailed { file } => {
                let Some(number) = self.now.get(file) else { return };
                let content = &mut self.contents[*number];
                // Some of it may be on the disk; the rest is given up, whatever is synced later.
                for operation in std::mem::take(&mut content.pending) {
                    if random.percent(50) {
                        write_sectors(&mut content.durable, &operation, 70, random);
                    }
                }
            }
            Operation::Sync { file } => {
                let Some(number) = self.now.get(file) else { return };
                let content = &mut self.contents[*number];
                for operation in std::mem::take(&mut content.pending) {
                    write_whole(&mut content.durable, &operation);
                }
                if std::mem::take(&mut content.with_directory) {
                    self.sync_directory();
                }
            }
        }
    }

    fn sync_directory(&mut self) {
        for (name, number) in std::mem::take(&mut self.pending) {
            name_file(&mut self.durable, name, number);
        }
    }

    /// Returns what is there when the power is back.
    pub(super) fn lose_power(&self, random: &mut Random) -> Image {
        let mut names = self.durable.clone();
        let kept = random.below(self.pending.len() as u64 + 1);
        let kept = usize::try_from(kept).unwrap_or(0);
        for (name, number) in &self.pending[..kept] {
            name_file(&mut names, name.clone(), *number);
        }
        names
            .into_iter()
            .map(|(name, number)| (name, self.contents[number].lose_power(random)))
            .collect()
    }
}

fn name_file(names: &mut BTreeMap<String, usize>, name: String, number: Option<usize>) {
    match number {
        Some(number) => names.insert(name, number),
        None => names.remove(&name),
    };
}

impl Content {
    fn lose_power(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let rest = match random.below(8) {
            0 => Rest::Nothing,
            1 => Rest::Everything,
            2..5 => Rest::Beginning,
            _ => Rest::Sectors,
        };
        let count = self.pending.len() as u64;
        let whole = match rest {
            Rest::Nothing => return bytes,
            Rest::Everything => count,
            Rest::Beginning => random.below(count + 1),
            Rest::Sectors => 0,
        };
        let share = random.between(1, 99);
        for (number, operation) in (0..).zip(&self.pending) {
            if number < whole {
                write_whole(&mut bytes, operation);
            } else if rest == Rest::Sectors || number == whole {
                write_sectors(&mut bytes, operation, share, random);
            }
        }
        bytes
    }
}

fn write_whole(bytes: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Write { offset, bytes: written, .. } => write_at(bytes, *offset, written),
        Operation::Truncate { length, .. } => {
            bytes.resize(usize::try_from(*length).unwrap_or(usize::MAX), 0);
        }
        _ => {}
    }
}

/// Writes some sectors of a write, each with the chance of so many in a hundred.
fn write_sectors(bytes: &mut Vec<u8>, operation: &Operation, share: u64, random: &mut Random) {
    let Operation::Write { offset, bytes: written, .. } = operation else {
        if random.percent(share) {
            write_whole(bytes, operation);
        }
        return;
    };
    let (mut begin, mut rest) = (*offset, written.as_slice());
    while !rest.is_empty() {
        let length = usize::try_from(SECTOR - begin % SECTOR).unwrap_or(usize::MAX);
        let (sector, after) = rest.split_at(length.min(rest.len()));
        if random.percent(share) {
            write_at(bytes, begin, sector);
        }
        begin += sector.len() as u64;
        rest = after;
    }
}

fn write_at(bytes: &mut Vec<u8>, offset: u64, written: &[u8]) {
    let begin = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = begin + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[begin..end].copy_from_slice(written);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: &str, offset: u64, length: usize, byte: u8) -> Operation {
        Operation::Write { file: file.to_owned(), offset, bytes: vec![byte; length] }
    }

    /// Returns all that may be left of a file, `-` if it is not there.
    fn outcomes(operations: &[Operation], file: &str) -> Vec<String> {
        let mut disk = Disk::new(&Image::from([("old".to_owned(), b"old".to_vec())]));
        operations.iter().for_each(|it| disk.apply(it, &mut Random::new(1)));
        let mut outcomes: Vec<String> = (0..400)
            .map(|seed| {
                let image = disk.lose_power(&mut Random::new(seed));
                image.get(file).map_or("-".to_owned(), |bytes| {
                    let mut text = String::from_utf8_lossy(bytes).replace('\0', "_");
                    text.dedup_runs();
                    text
                })
            })
            .collect();
        outcomes.sort();
        outcomes.dedup();
        outcomes
    }

    trait DedupRuns {
        fn dedup_runs(&mut self);
    }

    impl DedupRuns for String {
        fn dedup_runs(&mut self) {
            let mut characters: Vec<char> = self.chars().collect();
            characters.dedup();
            *self = characters.into_iter().collect();
        }
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_in_any_part() {
        let sync = Operation::Sync { file: "old".to_owned() };
        assert_eq!(outcomes(&[write("old", 0, 3, b'a'), sync.clone()], "old"), ["a"]);
        let torn = outcomes(&[write("old", 0, 3, b'a'), sync, write("old", 0, 1024, b'b')], "old");
        assert_eq!(torn, ["a", "a_b", "b"]);
    }

    #[test]
    fn a_new_file_may_be_gone_until_its_directory_is_synced() {
        let create = |with_directory| Operation::Create { file: "new".to_owned(), with_directory };
        let sync = Operation::Sync { file: "new".to_owned() };
        let begun = [create(true), write("new", 0, 1, b'x')];
        assert_eq!(outcomes(&begun, "new"), ["", "-", "x"]);
        let [create_it, write_it] = begun;
        assert_eq!(outcomes(&[create_it, write_it, sync.clone()], "new"), ["x"]);
        let alone = [create(false), write("new", 0, 1, b'x'), sync];
        assert_eq!(outcomes(&alone, "new"), ["-", "x"]);
    }

    #[test]
    fn a_file_that_was_removed_may_come_back() {
        let remove = |with_directory| Operation::Remove { file: "old".to_owned(), with_directory };
        assert_eq!(outcomes(&[remove(false)], "old"), ["-", "old"]);
        assert_eq!(outcomes(&[remove(true)], "old"), ["-"]);
    }
}
