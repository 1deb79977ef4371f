//! One server with its data, its side effects and its clock, through all its lives.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::caller::Caller;
use super::findings::{Findings, Kind};
use crate::chaos::free_port;
use crate::random::Random;
use crate::server::Server;

/// How long a start may take. It is a limit, far above what is promised.
const START_LIMIT: Duration = Duration::from_secs(40);

/// How long an orderly stop, or a refusal to start, may take.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A server under trial. It dies with this.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) findings: Arc<Findings>,
    /// Where the data is; `data` in the folder unless a trial puts it elsewhere.
    pub(super) data: PathBuf,
    pub(super) kills: u64,
    port: u16,
    folder: TempDir,
    server: Option<Server>,
}

impl Site {
    pub(super) async fn new(
        name: &'static str,
        findings: &Arc<Findings>,
        random: &mut Random,
    ) -> Result<Self> {
        let folder = TempDir::with_prefix(format!("stepwell-{name}-"))?;
        Ok(Self {
            name,
            findings: Arc::clone(findings),
            data: folder.path().join("data"),
            kills: 0,
            // The same in all lives, so that clients find it again.
            port: free_port(random).await?,
            folder,
            server: None,
        })
    }

    pub(super) fn caller(&self) -> Result<Caller> {
        Caller::new(self.port, Arc::clone(&self.findings))
    }

    pub(super) fn broken(&self, kind: Kind, what: impl Into<String>) {
        self.findings.broken(kind, self.name, what);
    }

    /// Returns the command that starts the server.
    pub(super) fn command(&self, more: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("trial-server").arg("--data").arg(&self.data);
        command.arg("--effects").arg(self.folder.path().join("effects"));
        command.arg("--clock").arg(self.folder.path().join("clock"));
        command.args(["--port", &self.port.to_string()]).args(more);
        if let Some(fault) = self.findings.fault.and_then(|fault| fault.to_possible_value()) {
            command.args(["--fault", fault.get_name()]);
        }
        // What it says in the end is read, and must not be buried.
        command.env("RUST_BACKTRACE", "0");
        command.stderr(File::options().create(true).append(true).open(self.log_path())?);
        Ok(command)
    }

    /// Starts the server and waits until it listens.
    pub(super) async fn start(&mut self, more: &[&str]) -> Result<()> {
        let command = self.command(more)?;
        self.start_command(command).await
    }

    pub(super) async fn start_command(&mut self, command: Command) -> Result<()> {
        let mut server = Server::spawn(command)?;
        let listening = server.listening(START_LIMIT).await;
        listening.with_context(|| format!("{}: {}", self.name, self.last_words()))?;
        self.server = Some(server);
        self.findings.done("servers started", 1);
        Ok(())
    }

    /// Starts the server, and kills it whether it listens or not.
    pub(super) async fn start_and_kill(&mut self, after: Duration) -> Result<()> {
        let server = Server::spawn(self.command(&[])?)?;
        sleep(after).await;
        server.kill().await?;
        self.count_kill();
        Ok(())
    }

    /// Kills the server, which must be alive.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let mut server = self.server.take().context("there is a server to kill")?;
        let ended = server.ended()?;
        ensure!(ended.is_none(), "the server ended by itself ({ended:?}): {}", self.last_words());
        server.kill().await?;
        self.count_kill();
        Ok(())
    }

    /// Kills the server, which may be about to end by itself.
    pub(super) async fn kill_if_alive(&mut self) -> Result<()> {
        let mut server = self.server.take().context("there is a server to kill")?;
        if server.ended()?.is_none() {
            server.kill().await?;
        }
        self.count_kill();
        Ok(())
    }

    /// Starts the server, unless it refuses for one of these reasons. Tells whether it listens.
    pub(super) async fn start_or_refuse(&mut self, reasons: &[&str]) -> Result<bool> {
        match self.start(&[]).await {
            Ok(()) => Ok(true),
            Err(error) => {
                let said = format!("{error:#}");
                if !reasons.iter().any(|reason| said.contains(reason)) {
                    self.broken(Kind::Refusal, said);
                }
                self.findings.done("refused starts of servers", 1);
                Ok(false)
            }
        }
    }

    fn count_kill(&mut self) {
        self.kills += 1;
        self.findings.done("kills", 1);
    }

    /// Kills the server and starts it again.
    pub(super) async fn bounce(&mut self) -> Result<()> {
        self.kill().await?;
        self.start(&[]).await
    }

    /// Waits until the server has ended by itself.
    pub(super) async fn died(&mut self) -> Result<()> {
        let server = self.server.as_mut().context("there is a server")?;
        while server.ended()?.is_none() {
            sleep(Duration::from_millis(5)).await;
        }
        self.server = None;
        self.count_kill();
        Ok(())
    }

    /// Sends the server a signal.
    pub(super) async fn signal(&self, signal: &str) -> Result<()> {
        let server = self.server.as_ref().context("there is a server")?;
        server.signal(signal).await
    }

    /// Lets the server stand still for a while.
    pub(super) async fn pause(&self, pause: Duration) -> Result<()> {
        self.signal("STOP").await?;
        sleep(pause).await;
        self.findings.done("pauses (SIGSTOP, SIGCONT)", 1);
        self.signal("CONT").await
    }

    /// Stops the server in order, and looks for panics in its log.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let server = self.server.take().context("there is a server to stop")?;
        let status = server.stop(STOP_LIMIT).await?;
        if !status.success() {
            self.broken(Kind::Other, format!("told to stop, it ended with {status}"));
        }
        let log = fs::read(self.log_path())?;
        for line in String::from_utf8_lossy(&log).lines().filter(|line| line.contains("panicked")) {
            self.broken(Kind::Other, line);
        }
        Ok(())
    }

    /// Expects that another server on the same data refuses to start, and says why.
    pub(super) async fn expect_refusal(&self, reasons: &[&str]) -> Result<()> {
        let mut command = self.command(&[])?;
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::piped()).kill_on_drop(true);
        let Ok(output) = timeout(STOP_LIMIT, command.output()).await else {
            self.broken(Kind::Refusal, "a server that cannot work neither serves nor ends");
            return Ok(());
        };
        let output = output?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_clear = reasons.iter().any(|reason| said.contains(reason));
        if output.status.success() || !is_clear || said.contains("panicked") {
            let status = output.status;
            self.broken(Kind::Refusal, format!("it ended with {status} and said `{said}`"));
        }
        self.findings.done("refused starts of servers", 1);
        Ok(())
    }

    /// Moves the server's clock.
    pub(super) fn shift_clock(&self, seconds: i64) -> Result<()> {
        let new = self.folder.path().join("clock.new");
        fs::write(&new, (seconds * 1_000).to_string())?;
        fs::rename(new, self.folder.path().join("clock"))?;
        self.findings.done("clock jumps", 1);
        Ok(())
    }

    /// Counts the lines that bodies have left.
    pub(super) fn effects(&self) -> Result<BTreeMap<String, u64>> {
        let text = fs::read_to_string(self.folder.path().join("effects"))?;
        let mut effects = BTreeMap::new();
        for line in text.lines() {
            *effects.entry(line.to_owned()).or_default() += 1;
        }
        Ok(effects)
    }

    /// Checks that each of these bodies has run, and no more often than kills excuse: once, and
    /// once for each time that it was cut off while at most `in_flight` of them were at work.
    pub(super) fn check_effects(&self, expected: &[String], in_flight: u64) -> Result<()> {
        self.check_repeats(expected, self.kills * in_flight)
    }

    /// Does the same where so many bodies are excused.
    pub(super) fn check_repeats(&self, expected: &[String], excused: u64) -> Result<()> {
        let effects = self.effects()?;
        let mut again = 0;
        for line in expected {
            match effects.get(line) {
                None => self.broken(Kind::StepLost, format!("`{line}` was never executed")),
                Some(times) => again += times - 1,
            }
        }
        if again > excused {
            let what = format!("{again} bodies ran again, and {excused} can have been in flight");
            self.broken(Kind::StepTwice, what);
        }
        self.findings.done("steps executed", expected.len() as u64);
        self.findings.done("steps run again, in flight at a kill or a failed write", again);
        self.findings.done("steps that can have been in flight then", excused);
        Ok(())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    pub(super) fn last_words(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}
