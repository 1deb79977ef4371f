//! The bytes that Stepwell's HTTP dialects promise, one module for each dialect.
//!
//! These types are a contract with clients that exist already: a change here is a change of the
//! protocol, and is reviewed as one.
//!
//! # What is deliberately not here
//!
//! - **Nothing of ours.** The server converts between these types and the engine's.
//! - **No HTTP.** Statuses are numbers, bodies are texts.

pub mod llama;
