//! What a function with `#[step]` is.

use stepwell::{StartEvent, step};

#[step(blokcing)]
fn options(_: StartEvent) {}

#[step]
fn not_async(_: StartEvent) {}

#[step]
async fn no_event() {}

fn main() {}
