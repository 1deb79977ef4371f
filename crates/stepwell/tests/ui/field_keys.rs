//! What `#[event(…)]` on a field refuses.

use stepwell::{Event, Extra};

#[derive(Event)]
struct Order {
    #[event(optional)]
    unknown: u8,
    #[event(default, default = 3)]
    twice: u8,
    #[event(default(3))]
    list: u8,
    #[event(extra = true)]
    word: Extra,
    #[event(start)]
    key_of_a_struct: u8,
}

#[derive(Event)]
struct Wrong {
    #[event(default = 3)]
    default_of_another_type: String,
}

#[derive(Event)]
struct NoDefault {
    #[event(default)]
    end: std::num::NonZeroU8,
}

fn main() {}
