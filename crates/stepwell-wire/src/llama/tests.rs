//! Texts in, texts out: what clients may send, and what they get.

mod answers;
mod bodies;
mod contexts;
mod events;
mod streams;
