//! Resources are shared by all steps, on all threads.

use std::cell::Cell;

use stepwell::{Res, StartEvent, StopEvent, workflow};

struct Client;

struct Shapes;

#[workflow]
impl Shapes {
    #[step]
    async fn borrowed(&self, _: StartEvent, client: &Res<Client>) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn which(&self, _: StartEvent, client: Res) -> StopEvent {
        StopEvent::default()
    }
}

struct Local;

#[workflow]
impl Local {
    #[step]
    async fn local(&self, _: StartEvent, cell: Res<Cell<u8>>) -> StopEvent {
        StopEvent::new(cell.get())
    }
}

fn main() {}
