//! Starts the server and kills it, over and over.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, StatusCode};
use tokio::process::Command;
use tokio::time::sleep;

use super::gate::Gate;
use super::record::Ledger;
use crate::random::Random;
use crate::server::Server;

/// How long the server lives after it answers, in milliseconds.
const LIFE: (u64, u64) = (50, 600);

/// How many lives of a hundred are longer: a step that was cut off begins again, and `greet` takes
/// 0.9 s, so in short lives alone none would ever end.
const LONG_PERCENT: u64 = 10;

/// How long those are.
const LONG_LIFE: (u64, u64) = (1_000, 2_000);

/// How long after requests were called for the kill comes at most, in microseconds: about as long
/// as a request takes, so that some are answered and some are cut.
const VOLLEY: u64 = 6_000;

/// How many kills of a hundred come while the server is still starting.
const EARLY_PERCENT: u64 = 8;

/// How long after its start such a server lives at most, in milliseconds.
const EARLY_LIFE: u64 = 60;

/// How long a start may take. It is a limit, far above what is promised.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long an orderly stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// The server under test, with its data and its log.
#[derive(Debug)]
pub(crate) struct Storm {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    /// The same in all lives, so that clients find it again.
    pub(crate) port: u16,
    pub(crate) gate: Gate,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) lives: u64,
}

impl Storm {
    /// Lets the server live once, and kills it.
    pub(crate) async fn strike(&mut self, random: &mut Random) -> Result<()> {
        if random.percent(EARLY_PERCENT) {
            let server = Server::spawn(self.command()?)?;
            sleep(Duration::from_millis(random.below(EARLY_LIFE))).await;
            server.kill().await?;
            self.ledger.count(|counts| {
                counts.kills += 1;
                counts.early_kills += 1;
            });
            return Ok(());
        }
        let server = self.start().await?;
        let (least, most) = if random.percent(LONG_PERCENT) { LONG_LIFE } else { LIFE };
        sleep(Duration::from_millis(random.between(least, most))).await;
        self.gate.call_volley();
        sleep(Duration::from_micros(random.below(VOLLEY))).await;
        self.gate.close();
        self.expect_alive(server).await?.kill().await?;
        self.ledger.count(|counts| counts.kills += 1);
        Ok(())
    }

    /// Starts the server, waits for its first answer, and opens the gate.
    pub(crate) async fn start(&mut self) -> Result<Server> {
        let begin = Instant::now();
        let mut server = Server::spawn(self.command()?)?;
        let base = server.listening(START_LIMIT).await;
        let base = base.with_context(|| format!("life {}: {}", self.lives, self.last_words()))?;
        // A client of its own, since connections die with the server.
        let http = Client::builder().no_proxy().build()?;
        let health = http.get(format!("{base}/health")).timeout(START_LIMIT).send().await;
        let health = health.context("the server said that it listens, and did not answer")?;
        ensure!(health.status() == StatusCode::OK, "/health is answered with {}", health.status());
        let took = begin.elapsed();
        self.ledger.count(|counts| counts.longest_restart = counts.longest_restart.max(took));
        self.lives += 1;
        self.gate.open(self.lives, &base, http);
        Ok(server)
    }

    /// Stops the server in order.
    pub(crate) async fn stop(&mut self, server: Server) -> Result<()> {
        self.gate.close();
        let status = self.expect_alive(server).await?.stop(STOP_LIMIT).await?;
        if !status.success() {
            self.ledger.broken_at("the server", format!("told to stop, it ended with {status}"));
        }
        Ok(())
    }

    /// Only the harness may end the server.
    async fn expect_alive(&self, mut server: Server) -> Result<Server> {
        let ended = server.ended()?;
        ensure!(ended.is_none(), "the server ended by itself ({ended:?}): {}", self.last_words());
        Ok(server)
    }

    /// Notes every panic that is in the server's log.
    pub(crate) fn check_log(&self) -> Result<()> {
        let log = fs::read(self.log_path()).context("cannot read the server's log")?;
        for line in String::from_utf8_lossy(&log).lines().filter(|line| line.contains("panicked")) {
            self.ledger.broken_at("the server's log", line);
        }
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let mut command = Command::new(&self.program);
        command.arg("demo").args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command.arg("--data").arg(self.folder.join("data")).stderr(log);
        for (name, _) in std::env::vars_os() {
            // Settings meant for another server.
            if name.to_string_lossy().starts_with("STEPWELL_") {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn last_words(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

/// Finds a free port that the system gives to no outgoing connection: a client that connects
/// while the server is down must not take the port, nor reach itself.
pub(crate) async fn free_port(random: &mut Random) -> Result<u16> {
    for _ in 0..100 {
        let port = u16::try_from(random.between(20_000, 32_000))?;
        if tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free")
}

/// Makes the folder that the server keeps its data in.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("data")).context("cannot make the data folder")
}
