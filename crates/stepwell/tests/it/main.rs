//! The engine as its users see it: workflows in, results and streams out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod callers;
mod crash;
mod effects;
mod ends;
mod graph;

mod human;
mod kit;
mod owners;
mod parked;
mod paused;
mod run;
mod spy;
mod stream;
mod timers;
