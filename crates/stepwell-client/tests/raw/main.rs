//! The client against servers that answer with bytes of the test's choice.

mod answers;
mod breaks;
mod requests;
mod server;
mod streams;
mod waits;
