//! Trials of bad disks: one that is full, a limit on files, one that cannot be written.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::time::sleep;

use super::caller::Ack;
use super::chain::Chains;
use super::site::Site;
use crate::random::Random;

/// What a server may say that cannot write.
const REASONS: [&str; 5] =
    ["disk is full", "No space left", "disk I/O error", "readonly database", "Read-only file"];

/// How many runs are under way when the disk is full.
const RUNS: u64 = 6;

/// How often a body may run again while the disk is full: a small write still finds room now and
/// then, and then the run goes on.
const FLAPS: u64 = 4;

/// How long the trouble lasts.
const TROUBLE: Duration = Duration::from_millis(1_500);

/// A file system of our own, until it is dropped.
struct Mount(PathBuf);

impl Mount {
    /// Mounts one of so many bytes; none without the right to do so.
    fn new(at: &Path, bytes: u64) -> Result<Option<Self>> {
        fs::create_dir_all(at)?;
        let size = format!("size={bytes}");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        let mounted = command.output().is_ok_and(|output| output.status.success());
        Ok(mounted.then(|| Self(at.to_owned())))
    }

    fn remount(&self, option: &str) -> Result<()> {
        let option = format!("remount,{option}");
        let status = Command::new("mount").args(["-o", &option]).arg(&self.0).status()?;
        ensure!(status.success(), "cannot mount again with {option}");
        Ok(())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // The server may be on its way out.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills what is left of a disk.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = File::create(ballast)?;
    while file.write_all(&[0; 4_096]).is_ok() {}
    while file.write_all(&[0; 64]).is_ok() {}
    Ok(())
}

fn skip(site: &Site) -> Result<()> {
    site.findings.done("trials left out for lack of rights (mount)", 1);
    Ok(())
}

/// The disk is full at the first start, and then for a while, once with a server that goes on and once with one that is killed.
pub(super) async fn full(site: &mut Site, _: &mut Random) -> Result<()> {
    let Some(_mount) = Mount::new(&site.data, 6 << 20)? else { return skip(site) };
    let ballast = site.data.join("ballast");
    // Full from the beginning: there is no file yet, and none can be made.
    fill(&ballast)?;
    site.expect_refusal(&REASONS).await?;
    fs::remove_file(&ballast)?;
    site.start(&[]).await?;
    let caller = site.caller()?;
    let chains = Chains::start(&caller, site.name, RUNS, 80).await?;
    let mut acknowledged = Vec::new();
    for killed in [false, true] {
        fill(&ballast)?;
        for number in 0..10 {
            let label = format!("full-{killed}-{number}");
            let event = json!({ "label": label, "steps": 2, "pause": 1 });
            if caller.start_once("chain", &label, &event).await == Ack::Yes {
                acknowledged.push(label);
            }
        }
        sleep(TROUBLE).await;
        if killed {
            site.kill().await?;
            let listens = site.start_or_refuse(&REASONS).await?;
            fs::remove_file(&ballast)?;
            if !listens {
                site.start(&[]).await?;
            }
        } else {
            fs::remove_file(&ballast)?;
        }
        site.findings.done("times the disk was full", 1);
        sleep(Duration::from_millis(200)).await;
    }
    let effects = chains.effects();
    chains.finish(site).await?;
    site.check_repeats(&effects, RUNS * (site.kills + 2 * FLAPS))?;
    for handler in acknowledged {
        super::watch::Watch::begin(&caller, &handler).finish().await?;
        caller.expect_status(&handler, "completed").await?;
    }
    site.kill().await
}

/// A limit on the size of files is reached, and lifted by a restart.
pub(super) async fn limited(site: &mut Site, _: &mut Random) -> Result<()> {
    fs::create_dir_all(&site.data)?;
    site.start(&[]).await?;
    site.stop().await?;
    let inner = site.command(&[])?;
    let inner = inner.as_std();
    // Of the shell's blocks, which are of 512 bytes or 1 KiB.
    let script = "trap '' XFSZ; ulimit -f 500; exec \"$0\" \"$@\"";
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", script]).arg(inner.get_program()).args(inner.get_args());
    site.start_command(command).await?;
    let caller = site.caller()?;
    let chains = tokio::spawn({
        let (caller, name) = (caller.clone(), site.name);
        async move { Chains::start(&caller, name, 12, 10).await }
    });
    sleep(TROUBLE * 2).await;
    site.kill().await?;
    site.start(&[]).await?;
    site.findings.done("times the disk was full", 1);
    chains.await??.finish(site).await
}

/// On a disk that cannot be written a server says so; once it can be, all is there.
pub(super) async fn readonly(site: &mut Site, _: &mut Random) -> Result<()> {
    let Some(mount) = Mount::new(&site.data, 6 << 20)? else { return skip(site) };
    mount.remount("ro")?;
    site.expect_refusal(&REASONS).await?;
    mount.remount("rw")?;
    site.start(&[]).await?;
    let chains = Chains::start(&site.caller()?, site.name, 2, 40).await?;
    sleep(Duration::from_millis(300)).await;
    site.kill().await?;
    mount.remount("ro")?;
    site.expect_refusal(&REASONS).await?;
    mount.remount("rw")?;
    site.start(&[]).await?;
    chains.finish(site).await?;
    site.kill().await
}
