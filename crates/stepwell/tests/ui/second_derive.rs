//! The derive makes an event readable and writable; a second implementation conflicts.

use stepwell::Event;

#[derive(Event, serde::Serialize, serde::Deserialize)]
struct Order {
    pieces: u64,
}

fn main() {}
