//! The engine as its users see it: workflows in, results and streams out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod crash;
mod graph;

mod human;
mod kit;
mod run;
mod stream;
