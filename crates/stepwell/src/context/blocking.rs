//! The context of a step that blocks its thread.

use std::fmt;
use std::ops::Deref;
use std::thread::{self, ThreadId};

use tokio::runtime::Handle;

use super::Context;

/// What a step that blocks its thread can do while it runs: everything that a [`Context`] can,
/// through [`BlockingContext::block_on`].
///
/// A step that waits gives its worker away, but keeps its thread: one that waits long is better
/// made async.
pub struct BlockingContext<S = ()> {
    context: Context<S>,
    runtime: Handle,
    /// The thread of the body.
    thread: ThreadId,
}

impl<S> BlockingContext<S> {
    /// To be called on the thread of the body.
    pub(crate) fn new(context: Context<S>, runtime: Handle) -> Self {
        context.raw.inner.calls.block();
        Self { context, runtime, thread: thread::current().id() }
    }

    /// Runs a future to its end on this thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let calls = &self.context.raw.inner.calls;
        if thread::current().id() == self.thread {
            self.runtime.block_on(calls.on_thread(future))
        } else {
            // The body does not wait while another of its threads does anything.
            let _busy = calls.busy();
            self.runtime.block_on(future)
        }
    }
}

impl<S> Deref for BlockingContext<S> {
    type Target = Context<S>;

    fn deref(&self) -> &Context<S> {
        &self.context
    }
}

impl<S> Clone for BlockingContext<S> {
    fn clone(&self) -> Self {
        Self { context: self.context.clone(), runtime: self.runtime.clone(), thread: self.thread }
    }
}

impl<S> fmt::Debug for BlockingContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.context, f)
    }
}
