//! Only a struct with named fields and without parameters can be an event.

use stepwell::Event;

#[derive(Event)]
enum Either {
    Left,
    Right,
}

#[derive(Event)]
union Bits {
    signed: i32,
    unsigned: u32,
}

#[derive(Event)]
struct Tuple(String, u32);

#[derive(Event)]
struct Generic<T> {
    value: T,
}

#[derive(Event)]
struct Borrowed<'a> {
    text: &'a str,
}

fn main() {}
