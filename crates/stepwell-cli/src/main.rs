//! The `stepwell` program.
//!
//! `stepwell demo` serves the demo workflows. Standard output carries only what other programs
//! wait for; everything else goes to the log on standard error.

mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Durable, event-driven workflows, served over HTTP.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the demo workflows (greet, human, fan-out) until SIGINT or SIGTERM.
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("STEPWELL_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

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
