//! Steps run on any thread.

use std::cell::Cell;
use std::rc::Rc;

use stepwell::{StartEvent, StopEvent, workflow};

struct Flow;

#[workflow]
impl Flow {
    #[step]
    async fn holds_a_local_value(&self, _: StartEvent) -> StopEvent {
        let count = Rc::new(3);
        std::future::ready(()).await;
        StopEvent::new(*count)
    }
}

struct Counting {
    count: Cell<u32>,
}

#[workflow]
impl Counting {
    #[step]
    async fn count(&self, _: StartEvent) -> StopEvent {
        StopEvent::new(self.count.replace(1))
    }
}

fn main() {}
