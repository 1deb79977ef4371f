//! The two protocols on which everything else rests, as small models of which every state is
//! looked at: how a run passes from one owner to the next, and how a reader joins a stream.
//!
//! Each is shown to hold, and each of its steps is shown to be needed: without it the checker finds
//! how things go wrong.
//!
//! # What is deliberately not here
//!
//! - **No engine.** That it keeps to the protocols is for the simulation (`tests/sim`) to find.

mod reader;
mod take_over;
