//! What a body publishes, recognised when it runs again.

use stepwell_core::{Published, Recorded};

/// The items that a body has published, and those that it published before it was interrupted.
#[derive(Debug)]
pub(super) struct Items {
    before: Vec<Published>,
    count: u32,
    /// Whether one differed from what was published before in its place.
    restarted: bool,
}

/// An item that has its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) nth: u32,
    /// Whether it is the first that differs from what was published before.
    pub(super) restarts: bool,
}

impl Items {
    pub(super) fn new(recorded: &Recorded) -> Self {
        Self { before: recorded.streamed().to_vec(), count: 0, restarted: false }
    }

    /// Numbers an item; none if it was published before.
    pub(super) fn number(&mut self, digest: u64) -> Option<Item> {
        let nth = self.count;
        self.count += 1;
        if self.restarted {
            return Some(Item { nth, restarts: false });
        }
        let before = self.before.get(nth as usize);
        if before.is_some_and(|before| before.digest == digest) {
            return None;
        }
        self.restarted = before.is_some();
        Some(Item { nth, restarts: self.restarted })
    }
}
