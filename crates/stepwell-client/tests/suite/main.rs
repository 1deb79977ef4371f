//! The client against a server with the workflows of the conformance suite.
//!
//! Without further ado each test has a server of its own in this process. With
//! `CLIENT_SUITE_STEPWELL` or `CLIENT_SUITE_REFERENCE` they all share the one at that address:
//! another Stepwell, or LlamaIndex's. The same must hold for all three; where it does not,
//! `differences.rs` says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod catalog;
mod differences;
mod events;
mod handlers;
mod names;
mod people;
mod proxy;
mod refusals;
mod restarts;
mod runs;
mod server;
mod streams;
