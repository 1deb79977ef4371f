//! The calls of one body: numbered, told to the driver, answered.
//!
//! ```text
//!            begin                 tick, commit                 deliver          release
//!   body ───────────▶ Calls ──▶ mailbox ──▶ driver ──▶ journal ────────▶ Calls ─────────▶ body
//! ```
//!
//! Answers are released in the order of the journal, one per poll of the body, and only when the
//! body has made the call: so code that waits for several things at once sees them in the same
//! order when it runs again. A call that is dropped before its answer is given up, which is
//! journaled as well. A body that is dropped as a whole gives up nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};

use futures::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};
use stepwell_core::{Answer, Call, CallKey, CallKind, Execution, ItemId, Name, Recorded, Tick};
use stepwell_core::{Outcome, Streamed};
use tokio_util::sync::CancellationToken;

use super::ContextError;
use super::answers::Answers;
use super::numbers::{NewCall, Numbered, Numbers, Refused, is_named, verb};
use super::polling::Thread;
use super::published::{Item, Items};
use crate::engine::mailbox::{Input, Mailbox};

/// The calls of one body.
#[derive(Debug)]
pub(crate) struct Calls {
    step: Name,
    pub(super) item: ItemId,
    pub(super) attempt: u32,
    pub(super) mailbox: Mailbox,
    pub(super) state: Mutex<State>,
    /// The task of the body.
    pub(super) body: AtomicWaker,
    /// What runs a future of a body that blocks its thread.
    pub(super) thread: AtomicWaker,
    /// How many polls of the body are under way: only then is a call dropped by the body itself.
    pub(super) polls: AtomicUsize,
    /// For users: the run has ended or leaves this process.
    ended: CancellationToken,
    /// No further call counts.
    over: CancellationToken,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) numbers: Numbers,
    pub(super) answers: Answers,
    items: Items,
    /// Calls that the body has made and that are not over; with whom to wake, if that is not
    /// whoever polls the body.
    pub(super) open: BTreeMap<CallKey, Option<Waker>>,
    /// How many of them get their answer as soon as they are durable.
    pub(super) open_at_once: usize,
    /// The unnamed call that is open, by branch.
    unnamed: BTreeMap<Name, CallKey>,
    /// Calls that were dropped while nobody polled the body; the driver is still to be told.
    dropped: Vec<CallKey>,
    /// How many things are under way that are no calls.
    pub(super) busy: usize,
    /// The wakers by which the body is being polled.
    pub(super) wakers: [Option<usize>; 2],
    /// None unless the body blocks its thread.
    pub(super) thread: Option<Thread>,
    /// Whether the body does nothing but wait.
    pub(super) is_parked: bool,
    /// Whether the driver was told so, and nothing has happened since.
    pub(super) is_told: bool,
    /// Why no further call counts, if none does.
    pub(super) over: Option<Over>,
}

/// Why no further call counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The body has returned.
    Returned,
    /// The run has ended, or leaves this process.
    Ended,
}

/// Nobody wants to hear of a body any more.
#[derive(Debug)]
pub(super) struct Ended;

/// A call that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) key: CallKey,
    /// Whether it was not made before the body was interrupted.
    pub(super) is_new: bool,
    /// Whether the driver has room for more.
    pub(super) has_room: bool,
}

impl Calls {
    pub(super) fn new(
        execution: &Execution,
        recorded: &Recorded,
        mailbox: Mailbox,
        run: &CancellationToken,
    ) -> Self {
        let numbers = Numbers::new(recorded, execution.attempt);
        let state = State {
            answers: Answers::new(recorded, &numbers),
            numbers,
            items: Items::new(recorded),
            open: BTreeMap::new(),
            open_at_once: 0,
            unnamed: BTreeMap::new(),
            dropped: Vec::new(),
            busy: 0,
            wakers: [None; 2],
            thread: None,
            is_parked: false,
            is_told: false,
            over: None,
        };
        Self {
            step: execution.step.clone(),
            item: execution.item,
            attempt: execution.attempt,
            mailbox,
            state: Mutex::new(state),
            body: AtomicWaker::new(),
            thread: AtomicWaker::new(),
            polls: AtomicUsize::new(0),
            // One of its own, so that a body that cancels it cancels no other.
            ended: run.child_token(),
            over: CancellationToken::new(),
        }
    }

    pub(super) fn call(&self, key: CallKey) -> Call {
        Call { item: self.item, attempt: self.attempt, key }
    }

    /// Numbers a call, and finds out whether it was made before. If not, the driver is told of
    /// what `input` makes of it, if it makes anything of it yet.
    pub(super) fn begin(
        &self,
        call: &NewCall<'_>,
        input: impl FnOnce(Call) -> Option<Input>,
    ) -> Result<Begun, Refused> {
        let NewCall { branch, kind, name, .. } = call;
        let state = &mut *self.state.lock();
        if state.over.is_some() {
            return Err(Refused::Error(ContextError::Ended));
        }
        let is_answered = *kind != CallKind::Send;
        let is_named = is_named(*kind, name);
        if is_answered
            && !is_named
            && let Some(pending) = state.unnamed.get(*branch)
        {
            let (pending, now) = (verb(pending.kind), verb(*kind));
            return Err(Refused::Error(ContextError::Concurrent { pending, now }));
        }
        let Numbered { key, is_new } = state.numbers.number(call)?;
        self.tell_of_dropped(state);
        if is_answered {
            if !is_named {
                state.unnamed.insert((*branch).clone(), key.clone());
            }
            state.open.insert(key.clone(), None);
            state.open_at_once += usize::from(is_at_once(*kind));
            state.answers.ask(&key);
        }
        self.look(state);
        let input = if is_new { input(self.call(key.clone())) } else { None };
        let has_room = input.is_none_or(|input| self.mailbox.tell(input));
        Ok(Begun { key, is_new, has_room })
    }

    /// Does something, unless no call counts any more; nothing ends meanwhile. Users' code must
    /// not be run here.
    pub(super) fn unless_over<T>(&self, act: impl FnOnce() -> T) -> Result<T, ContextError> {
        let state = self.state.lock();
        if state.over.is_some() { Err(ContextError::Ended) } else { Ok(act()) }
    }

    /// Waits for something that is no call, as long as calls count.
    pub(super) async fn wait_for<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, ContextError> {
        let _busy = self.busy();
        tokio::select! {
            biased;
            value = future => Ok(value),
            () = self.over.cancelled() => Err(ContextError::Ended),
        }
    }

    /// Waits until there is room for more.
    pub(super) async fn room(&self) -> Result<(), ContextError> {
        let _busy = self.busy();
        self.mailbox.room().await.ok_or(ContextError::Ended)
    }

    /// Waits until no call counts any more.
    pub(super) async fn over(&self) -> ContextError {
        self.over.cancelled().await;
        ContextError::Ended
    }

    /// Waits for the answer to a call.
    pub(super) fn poll_answer(
        &self,
        key: &CallKey,
        task: &mut TaskContext<'_>,
    ) -> Poll<Result<Outcome, ContextError>> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let is_handed_over = state.answers.is_handed_over(key);
        if let Some(outcome) = state.answers.take(key) {
            let waker = state.close(key);
            // A task of the body's has it now: from here on the body may do nothing but wait.
            is_handed_over.then(|| self.look(state));
            drop(guard);
            drop(waker);
            return Poll::Ready(Ok(outcome));
        }
        if state.over.is_some() {
            return Poll::Ready(Err(ContextError::Ended));
        }
        let is_polled_with = Some(task.waker().data().addr());
        let is_own = state.wakers.contains(&is_polled_with);
        let waker = (!is_own).then(|| task.waker().clone());
        let old = state.open.get_mut(key).map(|slot| std::mem::replace(slot, waker));
        drop(guard); // Whatever dropping a waker does, it finds the calls unlocked.
        drop(old);
        Poll::Pending
    }

    /// Ends a call whose answer is not wanted any more.
    pub(super) fn give_up(&self, key: &CallKey) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.answers.give_up(key);
        if state.over.is_none() {
            state.dropped.push(key.clone());
            if self.polls.load(Ordering::Relaxed) > 0 {
                self.tell_of_dropped(state);
            }
            // Else it was a task of the body's, or the process comes to its end: that will show.
            self.look(state);
        }
        let waker = state.close(key);
        drop(guard);
        drop(waker);
    }

    /// The body does something. If it was a task of the body's that did, the body must look what
    /// it is to be given, and whether it does nothing but wait.
    fn look(&self, state: &mut State) {
        state.is_told = false;
        if self.polls.load(Ordering::Relaxed) == 0 {
            self.body.wake();
        }
    }

    pub(super) fn tell_of_dropped(&self, state: &mut State) {
        for key in state.dropped.drain(..) {
            self.mailbox.tell(Input::new(Tick::CallDropped(self.call(key))));
        }
    }

    /// Counts something that the body does besides waiting, until the guard is dropped.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.state.lock().busy += 1;
        Busy(self)
    }

    /// Takes answers from the driver.
    pub(crate) fn deliver(&self, answers: &[Answer]) {
        let mut state = self.state.lock();
        state.answers.add(answers);
        state.is_told = false;
        drop(state);
        self.body.wake();
    }

    /// Tells whether the body does nothing but wait.
    pub(crate) fn is_parked(&self) -> bool {
        self.state.lock().is_parked
    }

    /// Tells whether a call is open that waits for the outside or for a moment.
    pub(super) fn are_waiting(&self) -> bool {
        let state = self.state.lock();
        state.open.len() > state.open_at_once
    }

    /// Tells the driver of an item, unless it was published before. Tells whether it has room for
    /// more.
    pub(super) fn publish(
        &self,
        digest: u64,
        input: impl FnOnce(Streamed) -> Input,
    ) -> Result<bool, ContextError> {
        let state = &mut *self.state.lock();
        if state.over.is_some() {
            return Err(ContextError::Ended);
        }
        self.look(state);
        let Some(Item { nth, restarts }) = state.items.number(digest) else { return Ok(true) };
        let Self { item, attempt, .. } = *self;
        let digests = vec![digest];
        let streamed = Streamed { item, attempt, nth, digests, restarted: restarts };
        // Numbered and told under one lock, for the driver takes items in their order only.
        Ok(self.mailbox.tell(input(streamed)))
    }

    /// The body has returned. Returns a call that it made before it was interrupted and has not
    /// made now, if there is one; or an error if nobody wants to hear of the body any more.
    pub(super) fn finish(&self) -> Result<Option<String>, Ended> {
        let mut state = self.state.lock();
        if state.over.is_none() {
            self.tell_of_dropped(&mut state);
        }
        let over = *state.over.get_or_insert(Over::Returned);
        let unmade = state.numbers.unmade();
        self.wake_all(state);
        if over == Over::Ended { Err(Ended) } else { Ok(unmade) }
    }

    /// Tells whether no further call counts.
    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().over.is_some()
    }

    /// The run has ended or leaves this process: whoever waits for an answer is told.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.over = Some(Over::Ended);
        self.wake_all(state);
        self.ended.cancel();
    }

    fn wake_all(&self, mut state: MutexGuard<'_, State>) {
        state.is_parked = false;
        let wakers: Vec<Waker> = state.open.values_mut().filter_map(Option::take).collect();
        drop(state);
        self.over.cancel();
        self.body.wake();
        self.thread.wake();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns a token that is cancelled when the run ends, or leaves this process.
    pub(crate) fn cancelled(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Nobody can say what the effects of a body that makes other calls than before would mean.
    /// So the run is set aside for a person.
    pub(super) fn set_aside(&self, before: &str, now: &str) {
        let step = &self.step;
        self.mailbox.park(format!(
            "step `{step}` made other calls than before it was interrupted: {now} instead of \
             {before}; needs migration"
        ));
    }
}

impl State {
    /// Returns whom to wake, which is nobody any more.
    fn close(&mut self, key: &CallKey) -> Option<Waker> {
        if self.unnamed.get(&key.branch) == Some(key) {
            self.unnamed.remove(&key.branch);
        }
        let waker = self.open.remove(key)?;
        self.open_at_once -= usize::from(is_at_once(key.kind));
        waker
    }
}

/// Tells whether a call is answered as soon as it is durable.
fn is_at_once(kind: CallKind) -> bool {
    match kind {
        CallKind::Send | CallKind::Update | CallKind::Once | CallKind::Collect => true,
        CallKind::Wait | CallKind::Sleep => false,
    }
}

/// Something that a body does besides waiting.
#[derive(Debug)]
pub(super) struct Busy<'a>(&'a Calls);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state.lock().busy -= 1;
    }
}
