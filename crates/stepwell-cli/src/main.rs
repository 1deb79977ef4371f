//! The `stepwell` program.
//!
//! `stepwell demo` serves the demo workflows. Standard output carries only what other programs
//! wait for; everything else goes to the log on standard error.

mod demo;
mod dialect;
mod listening;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

const LOG_HELP: &str = "\
Environment:
  STEPWELL_LOG  what to log on standard error, such as `warn` or `info,stepwell=debug` [default: info]";

/// Durable, event-driven workflows, served over HTTP.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version, arg_required_else_help = true, after_help = LOG_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the demo workflows (greet, human, fan-out) until SIGINT or SIGTERM.
    #[command(after_help = LOG_HELP)]
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = std::env::var("STEPWELL_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted);
    let is_bad = filter.is_err();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| "info".into()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    if is_bad {
        tracing::warn!(STEPWELL_LOG = wanted, "cannot read this; logging `info`");
    }

    let done = match arguments.command {
        Command::Demo(arguments) => demo::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
