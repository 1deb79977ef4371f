//! The client against servers that answer with bytes of the test's choice.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod answers;
mod breaks;
mod fuzz;
mod requests;
mod server;
mod streams;
mod waits;
