//! A server in a child process: started, watched, killed.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// What a server prints before its address.
const ANNOUNCEMENT: &str = "listening on ";

/// A child process that serves HTTP and says where. It dies with its owner.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    process: u32,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

impl Server {
    /// Starts the process, and does not wait for it to answer.
    pub(crate) fn spawn(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the server")?;
        let process = child.id().context("the server has no process id")?;
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        Ok(Self { child, process, stdout })
    }

    /// Waits until it says where it listens, and returns that: `http://127.0.0.1:8080`.
    pub(crate) async fn listening(&mut self, limit: Duration) -> Result<String> {
        let mut stdout = self.stdout.take().context("the server has said where it listens")?;
        let address = async {
            while let Some(line) = stdout.next_line().await? {
                if let Some((_, address)) = line.split_once(ANNOUNCEMENT) {
                    return Ok(address.trim().to_owned());
                }
            }
            let status = self.child.wait().await?;
            bail!("the server ended before it listened ({status})")
        };
        let address = timeout(limit, address).await;
        let address =
            address.with_context(|| format!("the server did not listen in {limit:?}"))??;
        ensure!(address.starts_with("http://"), "the server listens on `{address}`");
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = stdout.next_line().await {} });
        Ok(address)
    }

    /// Returns the number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    /// Returns how it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot look at the server")
    }

    /// Ends it at once (SIGKILL) and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) async fn signal(&self, signal: &str) -> Result<()> {
        let (signal, process) = (format!("-{signal}"), self.process.to_string());
        let sent = Command::new("kill").args([signal, process]).status().await;
        ensure!(sent.context("cannot run kill")?.success(), "cannot signal the server");
        Ok(())
    }

    /// Asks it to end (SIGTERM) and returns how it did.
    pub(crate) async fn stop(mut self, limit: Duration) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        let status = timeout(limit, self.child.wait()).await;
        Ok(status.with_context(|| format!("the server did not stop in {limit:?}"))??)
    }
}
