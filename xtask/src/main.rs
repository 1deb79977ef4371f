//! Automation of the workspace: `cargo xtask <command>`.
//!
//! | command | what it does |
//! | --- | --- |
//! | `house-rules` | checks the rules that neither rustc nor clippy knows |
//! | `chaos` | kills servers, loses power, and checks that nothing acknowledged is lost |
//! | `soak` | does all of that for as long as it is told |
//! | `crowd` | lets a thousand runs go on at once, each with readers, and checks what they saw |
//! | `bench` | measures throughput and latency beside a baseline without an engine |

#![expect(clippy::print_stdout, reason = "a program at a terminal answers on stdout")]

mod bench;
mod chaos;
mod crowd;
mod frames;
mod house_rules;
mod power;
mod random;
mod reading;
mod server;
mod trial;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Automation of the Stepwell workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the rules that neither rustc nor clippy knows; list every violation.
    HouseRules,
    /// Kill servers in many ways, lose power, then check that every promise was kept.
    Chaos(chaos::Arguments),
    /// Do all that `chaos` does, again and again for many minutes.
    Soak(chaos::SoakArguments),
    /// Let many runs go on at once, each with readers, and check that all saw everything.
    Crowd(crowd::Arguments),
    /// Measure throughput and latency, each beside its baseline.
    Bench(bench::Arguments),
    /// Serve one side of a measurement (started by `bench` and `crowd`).
    #[command(hide = true)]
    BenchServer(bench::ServerArguments),
    /// Serve what is tried (started by `chaos` and `soak`).
    #[command(hide = true)]
    TrialServer(trial::ServerArguments),
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::HouseRules => house_rules::run(),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Soak(arguments) => chaos::soak(&arguments),
        Command::Crowd(arguments) => crowd::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::TrialServer(arguments) => trial::serve(arguments).map(|()| ExitCode::SUCCESS),
        Command::BenchServer(arguments) => bench::serve(&arguments).map(|()| ExitCode::SUCCESS),
    }
}
