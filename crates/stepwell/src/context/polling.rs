//! Polling a body: as often as there are answers for it, and until it does nothing but wait.
//!
//! Each poll is made with a waker of its own. If nobody has kept it when the body is pending, then
//! nothing but an answer can wake the body: it *stands still*. So a body that also waits for
//! something that the engine does not know, like a timer of the runtime or a reply from the
//! network, is never taken for one that only waits, and is run again after a crash.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use stepwell_core::Tick;

use super::calls::{Calls, State};
use crate::engine::mailbox::Input;

/// What polls a body.
#[derive(Clone, Copy, Debug)]
enum Poller {
    /// Its task.
    Task,
    /// The thread that it blocks.
    Thread,
}

/// The thread that a body blocks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Thread {
    /// Whether it runs a future.
    is_polling: bool,
    /// Whether it has polled that since it was last given an answer.
    has_polled: bool,
    stands_still: bool,
}

/// The waker of one poll.
struct Watch {
    task: Waker,
    was_woken: AtomicBool,
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

impl Calls {
    /// Polls the body as often as there are answers to give it, and tells the driver if it does
    /// nothing but wait.
    pub(crate) fn poll_body<T>(
        &self,
        task: &mut TaskContext<'_>,
        mut body: impl FnMut(&mut TaskContext<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.body.register(task.waker());
        {
            let state = &mut *self.state.lock();
            state.is_parked = false;
            self.tell_of_dropped(state);
        }
        loop {
            self.release();
            let (polled, stands_still) = self.poll_by(Poller::Task, task, &mut body);
            if polled.is_ready() {
                return polled;
            }
            let state = &mut *self.state.lock();
            let stands_still = state.stands_still(stands_still);
            if !state.goes_on(stands_still) {
                self.rest(state, stands_still);
                return Poll::Pending;
            }
        }
    }

    /// Says that the body blocks a thread, which polls futures of it.
    pub(super) fn block(&self) {
        self.state.lock().thread.get_or_insert_default();
    }

    /// Polls a future of a body that blocks its thread, on that thread.
    pub(super) async fn on_thread<F: Future>(&self, future: F) -> F::Output {
        let _polling = Polling::begin(self);
        let mut future = pin!(future);
        std::future::poll_fn(|task| {
            self.thread.register(task.waker());
            let (polled, stands_still) =
                self.poll_by(Poller::Thread, task, |task| future.as_mut().poll(task));
            if polled.is_pending() {
                let thread = Thread { is_polling: true, has_polled: true, stands_still };
                self.state.lock().thread = Some(thread);
            }
            // The body's task gives out answers, and tells the driver.
            self.body.wake();
            polled
        })
        .await
    }

    /// Tells as well whether nothing but an answer can wake it.
    fn poll_by<T>(
        &self,
        poller: Poller,
        task: &TaskContext<'_>,
        poll: impl FnOnce(&mut TaskContext<'_>) -> Poll<T>,
    ) -> (Poll<T>, bool) {
        let was_woken = AtomicBool::new(false);
        let watch = Arc::new(Watch { task: task.waker().clone(), was_woken });
        let waker = Waker::from(Arc::clone(&watch));
        self.state.lock().wakers[poller as usize] = Some(waker.data().addr());
        self.polls.fetch_add(1, Ordering::Relaxed);
        let polled = {
            let _under_way = UnderWay { calls: self, poller };
            poll(&mut TaskContext::from_waker(&waker))
        };
        drop(waker);
        // If it was kept and is not any more, whoever had it may have used it.
        let alone = Arc::into_inner(watch).is_some_and(|watch| !watch.was_woken.into_inner());
        let stands_still = polled.is_pending() && alone;
        (polled, stands_still)
    }

    /// Lets the body have the next answer.
    fn release(&self) {
        let mut state = self.state.lock();
        if !state.may_release() {
            return;
        }
        let State { answers, open, .. } = &mut *state;
        let Some(key) = answers.release(|key| open.contains_key(key)) else { return };
        let waker = open.get_mut(&key).and_then(Option::take);
        if waker.is_some() {
            answers.hand_over(key);
        }
        if let Some(thread) = &mut state.thread {
            (thread.has_polled, thread.stands_still) = (false, false);
        }
        drop(state);
        match waker {
            Some(waker) => waker.wake(),
            // If the call was made there.
            None => self.thread.wake(),
        }
    }

    /// Looks at a body that is pending and has nothing to be given.
    fn rest(&self, state: &mut State, stands_still: bool) {
        let only_waits = stands_still
            && state.answers.are_given_out()
            && !state.open.is_empty()
            && state.over.is_none();
        if !only_waits {
            return;
        }
        if state.open.keys().all(|key| state.numbers.was_given_up(key)) {
            let given_up = state.open.keys().next().map(super::numbers::describe);
            let before = format!("giving up {}", given_up.unwrap_or_default());
            self.set_aside(&before, "it waits for the answer");
            return;
        }
        state.is_parked = state.open_at_once == 0;
        if state.is_parked && !std::mem::replace(&mut state.is_told, true) {
            let answers = state.answers.known();
            let Self { item, attempt, .. } = *self;
            self.mailbox.tell(Input::new(Tick::Parked { item, attempt, answers }));
        }
    }
}

impl State {
    /// Tells whether nothing but an answer can wake the body, given that of its task.
    fn stands_still(&self, task: bool) -> bool {
        self.busy == 0 && self.thread.map_or(task, |thread| thread.stands_still)
    }

    /// Tells whether the body has seen the last answer that it was given.
    fn may_release(&self) -> bool {
        self.thread.is_none_or(|thread| thread.has_polled || !thread.is_polling)
    }

    /// Tells whether there is an answer to give to the body.
    fn goes_on(&mut self, stands_still: bool) -> bool {
        let may_release = self.may_release();
        let Self { answers, open, .. } = self;
        let is_open = |key: &_| open.contains_key(key);
        may_release
            && (answers.can_release(is_open) || (stands_still && answers.pass_over(is_open)))
    }
}

/// A poll that is under way.
struct UnderWay<'a> {
    calls: &'a Calls,
    poller: Poller,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.calls.polls.fetch_sub(1, Ordering::Relaxed);
        self.calls.state.lock().wakers[self.poller as usize] = None;
    }
}

/// A future that the thread of a body polls.
struct Polling<'a>(&'a Calls);

impl<'a> Polling<'a> {
    fn begin(calls: &'a Calls) -> Self {
        calls.state.lock().thread = Some(Thread { is_polling: true, ..Thread::default() });
        Self(calls)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.state.lock().thread = Some(Thread::default());
        self.0.body.wake();
    }
}
