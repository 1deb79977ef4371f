//! An enum that a step returns: each variant holds an event, or is a name alone.

use stepwell::{Emit, Event, StopEvent};

#[derive(Event)]
struct Page {}

struct NoEvent;

#[derive(Emit)]
struct Next {
    page: Page,
}

#[derive(Emit)]
enum Generic<E> {
    Page(E),
}

#[derive(Emit)]
enum Nothing {}

#[derive(Emit)]
enum Shapes {
    Stop(StopEvent),
    Two(Page, Page),
    Named { page: Page },
    Empty(),
    Unit,
}

#[derive(Emit)]
enum OfAnything {
    Event(Page),
    NoEvent(NoEvent),
    List(Vec<NoEvent>),
    Text(Result<Page, String>),
}

fn main() {}
