//! Texts in, texts out: what clients may send, and what they get.

mod answers;
mod bodies;
mod events;
mod streams;
