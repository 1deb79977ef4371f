//! The server from outside: a request line in, an answer out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod access;
mod catalog;
mod compressed;
mod cors;
mod embedding;
mod exposed;
mod failures;
mod fixture;
mod handlers;
mod live;
mod older_api;
mod openapi;
mod refusals;
mod representation;
mod routing;
mod run;
mod send;
mod settings;
mod shutdown;
mod slow;
mod socket;
mod streams;
mod workflows;
