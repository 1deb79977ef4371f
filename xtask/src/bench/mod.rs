//! Stub.
use anyhow::Result;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArguments {}
pub(crate) fn run(_: &Arguments) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
pub(crate) fn serve(_: &ServerArguments) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
