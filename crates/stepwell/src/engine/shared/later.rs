//! Looks at runs again, after a while.

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::RunId;

use super::Shared;

/// How long a run rests after the store failed it, before it is looked at again.
pub(in crate::engine) const RELOAD_DELAY: Duration = Duration::from_millis(100);

/// How often a run is looked for that may have been created: over six seconds, longer than a
/// write waits in its queue.
const FINDS: usize = 6;

impl Shared {
    /// Lets a run look for a message that may be about to appear in its inbox.
    pub(crate) fn wake_for_a_while(self: &Arc<Self>, run: &RunId) {
        let (shared, run) = (Arc::clone(self), run.clone());
        let wake = async move {
            let mut delay = RELOAD_DELAY;
            for _ in 0..FINDS {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(delay) => {}
                    () = shared.closing.cancelled() => return,
                }
                shared.wake(&run, |errands| errands.inbox = true);
                delay *= 2;
            }
        };
        self.tasks.spawn_on(wake, &self.runtime);
    }

    /// Takes up a run that may be about to appear in the store. A run that appears later still is
    /// found with the unfinished ones.
    pub(super) fn find_later(self: &Arc<Self>, run: &RunId) {
        let (shared, run) = (Arc::clone(self), run.clone());
        let find = async move {
            let mut delay = RELOAD_DELAY;
            for _ in 0..FINDS {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(delay) => {}
                    () = shared.closing.cancelled() => return,
                }
                if matches!(shared.store.run(&run).await, Ok(Some(_))) {
                    return shared.wake(&run, |errands| errands.inbox = true);
                }
                delay *= 2;
            }
        };
        self.tasks.spawn_on(find, &self.runtime);
    }

    /// Looks at a run again, after a rest.
    pub(crate) fn reload_later(self: &Arc<Self>, run: &RunId) {
        let (shared, run) = (Arc::clone(self), run.clone());
        let reload = async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep(RELOAD_DELAY) => {
                    shared.wake(&run, |errands| errands.inbox = true);
                }
                () = shared.closing.cancelled() => {}
            }
        };
        self.tasks.spawn_on(reload, &self.runtime);
    }
}
