//! Threads that are not left behind.

use std::thread::JoinHandle;

/// A thread that is waited for when this is dropped.
pub(super) struct Joined(Option<JoinHandle<()>>);

impl From<JoinHandle<()>> for Joined {
    fn from(thread: JoinHandle<()>) -> Self {
        Self(Some(thread))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let thread = self.0.take().expect("dropped once");
        if thread.join().is_err() {
            tracing::error!("a thread of the store panicked");
        }
    }
}
