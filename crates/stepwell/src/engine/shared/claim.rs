//! Places in memory for runs that are about to be created.

use std::sync::Arc;

use stepwell_core::RunId;

use super::{Shared, Work};
use crate::engine::driver;
use crate::engine::mailbox::{Letters, Mailbox};

/// The place in memory of a run of which nobody knows yet whether it exists.
///
/// If it is dropped, the run is looked for a little later: perhaps it was created all the same.
pub(crate) struct Claim {
    pub(super) shared: Arc<Shared>,
    pub(super) run: RunId,
    pub(super) ends: Option<(Mailbox, Letters)>,
}

impl Claim {
    /// Drives the run, which exists.
    pub(crate) fn drive(mut self, loaded: driver::Loaded) {
        if let Some((mailbox, letters)) = self.ends.take() {
            let work = Work::Go(Box::new(loaded));
            self.shared.spawn_driver(self.run.clone(), mailbox, letters, work);
        }
    }

    /// Gives up the place: the run does not exist.
    pub(crate) fn give_up(mut self) {
        self.ends = None;
        self.shared.residents.lock().remove(&self.run);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.ends.is_some() {
            self.shared.residents.lock().remove(&self.run);
            self.shared.find_later(&self.run);
        }
    }
}
