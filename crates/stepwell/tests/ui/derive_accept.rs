//! An enum that a step takes: each variant holds an event.

use stepwell::{Accept, Event, StopEvent};

#[derive(Event)]
struct Page {}

struct NoEvent;

#[derive(Accept)]
struct Struct(Page);

#[derive(Accept)]
enum Generic<E: Event> {
    Page(E),
}

#[derive(Accept)]
enum Shapes {
    Stop(StopEvent),
    Two(Page, Page),
    Named { page: Page },
    Unit,
}

#[derive(Accept)]
enum Twice {
    Page(Page),
    Other(Page),
}

#[derive(Accept)]
enum OfAnything {
    Event(Page),
    NoEvent(NoEvent),
    List(Vec<Page>),
}

#[derive(Accept)]
enum Inner {
    Page(Page),
    Stop(StopEvent),
}

#[derive(Accept)]
enum Outer {
    Inner(Inner),
}

fn main() {}
