//! Drives one run: gathers what happens, writes it, then acts on it.
//!
//! ```text
//!   bodies ──inputs──▶ ┌────────┐  draft   ┌────────┐ committed ┌─────┐
//!   inbox  ──rows────▶ │ gather │ ───────▶ │ commit │ ────────▶ │ act │──▶ bodies, timers, readers
//!   timers ──fired───▶ └────────┘          └────────┘           └─────┘
//!                           ▲                   │ fenced, or nobody knows
//!                           └───── next turn    └──▶ drop the run and look again
//! ```
//!
//! One turn is in flight at a time. Nothing that the reducer said about a turn is done before the
//! turn is durable.

mod gather;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stepwell_core::{RunId, RunState, Tick, TimerId, Timestamp};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::admission;
use super::bodies::Bodies;
use super::draft::{Draft, Place};
use super::end;
use super::fold::{self, Tail};
use super::hub::Head;
use super::load::{self, Found};
use super::mailbox::{Input, Letters, Mailbox};
use super::record::RunRecord;
use super::shared::{Registered, Shared, Work};
use super::state::ErasedState;
use super::timers::Held;
use crate::store::{Commit, RunRow, StoreError, StreamRow};

/// A run that goes on within this time stays in memory: reading it again would cost more.
const LINGER: Duration = Duration::from_secs(1);

/// A run in memory.
pub(crate) struct Loaded {
    pub(crate) registered: Arc<Registered>,
    pub(crate) row: RunRow,
    pub(crate) state: RunState,
    pub(crate) tail: Tail,
    pub(crate) cell: Arc<dyn ErasedState>,
    /// What is to be done first.
    pub(crate) draft: Draft,
    /// Whether that is durable already, as it is for a run that was just created.
    pub(crate) written: bool,
    /// Whether messages may be in the store's inbox.
    pub(crate) has_messages: bool,
}

/// Why a driver stopped.
pub(crate) enum Exit {
    /// The run has ended, or is gone.
    Ended,
    /// The process is about to end.
    Stopped,
    /// The run waits for the outside. Its place in memory is given up already.
    Evicted,
    /// The store did not say whether it wrote, or somebody else owns the run.
    Lost,
    /// The run cannot go on here, for this reason.
    Parked(String),
}

/// Drives a run until there is nothing to do for it in memory.
pub(crate) async fn drive(
    shared: &Arc<Shared>,
    run: &RunId,
    mailbox: Mailbox,
    letters: Letters,
    work: Work,
) -> Exit {
    let mut letters = letters;
    let (found, _place) = match admission::admit(shared, run, work, &mut letters).await {
        Ok(admitted) => admitted,
        Err(exit) => return exit,
    };
    let mut driver = match found {
        Ok(Found::Run(loaded)) => Driver::new(shared, mailbox, letters, *loaded),
        Ok(Found::Nothing) => return Exit::Ended,
        Ok(Found::Unfit(reason, ..)) => return Exit::Parked(reason),
        Err(error @ StoreError::Corrupt { .. }) => return Exit::Parked(error.to_string()),
        Err(error) => {
            tracing::warn!(%run, %error, "cannot read the run; trying again");
            return Exit::Lost;
        }
    };
    let exit = driver.run().await;
    match exit {
        // Its place may be somebody else's by now.
        Exit::Evicted => std::mem::take(&mut driver.timers).leave(&shared.timers, run),
        _ => {
            shared.resting.leave(run);
            std::mem::take(&mut driver.timers).forget(&shared.timers, run);
        }
    }
    if let (Exit::Ended, Some(bodies)) = (&exit, driver.bodies.take()) {
        bodies.end();
    }
    // Otherwise bodies are dropped at once: the run may be about to go on elsewhere.
    exit
}

/// Ends a run that cannot go on here if somebody has cancelled it, for that takes no code; or if
/// one of the timers that fired is its deadline.
pub(crate) async fn end_or_park(
    shared: &Arc<Shared>,
    run: &RunId,
    fired: &[(TimerId, Timestamp)],
    reason: &str,
) -> Exit {
    let (row, state, draft) = match load::load(shared, run).await {
        Ok(Found::Run(loaded)) => (loaded.row, loaded.state, loaded.draft),
        Ok(Found::Unfit(_, row, state)) => (row, *state, Draft::default()),
        Ok(Found::Nothing) => return Exit::Ended,
        Err(StoreError::Corrupt { .. }) => return end::cancel_unread(shared, run, reason).await,
        Err(_) => return Exit::Lost,
    };
    let (_, letters) = Mailbox::new();
    let mut driver = Driver::without_code(shared, letters, row, state);
    driver.draft = draft;
    // All at once: nothing is consumed before it is known whether there is a cancel among them.
    match driver.take_messages(usize::MAX).await {
        Ok(()) => {}
        // One of them is unreadable; a cancel need not be.
        Err(Exit::Parked(_)) => return end::cancel_unread(shared, run, reason).await,
        Err(exit) => return exit,
    }
    let now = shared.clock.now();
    for (timer, due) in fired.iter().copied() {
        driver.draft.apply_tick(&mut driver.state, now, Tick::Fired { timer, due });
    }
    if driver.state.end().is_none() {
        // What was taken goes with the draft; the messages stay in the inbox.
        return Exit::Parked(reason.to_owned());
    }
    driver.commit().await.err().unwrap_or(Exit::Ended)
}

struct Driver {
    shared: Arc<Shared>,
    /// The run as the store has it.
    row: RunRow,
    state: RunState,
    tail: Tail,
    draft: Draft,
    /// None if the code is missing.
    bodies: Option<Bodies>,
    letters: Letters,
    /// What the next turn takes.
    inputs: Vec<Input>,
    input_bytes: usize,
    /// Whether messages may be in the store's inbox.
    inbox: bool,
    last_turn: Option<Instant>,
    /// The timers of the run that are held for it.
    timers: Held,
    /// Whether its bodies are counted among those that wait in memory.
    is_resident: bool,
    /// Whether the memory of its bodies is needed.
    pressed: bool,
    /// Whether other runs wait for its place in memory, or might.
    limited: bool,
    /// Whether its resumption must be written before it is acted on.
    holds_back: bool,
    /// What is given back after its next step.
    permits: Vec<OwnedSemaphorePermit>,
}

/// What gathering ended with.
enum Gathered {
    Turn,
    Stop,
}

impl Driver {
    fn new(shared: &Arc<Shared>, mailbox: Mailbox, letters: Letters, loaded: Loaded) -> Self {
        let Loaded { registered, row, state, tail, cell, draft, written, has_messages } = loaded;
        let workflow = registered.workflow.clone();
        let span = tracing::Span::current();
        span.record("workflow", &*row.workflow).record("handler", &*row.handler);
        let clock = Arc::clone(&shared.clock);
        let bodies =
            Bodies::new(row.run.clone(), workflow, cell, mailbox, clock, shared.settings.reruns);
        let mut driver = Self::without_code(shared, letters, row, state);
        driver.limited = registered.admission.is_some();
        driver.draft = draft;
        driver.bodies = Some(bodies);
        driver.inbox = has_messages;
        driver.tail = tail;
        for (timer, due) in driver.state.timers() {
            driver.timers.set(&shared.timers, &driver.row.run, timer, Some(due));
        }
        if written {
            driver.act();
            driver.draft = Draft::default();
        } else if !driver.draft.must_commit() {
            // A lone resumption is acted on at once, unless it must show that the store can write.
            let is_failing = shared.failing.load(Ordering::Relaxed);
            driver.holds_back = is_failing && !driver.draft.is_empty();
            if !driver.holds_back {
                driver.act();
            }
        }
        driver
    }

    fn without_code(shared: &Arc<Shared>, letters: Letters, row: RunRow, state: RunState) -> Self {
        Self {
            shared: Arc::clone(shared),
            row,
            state,
            tail: Tail::default(),
            draft: Draft::default(),
            bodies: None,
            letters,
            inputs: Vec::new(),
            input_bytes: 0,
            inbox: true,
            last_turn: None,
            timers: Held::default(),
            is_resident: false,
            pressed: false,
            limited: false,
            holds_back: false,
            permits: Vec::new(),
        }
    }

    async fn run(&mut self) -> Exit {
        loop {
            let gathered = match self.gather().await {
                Ok(gathered) => gathered,
                Err(exit) => return exit,
            };
            if (self.draft.must_commit() || self.holds_back)
                && let Err(exit) = self.commit().await
            {
                return exit;
            }
            self.permits.clear();
            if self.state.end().is_some() {
                return Exit::Ended;
            }
            if matches!(gathered, Gathered::Stop) {
                return Exit::Stopped;
            }
            if self.may_leave() && self.shared.evict(&self.row.run, &self.letters) {
                return Exit::Evicted;
            }
        }
    }

    /// Tells whether the run can leave the memory: it waits, and no body of it is here, or the
    /// place of its bodies is needed.
    fn may_leave(&mut self) -> bool {
        let pressed = std::mem::take(&mut self.pressed);
        // Without its resumption, a run whose timeout counts would be given the time anew whenever
        // it is read.
        let forgets = self.state.is_timed() && !self.draft.is_empty();
        let rests = self.state.is_at_rest() && !self.state.is_quiet() && !forgets;
        if std::mem::take(&mut self.is_resident) {
            self.shared.resting.leave(&self.row.run);
        }
        if !rests || self.inbox {
            return false;
        }
        match self.bodies.as_mut().and_then(Bodies::bytes) {
            None => self.limited || !self.is_due_soon(),
            Some(_) if pressed || self.limited => true,
            Some(bytes) => {
                self.is_resident = true;
                for run in self.shared.resting.rest(&self.row.run, bytes) {
                    self.shared.press(&run);
                }
                false
            }
        }
    }

    fn is_due_soon(&self) -> bool {
        let soon = self.shared.clock.now().after(LINGER);
        self.state.timers().any(|(_, due)| due <= soon)
    }

    /// Waits for something to happen and puts it into the draft.
    async fn gather(&mut self) -> Result<Gathered, Exit> {
        let must_commit = self.draft.must_commit() || self.holds_back;
        self.receive(!self.inbox && !must_commit && !self.state.is_quiet()).await?;
        let mut errands = self.letters.take_errands();
        self.permits.append(&mut errands.permits);
        if errands.is_empty() && !self.inbox && !must_commit {
            self.wait_for_more_stream().await?;
            // The message that told of what has come meanwhile is taken.
            errands = self.letters.take_errands();
        }
        let stop = errands.stop || (errands.check && !self.shared.owns(&self.row));
        self.pressed |= errands.evict;
        self.inbox |= errands.inbox;
        let now = self.shared.clock.now();
        self.input_bytes = 0;
        for input in self.inputs.drain(..) {
            self.draft.apply(&mut self.state, now, input);
        }
        for (timer, due) in errands.fired {
            self.draft.apply_tick(&mut self.state, now, Tick::Fired { timer, due });
        }
        if self.inbox {
            self.take_messages(gather::TURN_MESSAGES).await?;
        }
        let settled = self.state.is_quiet() && !self.inbox && self.letters.messages.is_empty();
        if settled {
            self.draft.apply_tick(&mut self.state, now, Tick::Settled);
            if self.state.is_stalled() {
                self.bodies.iter().for_each(Bodies::warn_of_stall);
            }
        }
        Ok(if stop { Gathered::Stop } else { Gathered::Turn })
    }

    /// Writes the draft as a turn, then does what it says.
    async fn commit(&mut self) -> Result<(), Exit> {
        loop {
            let place = Place {
                key: self.row.key,
                epoch: self.row.epoch,
                head: self.row.head,
                turn_id: self.shared.turn_id(),
            };
            let turn = self.draft.turn(&self.state, place);
            match self.shared.store.commit(turn.clone()).await {
                Ok(Commit::Committed) => {
                    self.row.follow(&turn);
                    self.last_turn = Some(Instant::now());
                    self.holds_back = false;
                    self.shared.failing.store(false, Ordering::Relaxed);
                    self.tail.add(turn.journal.len());
                    self.publish(turn.stream.map(Arc::new));
                    self.act();
                    self.draft = Draft::default();
                    fold::keep(&self.shared, &self.row, &self.state, &mut self.tail);
                    return Ok(());
                }
                Ok(Commit::Leftovers(rows)) => {
                    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
                    self.draft.consumed.extend(&ids);
                    let now = self.shared.clock.now();
                    self.draft.apply_tick(&mut self.state, now, Tick::Undelivered { rows: ids });
                }
                Ok(Commit::Fenced) => {
                    tracing::warn!(run = %self.row.run, "somebody else owns the run; dropping it");
                    return Err(Exit::Lost);
                }
                Err(error) => {
                    self.shared.failing.store(true, Ordering::Relaxed);
                    tracing::warn!(run = %self.row.run, %error, "nobody knows whether the turn was written; looking again");
                    return Err(Exit::Lost);
                }
            }
        }
    }

    /// Shows readers how far the run has come.
    fn publish(&self, tail: Option<Arc<StreamRow>>) {
        let end = self.state.end().map(|end| end.event().clone());
        if end.is_some() {
            tracing::debug!(run = %self.row.run, status = ?self.row.status, "the run has ended");
        }
        let ended = end.map(|end| Arc::new(RunRecord::new(self.row.clone(), Some(end))));
        let next_sequence = self.row.next_sequence;
        self.shared.hub.publish(&self.row.run, Head { next_sequence, tail, ended, purged: false });
    }

    /// Does what the draft says.
    fn act(&mut self) {
        if self.bodies.as_ref().is_some_and(Bodies::are_verbose) {
            self.draft.log(&self.row.run);
        }
        let timers = &self.shared.timers;
        for (timer, due) in self.draft.timer_changes() {
            self.timers.set(timers, &self.row.run, timer, due);
        }
        for call in self.draft.on_commit.drain(..) {
            call();
        }
        if let Some(bodies) = &mut self.bodies {
            for execution in self.draft.executions.drain(..) {
                bodies.run(execution, &self.state);
            }
            for item in std::mem::take(&mut self.draft.answers) {
                bodies.answer(item, &self.state);
            }
        }
    }
}
