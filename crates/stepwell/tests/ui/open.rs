//! An open event has exactly one field for what it does not declare.

use stepwell::{Event, Extra};

#[derive(Event)]
#[event(open)]
struct Without {
    text: String,
}

#[derive(Event)]
#[event(request, open)]
struct Unit;

#[derive(Event)]
struct Three {
    #[event(extra)]
    first: Extra,
    #[event(extra)]
    second: Extra,
    #[event(extra)]
    third: Extra,
}

#[derive(Event)]
struct OtherType {
    #[event(extra)]
    extra: std::collections::BTreeMap<String, String>,
}

fn main() {}
