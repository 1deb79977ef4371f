//! Builds the program under test.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Profile;

/// Builds `stepwell` and returns where cargo has put it.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--bin", "stepwell", "--message-format", "json-render-diagnostics"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "the program under test does not build");
    let messages = String::from_utf8(output.stdout).context("cargo printed something else")?;
    let program = messages.lines().filter_map(executable).next_back();
    program.context("cargo did not say where it put the program")
}

/// Returns the program that one of cargo's messages names.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}
