//! Random worlds: workflows, clients, readers, a store that fails, processes that die and take
//! over from each other, a clock that jumps. A record outside of the engine knows what was
//! promised, and finds what contradicts it.
//!
//! Everything happens on one thread, at a paused clock, by one source of chance: a seed that fails
//! fails again, and in the same way. `STEPWELL_SEEDS=100000` tries more of them,
//! `STEPWELL_SEEDS=7..8` only the one with seed 7.
//!
//! # What is deliberately not here
//!
//! - **No second reducer.** What a run does next is compared with the rules in `stepwell-core`.
//! - **No files, no network.** A real process is killed by `cargo xtask chaos`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod acts;
mod client;
mod gate;
mod paused;
mod random;
mod sabotage;
mod seeds;
mod truth;
mod workflows;
mod world;
