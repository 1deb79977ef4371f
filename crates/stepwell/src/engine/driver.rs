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

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{RunId, RunState, Tick};
use tokio::time::Instant;

use super::bodies::Bodies;
use super::draft::{Draft, Place};
use super::end;
use super::hub::Head;
use super::inbound::Inbound;
use super::load::{self, Found};
use super::mailbox::{Input, Letters, Mailbox, Message};
use super::record::RunRecord;
use super::shared::{Registered, Shared, Work};
use super::state::ErasedState;
use super::timers::Held;
use crate::store::{Commit, InboxRow, RunRow, StoreError, StreamRow};

/// How long a turn that holds only stream items waits for more of them: one commit then serves
/// many tokens, and nobody who watches them appear can tell.
const STREAM_DELAY: Duration = Duration::from_millis(20);

/// How many inputs one turn takes, so that a turn stays small enough to be one row.
const TURN_INPUTS: usize = 512;

/// How many bytes of events one turn takes, unless a single one is larger, for the same reason.
const TURN_BYTES: usize = 4 << 20;

/// How many messages one turn takes out of the inbox, for the same reason.
const TURN_MESSAGES: usize = 64;

/// A run in memory.
pub(crate) struct Loaded {
    pub(crate) registered: Arc<Registered>,
    pub(crate) row: RunRow,
    pub(crate) state: RunState,
    pub(crate) cell: Arc<dyn ErasedState>,
    /// What is to be done first.
    pub(crate) draft: Draft,
    /// Whether that is durable already, as it is for a run that was just created.
    pub(crate) written: bool,
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
    let found = match work {
        Work::Go(loaded) => Ok(Found::Run(loaded)),
        Work::Read => load::load(shared, run).await,
        Work::SetAside(reason) => return Exit::Parked(reason),
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
        Exit::Evicted => std::mem::take(&mut driver.timers).leave(&shared.timers, run),
        _ => std::mem::take(&mut driver.timers).forget(&shared.timers, run),
    }
    if let (Exit::Ended, Some(bodies)) = (&exit, driver.bodies.take()) {
        bodies.end();
    }
    // Otherwise bodies are dropped at once: the run may be about to go on elsewhere.
    exit
}

/// Ends a run that cannot go on here if somebody has cancelled it, for that takes no code.
pub(crate) async fn cancel_or_park(shared: &Arc<Shared>, run: &RunId, reason: &str) -> Exit {
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
}

/// What gathering ended with.
enum Gathered {
    Turn,
    Stop,
}

impl Driver {
    fn new(shared: &Arc<Shared>, mailbox: Mailbox, letters: Letters, loaded: Loaded) -> Self {
        let Loaded { registered, row, state, cell, draft, written } = loaded;
        let bodies = Bodies::new(row.run.clone(), registered.workflow.clone(), cell, mailbox);
        let mut driver = Self::without_code(shared, letters, row, state);
        driver.draft = draft;
        driver.bodies = Some(bodies);
        driver.inbox = !written;
        for (timer, due) in driver.state.timers() {
            driver.timers.set(&shared.timers, &driver.row.run, timer, Some(due));
        }
        if written {
            driver.act();
            driver.draft = Draft::default();
        } else if !driver.draft.must_commit() {
            // A lone resumption is acted on at once; it is written with the next turn.
            driver.act();
        }
        driver
    }

    fn without_code(shared: &Arc<Shared>, letters: Letters, row: RunRow, state: RunState) -> Self {
        Self {
            shared: Arc::clone(shared),
            row,
            state,
            draft: Draft::default(),
            bodies: None,
            letters,
            inputs: Vec::new(),
            input_bytes: 0,
            inbox: true,
            last_turn: None,
            timers: Held::default(),
        }
    }

    async fn run(&mut self) -> Exit {
        loop {
            let gathered = match self.gather().await {
                Ok(gathered) => gathered,
                Err(exit) => return exit,
            };
            if self.draft.must_commit()
                && let Err(exit) = self.commit().await
            {
                return exit;
            }
            if self.state.end().is_some() {
                return Exit::Ended;
            }
            if matches!(gathered, Gathered::Stop) {
                return Exit::Stopped;
            }
            if self.state.is_idle()
                && !self.inbox
                && self.shared.evict(&self.row.run, &self.letters)
            {
                return Exit::Evicted;
            }
        }
    }

    /// Waits for something to happen and puts it into the draft.
    async fn gather(&mut self) -> Result<Gathered, Exit> {
        let mut stop = false;
        let at_rest = !self.inbox && !self.draft.must_commit() && !self.state.is_quiet();
        self.receive(at_rest).await?;
        let errands = self.letters.take_errands();
        stop |= errands.stop;
        self.inbox |= errands.inbox;

        if !stop && errands.fired.is_empty() && !self.inbox && !self.draft.must_commit() {
            self.wait_for_more_stream().await?;
        }
        let now = self.shared.clock.now();
        self.input_bytes = 0;
        for input in self.inputs.drain(..) {
            self.draft.apply(&mut self.state, now, input);
        }
        for (timer, due) in errands.fired {
            self.draft.apply_tick(&mut self.state, now, Tick::Fired { timer, due });
        }
        if self.inbox {
            self.take_messages(TURN_MESSAGES).await?;
        }
        let settled = self.state.is_quiet() && !self.inbox && self.letters.messages.is_empty();
        if settled {
            self.draft.apply_tick(&mut self.state, now, Tick::Settled);
            self.bodies.iter().for_each(Bodies::warn_if_stalled);
        }
        Ok(if stop { Gathered::Stop } else { Gathered::Turn })
    }

    /// Takes what bodies have sent; waits for it if there is nothing else to do.
    async fn receive(&mut self, wait: bool) -> Result<(), Exit> {
        if wait && let Some(message) = self.letters.messages.recv().await {
            self.accept(message)?;
            if self.bodies.as_ref().is_some_and(Bodies::are_several) {
                // Those that were started together often end together, and share a turn then.
                tokio::task::yield_now().await;
            }
        }
        while !self.turn_is_full()
            && let Ok(message) = self.letters.messages.try_recv()
        {
            self.accept(message)?;
        }
        Ok(())
    }

    fn accept(&mut self, message: Message) -> Result<(), Exit> {
        match message {
            Message::Input(input) => {
                self.input_bytes += input.bytes();
                self.inputs.push(input);
            }
            Message::Look => {}
            Message::Park(reason) => return Err(Exit::Parked(reason)),
        }
        Ok(())
    }

    fn turn_is_full(&self) -> bool {
        self.inputs.len() >= TURN_INPUTS || self.input_bytes >= TURN_BYTES
    }

    /// Lets a turn of nothing but stream items wait for more, until the last turn is
    /// [`STREAM_DELAY`] ago or something else comes.
    async fn wait_for_more_stream(&mut self) -> Result<(), Exit> {
        let Some(last_turn) = self.last_turn else { return Ok(()) };
        let until = last_turn + STREAM_DELAY;
        while !self.inputs.is_empty()
            && !self.turn_is_full()
            && self.inputs.iter().all(Input::is_stream)
            && self.letters.errands.lock().is_empty()
        {
            let Ok(message) = tokio::time::timeout_at(until, self.letters.messages.recv()).await
            else {
                break;
            };
            message.map_or(Ok(()), |message| self.accept(message))?;
            self.receive(false).await?;
        }
        Ok(())
    }

    /// Puts messages in the store's inbox into the draft, at most `limit`.
    async fn take_messages(&mut self, limit: usize) -> Result<(), Exit> {
        let rows = match self.shared.store.inbox(self.row.key, limit).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(run = %self.row.run, %error, "cannot read the inbox; trying again");
                return Err(Exit::Lost);
            }
        };
        self.inbox = rows.len() == limit;
        let now = self.shared.clock.now();
        let mut late = Vec::new();
        for InboxRow { id, body } in rows {
            let inbound = Inbound::unpack(&body)
                .map_err(|error| Exit::Parked(format!("message {id} is unreadable: {error}")))?;
            self.draft.consumed.push(id);
            match inbound {
                Some(inbound) if self.state.end().is_none() => {
                    self.draft.apply_tick(&mut self.state, now, inbound.tick());
                }
                _ => late.push(id),
            }
        }
        if !late.is_empty() {
            self.draft.apply_tick(&mut self.state, now, Tick::Undelivered { rows: late });
        }
        Ok(())
    }

    /// Writes the draft as a turn, then does what it says.
    async fn commit(&mut self) -> Result<(), Exit> {
        loop {
            let place = Place {
                key: self.row.key,
                epoch: self.shared.store.epoch(),
                head: self.row.head,
                turn_id: self.shared.turn_id(),
            };
            let turn = self.draft.turn(&self.state, place);
            match self.shared.store.commit(turn.clone()).await {
                Ok(Commit::Committed) => {
                    self.row.follow(&turn);
                    self.last_turn = Some(Instant::now());
                    self.publish(turn.stream.map(Arc::new));
                    self.act();
                    self.draft = Draft::default();
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
                    tracing::warn!(run = %self.row.run, %error, "nobody knows whether the turn was written; looking again");
                    return Err(Exit::Lost);
                }
            }
        }
    }

    /// Shows readers how far the run has come.
    fn publish(&self, tail: Option<Arc<StreamRow>>) {
        let end = self.state.end().map(|end| end.event().clone());
        let ended = end.map(|end| Arc::new(RunRecord::new(self.row.clone(), Some(end))));
        let next_sequence = self.row.next_sequence;
        self.shared.hub.publish(&self.row.run, Head { next_sequence, tail, ended, purged: false });
    }

    /// Does what the draft says.
    fn act(&mut self) {
        let timers = &self.shared.timers;
        for (timer, due) in self.draft.timer_changes() {
            self.timers.set(timers, &self.row.run, timer, due);
        }
        for call in self.draft.on_commit.drain(..) {
            call();
        }
        if let Some(bodies) = &mut self.bodies {
            self.draft.executions.drain(..).for_each(|execution| bodies.start(&execution));
        }
    }
}
