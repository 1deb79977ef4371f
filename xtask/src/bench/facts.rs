//! What is to be known of the machine to understand the numbers.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::load::percentile;

/// How often the disk is asked to sync.
const SYNCS: usize = 100;

/// What is synced each time: two pages of a database.
const SYNCED: usize = 8 << 10;

/// The machine, and how this program was built.
#[derive(Debug)]
pub(super) struct Facts {
    cores: usize,
    processor: String,
    /// The type of the file system that holds the databases.
    pub(super) file_system: String,
    sync_p50: Duration,
    sync_p99: Duration,
    load: String,
}

impl Facts {
    /// Looks at the machine; `folder` is where databases are kept.
    pub(super) fn gather(folder: &Path) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let (sync_p50, sync_p99) = sync_cost(folder)?;
        Ok(Self {
            cores,
            processor: processor().unwrap_or_else(|| "unknown".to_owned()),
            file_system: file_system(folder).unwrap_or_else(|| "unknown".to_owned()),
            sync_p50,
            sync_p99,
            load: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| Some(text.split_whitespace().next()?.to_owned()))
                .unwrap_or_else(|| "unknown".to_owned()),
        })
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let profile =
            if cfg!(debug_assertions) { "dev: the numbers mean nothing" } else { "release" };
        let micros = |time: Duration| format!("{} µs", time.as_micros());
        vec![
            ("cores", self.cores.to_string()),
            ("processor", self.processor.clone()),
            ("file system", self.file_system.clone()),
            ("write of 8 KiB and fdatasync, p50", micros(self.sync_p50)),
            ("the same, p99", micros(self.sync_p99)),
            ("load of the machine before", self.load.clone()),
            ("cargo profile", profile.to_owned()),
            ("durability of SQLite", "FULL".to_owned()),
        ]
    }

    pub(super) fn markdown(&self) -> String {
        let rows = self.rows().into_iter().map(|(name, value)| format!("| {name} | {value} |\n"));
        format!("| machine | |\n| --- | --- |\n{}", rows.collect::<String>())
    }

    pub(super) fn json(&self) -> Value {
        self.rows().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

/// Measures what it takes to write a little and have it on disk: the median, and what is exceeded
/// in one of a hundred cases.
pub(super) fn sync_cost(folder: &Path) -> Result<(Duration, Duration)> {
    let path = folder.join("sync");
    let mut file = File::create(&path).context("cannot write where the databases are to be")?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begin = Instant::now();
        file.rewind()?;
        file.write_all(&[7; SYNCED])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    Ok((percentile(&times, 50), percentile(&times, 99)))
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    holder(&fs::read_to_string("/proc/mounts").ok()?, &folder)
}

/// Returns the type of the mount that holds a folder: the one with the longest path.
fn holder(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (path, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(path).then(|| (path.len(), kind.to_owned()))
    });
    // A later mount on the same path hides the earlier one.
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_the_deepest_mount() {
        let mounts = "x / ext4 rw 0 0\ny /a tmpfs rw 0 0\nz /ab xfs rw 0 0\nz /a btrfs rw 0 0";
        assert_eq!(holder(mounts, Path::new("/a/b")).as_deref(), Some("btrfs"));
        assert_eq!(holder(mounts, Path::new("/c")).as_deref(), Some("ext4"));
    }
}
