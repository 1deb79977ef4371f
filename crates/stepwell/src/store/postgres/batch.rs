//! Writes that share a transaction: what they are, their statements, and their answers.
//!
//! Writes of one batch touch different rows, except that messages come before the turns of their
//! runs. Rows are locked first, handlers before runs and each kind in its order; whatever is
//! decided after that is decided by what the rows say then.

use std::collections::HashSet;
use std::vec::IntoIter;

use bytes::Bytes;
use stepwell_core::RunId;
use tokio::sync::oneshot;
use tokio_postgres::{Error, Row};

use super::connection::Step;
use super::row::{Body, run_number};
use super::snapshot::{self, Keep};
use super::{create, deliver, purge, take, turn};
use crate::store::{Commit, Creation, Delivery, Message, NewRun, StoreError, Taken, Turn};

/// The most writes in one transaction: more of them would gain nothing and delay the first.
const WRITES_MAX: usize = 512;

/// About how many bytes of bodies a transaction has; a single write may have more. The server
/// holds them in memory, and takes no message beyond 1 GiB.
const BYTES_MAX: usize = 16 << 20;

const DEFINE: &str = "
    INSERT INTO stepwell_definitions (id, body)
    SELECT id, body FROM unnest($1::text[], $2::bytea[]) AS v(id, body) ORDER BY id
    ON CONFLICT (id) DO NOTHING";

/// A definition to keep.
pub(super) struct Define {
    pub(super) id: String,
    pub(super) body: Bytes,
}

/// A write, and who waits for its answer.
pub(super) struct Pending<V, A> {
    pub(super) verb: V,
    pub(super) reply: oneshot::Sender<Result<A, StoreError>>,
}

impl<V, A> Pending<V, A> {
    fn answer(self, answer: Result<A, StoreError>) {
        // A caller that went away does not want to know.
        let _ = self.reply.send(answer);
    }
}

/// A write of any kind.
pub(super) enum Write {
    Define(Pending<Define, ()>),
    Create(Box<Pending<NewRun, Creation>>),
    Deliver(Pending<Message, Delivery>),
    Commit(Box<Pending<Turn, Commit>>),
    Keep(Pending<Keep, ()>),
    Take(Pending<RunId, Taken>),
    Purge(Pending<String, bool>),
}

/// What two writes of one batch must not share.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Definition(String),
    Handler(String),
    Name(RunId),
    Message(i64, String),
    Turn(i64),
    Snapshot(i64),
    Taken(RunId),
}

impl Write {
    fn keys(&self) -> Vec<Key> {
        let number = |key| run_number(key).expect("it was checked when it was handed in");
        match self {
            Self::Define(it) => vec![Key::Definition(it.verb.id.clone())],
            Self::Create(it) => {
                vec![Key::Handler(it.verb.handler.clone()), Key::Name(it.verb.run.clone())]
            }
            Self::Deliver(it) => {
                vec![Key::Message(number(it.verb.run), it.verb.idempotency_key.clone())]
            }
            Self::Commit(it) => vec![Key::Turn(number(it.verb.key))],
            Self::Keep(it) => vec![Key::Snapshot(it.verb.run)],
            Self::Take(it) => vec![Key::Taken(it.verb.clone())],
            Self::Purge(it) => vec![Key::Handler(it.verb.clone())],
        }
    }

    fn bytes(&self) -> usize {
        let of_turn =
            |turn: &Turn| turn.journal.len() + turn.stream.as_ref().map_or(0, |row| row.body.len());
        match self {
            Self::Define(it) => it.verb.body.len(),
            Self::Create(it) => of_turn(&it.verb.turn),
            Self::Deliver(it) => it.verb.body.len(),
            Self::Commit(it) => of_turn(&it.verb),
            Self::Keep(it) => it.verb.body.len(),
            Self::Take(_) | Self::Purge(_) => 0,
        }
    }

    pub(super) fn fail(self, error: StoreError) {
        match self {
            Self::Define(it) => it.answer(Err(error)),
            Self::Create(it) => it.answer(Err(error)),
            Self::Deliver(it) => it.answer(Err(error)),
            Self::Commit(it) => it.answer(Err(error)),
            Self::Keep(it) => it.answer(Err(error)),
            Self::Take(it) => it.answer(Err(error)),
            Self::Purge(it) => it.answer(Err(error)),
        }
    }
}

/// Writes that can be made in one transaction.
#[derive(Default)]
pub(super) struct Batch {
    defines: Vec<Pending<Define, ()>>,
    creates: Vec<Pending<NewRun, Creation>>,
    messages: Vec<Pending<Message, Delivery>>,
    turns: Vec<Pending<Turn, Commit>>,
    keeps: Vec<Pending<Keep, ()>>,
    takes: Vec<Pending<RunId, Taken>>,
    purge: Option<Pending<String, bool>>,
    keys: HashSet<Key>,
    writes: usize,
    bytes: usize,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.writes
    }

    /// Takes a write, or gives it back: it has to wait for this batch.
    pub(super) fn accept(&mut self, write: Write) -> Result<(), Write> {
        let is_full = self.writes >= WRITES_MAX || self.bytes >= BYTES_MAX;
        let alone = self.purge.is_some() || matches!(write, Write::Purge(_)) && self.writes > 0;
        let keys = write.keys();
        if is_full || alone || keys.iter().any(|key| self.keys.contains(key)) {
            return Err(write);
        }
        self.keys.extend(keys);
        self.writes += 1;
        self.bytes += write.bytes();
        match write {
            Write::Define(it) => self.defines.push(it),
            Write::Create(it) => self.creates.push(*it),
            Write::Deliver(it) => self.messages.push(it),
            Write::Commit(it) => self.turns.push(*it),
            Write::Keep(it) => self.keeps.push(it),
            Write::Take(it) => self.takes.push(it),
            Write::Purge(it) => self.purge = Some(it),
        }
        Ok(())
    }

    fn verbs<V, A>(pending: &[Pending<V, A>]) -> Vec<&V> {
        pending.iter().map(|it| &it.verb).collect()
    }

    fn locks_runs(&self) -> bool {
        !(self.messages.is_empty() && self.turns.is_empty() && self.keeps.is_empty())
    }

    /// Returns the statements, in the order in which [`Batch::outcomes`] reads their rows.
    pub(super) fn steps(&self, node: u64, is_shared: bool) -> Vec<Step> {
        if let Some(purge) = &self.purge {
            return purge::steps(&purge.verb);
        }
        let mut steps = Vec::new();
        if !self.defines.is_empty() {
            let ids: Vec<String> = self.defines.iter().map(|it| it.verb.id.clone()).collect();
            let bodies: Vec<Body> =
                self.defines.iter().map(|it| Body(it.verb.body.clone())).collect();
            steps.push(Step { sql: DEFINE, values: vec![Box::new(ids), Box::new(bodies)] });
        }
        if !self.creates.is_empty() {
            steps.extend(create::steps(&Self::verbs(&self.creates)));
        }
        if self.locks_runs() {
            let messages = self.messages.iter().map(|it| it.verb.run);
            let runs = messages.chain(self.turns.iter().map(|it| it.verb.key));
            let keeps = self.keeps.iter().map(|it| it.verb.run);
            steps.push(turn::lock(runs.filter_map(run_number).chain(keeps)));
        }
        if !self.messages.is_empty() {
            steps.extend(deliver::steps(&Self::verbs(&self.messages)));
        }
        if !self.turns.is_empty() {
            steps.extend(turn::steps(&Self::verbs(&self.turns)));
        }
        if !self.keeps.is_empty() {
            steps.push(snapshot::step(&Self::verbs(&self.keeps)));
        }
        if !self.takes.is_empty() {
            steps.extend(take::steps(&Self::verbs(&self.takes), node, is_shared));
        }
        steps
    }

    /// Returns what became of the writes, from the rows of [`Batch::steps`].
    pub(super) fn outcomes(&self, rows: Vec<Vec<Row>>) -> Result<Outcomes, Error> {
        let mut rows = Rows(rows.into_iter());
        let mut outcomes = Outcomes::default();
        if self.purge.is_some() {
            rows.skip(2);
            outcomes.purge = Some(purge::outcome(&rows.next())?);
            return Ok(outcomes);
        }
        if !self.defines.is_empty() {
            rows.skip(1);
        }
        if !self.creates.is_empty() {
            rows.skip(1);
            let (looked, made) = (rows.next(), rows.next());
            outcomes.creates = create::outcomes(&Self::verbs(&self.creates), &looked, &made)?;
        }
        let stands = if self.locks_runs() { rows.next() } else { Vec::new() };
        if !self.messages.is_empty() {
            let (known, new) = (rows.next(), rows.next());
            outcomes.messages = deliver::outcomes(self.messages.len(), &known, &new)?;
        }
        if !self.turns.is_empty() {
            let stands = turn::Stands::read(&stands)?;
            let (inbox, moved) = (rows.next(), rows.next());
            outcomes.turns = turn::outcomes(&Self::verbs(&self.turns), &stands, &inbox, &moved)?;
        }
        if !self.keeps.is_empty() {
            rows.skip(1);
        }
        if !self.takes.is_empty() {
            rows.skip(1);
            outcomes.takes = take::outcomes(&Self::verbs(&self.takes), &rows.next())?;
        }
        Ok(outcomes)
    }

    /// Tells every caller what became of its write.
    pub(super) fn answer(self, outcomes: Outcomes) {
        self.defines.into_iter().for_each(|it| it.answer(Ok(())));
        self.creates.into_iter().zip(outcomes.creates).for_each(|(it, got)| it.answer(got));
        self.messages.into_iter().zip(outcomes.messages).for_each(|(it, got)| it.answer(Ok(got)));
        self.turns.into_iter().zip(outcomes.turns).for_each(|(it, got)| it.answer(Ok(got)));
        self.keeps.into_iter().for_each(|it| it.answer(Ok(())));
        self.takes.into_iter().zip(outcomes.takes).for_each(|(it, got)| it.answer(Ok(got)));
        self.purge.into_iter().zip(outcomes.purge).for_each(|(it, got)| it.answer(got));
    }

    /// Takes the batch apart.
    pub(super) fn into_writes(self) -> Vec<Write> {
        let mut writes: Vec<Write> = Vec::with_capacity(self.writes);
        writes.extend(self.defines.into_iter().map(Write::Define));
        writes.extend(self.creates.into_iter().map(|it| Write::Create(Box::new(it))));
        writes.extend(self.messages.into_iter().map(Write::Deliver));
        writes.extend(self.turns.into_iter().map(|it| Write::Commit(Box::new(it))));
        writes.extend(self.keeps.into_iter().map(Write::Keep));
        writes.extend(self.takes.into_iter().map(Write::Take));
        writes.extend(self.purge.into_iter().map(Write::Purge));
        writes
    }
}

/// What became of the writes of a batch, kind by kind.
#[derive(Default)]
pub(super) struct Outcomes {
    creates: Vec<Result<Creation, StoreError>>,
    messages: Vec<Delivery>,
    turns: Vec<Commit>,
    takes: Vec<Taken>,
    purge: Option<Result<bool, StoreError>>,
}

/// The rows of each statement, in their order.
struct Rows(IntoIter<Vec<Row>>);

impl Rows {
    fn next(&mut self) -> Vec<Row> {
        self.0.next().expect("every statement has rows, be it none")
    }

    fn skip(&mut self, statements: usize) {
        for _ in 0..statements {
            self.next();
        }
    }
}
