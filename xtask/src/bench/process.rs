//! The child process of a measurement, and what processes cost.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::serve::Side;
use crate::server::Server;

/// How long a child may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// In what `/proc` counts time, on every Linux there is.
const TICKS_PER_SECOND: u32 = 100;

/// A child that serves one side.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) server: Server,
    pub(crate) base: String,
}

impl Child {
    /// Starts a child; it keeps runs in `data`, or in memory.
    pub(crate) async fn start(side: Side, data: Option<&Path>, answer: &str) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut command = Command::new(program);
        command.arg("bench-server");
        match side {
            Side::Stepwell => command.arg("stepwell"),
            Side::Baseline => command.args(["baseline", "--answer", answer]),
        };
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut server = Server::spawn(command)?;
        let base = server.listening(START_LIMIT).await?;
        Ok(Self { server, base })
    }
}

/// Returns the processor time that a process, or this one, has used so far.
pub(super) fn cpu(process: Option<u32>) -> Option<Duration> {
    let process = process.map_or("self".to_owned(), |process| process.to_string());
    ticks(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// How much memory a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Now, in bytes.
    pub(crate) resident: u64,
    /// The most that it had.
    pub(crate) peak: u64,
}

/// Returns how much memory a process has; none where the system does not tell.
pub(crate) fn memory(process: u32) -> Option<Memory> {
    read_memory(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn read_memory(status: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    };
    Some(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

fn ticks(stat: &str) -> Option<Duration> {
    // The name of the program may contain anything, and ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    Some(Duration::from_secs(1) * (user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added() {
        let stat = "4132 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 99";
        assert_eq!(ticks(stat), Some(Duration::from_secs(3)));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\ta\nVmHWM:\t    8 kB\nVmRSS:\t    4 kB\n";
        assert_eq!(read_memory(status), Some(Memory { resident: 4096, peak: 8192 }));
        assert_eq!(read_memory("nonsense"), None);
    }
}
