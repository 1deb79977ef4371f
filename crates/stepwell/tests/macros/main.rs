//! Workflows that the macros write, at work.

mod batches;
mod failures;
mod kit;
mod one_by_one;
mod shared;
