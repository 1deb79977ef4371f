//! Clients: they start runs, answer, tell, cancel and purge, and believe what they are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::{Cursor, EngineError, RunRecord, Sequenced, Start};
use stepwell::event::EventType;
use stepwell::store::Status;
use stepwell::{Engine, Event, Payload, RawEvent, StreamItem};

use crate::paused::pause;
use crate::truth::line;
use crate::workflows::{Answer, Close, Go, Kind, Ledger, Tell};
use crate::world::World;

/// Why a client has no answer.
#[derive(Debug)]
pub(crate) enum No {
    /// The connection broke: nobody knows what came of it.
    Broken,
    Engine(EngineError),
}

/// A run that a client was promised.
#[derive(Clone, Debug)]
struct Mine {
    kind: Kind,
    seed: u64,
    handler: String,
    run: u64,
}

/// Asks the newest process for something. It may break at any time, or take too long.
async fn ask<T>(
    world: &World,
    call: impl AsyncFnOnce(Engine) -> Result<T, EngineError>,
) -> Result<T, No> {
    let (process, engine) = world.process().await;
    let patience = if world.is_stormy() { world.of(&[30, 5_000, 40_000]) } else { 600_000 };
    tokio::select! {
        biased;
        () = process.dead.cancelled() => Err(No::Broken),
        answer = call(engine) => answer.map_err(No::Engine),
        () = pause(patience) => Err(No::Broken),
    }
}

fn raw<E: Event>(fields: &Value) -> RawEvent {
    EventType::of::<E>(None).read(&Payload::of(fields)).unwrap()
}

/// Does a few things, one after the other.
pub(crate) async fn live(world: Arc<World>, number: u64) {
    for job in 0..1 + world.below(3) {
        pause(world.of(&[0, 10, 3_000])).await;
        let handler = format!("h{}", world.below(3));
        let start = number * 1_000 + job * 100;
        let Some(mine) = begin(&world, &handler, start).await else { continue };
        let watching = tokio::spawn(watch(Arc::clone(&world), mine.clone()));
        if mine.kind == Kind::Talk {
            converse(&world, &mine, start).await;
        }
        if world.below(4) == 0 {
            pause(world.of(&[0, 5, 200, 4_000])).await;
            cancel(&world, &mine).await;
        }
        watching.await.unwrap();
        if world.below(5) == 0 {
            purge(&world, &mine).await;
        }
    }
}

/// Starts a run, and again until it is promised one; none if the handler is taken.
async fn begin(world: &Arc<World>, handler: &str, first: u64) -> Option<Mine> {
    let kind = world.of(&Kind::ALL);
    let seed = world.below(1 << 20);
    for start in first..first + 100 {
        let call = async |engine: Engine| {
            let input = raw::<Go>(&json!({ "seed": seed, "start": start }));
            let handler = Some(handler.to_owned());
            let workflow = kind.name().to_owned();
            engine.start(Start { workflow, input, handler, state: None }).await
        };
        match ask(world, call).await {
            Ok(record) => {
                let run = told(world, &record, false);
                world.trace(&format!("{handler} is promised run {run} of {}", kind.name()));
                world.truth.lock().count(kind.name());
                return Some(Mine { kind, seed, handler: handler.to_owned(), run });
            }
            Err(No::Engine(EngineError::Busy(_))) => {
                // Whoever has it may wait for an answer for ever: perhaps nobody was promised it.
                if world.below(2) == 0 {
                    clear(world, handler).await;
                }
                pause(world.of(&[10, 1_000])).await;
                if !world.is_stormy() {
                    return None;
                }
            }
            Err(_) => pause(world.of(&[1, 500])).await,
        }
    }
    None
}

/// Cancels whatever a handler runs.
async fn clear(world: &World, handler: &str) {
    if let Ok(record) = ask(world, async |engine: Engine| engine.cancel(handler).await).await {
        told(world, &record, false);
    }
}

/// Takes note of a record; whoever asked did so when the run was purged or not.
fn told(world: &World, record: &RunRecord, was_purged: bool) -> u64 {
    let truth = &mut *world.truth.lock();
    let run = truth.number(&record.run);
    truth.belongs(run, &record.handler);
    truth.stands(run, record.status, was_purged);
    if matches!(record.status, Status::Failed) {
        truth.violate(format!("run {run} failed: {:?}", record.end));
    }
    run
}

/// Sends a run an event until somebody promises that it has it, or the run is no more.
async fn send(world: &World, mine: &Mine, event: RawEvent, mut each: impl FnMut()) -> bool {
    loop {
        each();
        let call = async |engine: Engine| engine.send(&mine.handler, event.clone(), None).await;
        match ask(world, call).await {
            Ok(()) => return is_newest(world, mine).await,
            Err(No::Engine(EngineError::Ended(_) | EngineError::UnknownHandler(_))) => {
                return false;
            }
            Err(No::Engine(EngineError::Busy(_))) => return false,
            Err(_) => pause(world.of(&[5, 300])).await,
        }
        if !is_newest(world, mine).await {
            return false;
        }
    }
}

/// Tells whether a handler still points at the run.
async fn is_newest(world: &World, mine: &Mine) -> bool {
    loop {
        let was_purged = world.truth.lock().is_purged(mine.run);
        match ask(world, async |engine: Engine| engine.handler(&mine.handler).await).await {
            Ok(Some(record)) => {
                let number = world.truth.lock().number(&record.run);
                let is_it = number == mine.run;
                told(world, &record, is_it && was_purged);
                return is_it;
            }
            Ok(None) => {
                let truth = &mut *world.truth.lock();
                if !truth.may_be_gone(mine.run) {
                    truth.violate(format!("run {} was promised and is not there", mine.run));
                }
                return false;
            }
            Err(_) => pause(world.of(&[5, 300])).await,
        }
    }
}

/// Tells a run a few things, then to end when it has heard what it was promised to hear.
async fn converse(world: &World, mine: &Mine, start: u64) {
    let mut promised = Vec::new();
    for at in 0..world.below(5) {
        pause(world.of(&[0, 1, 400])).await;
        let id = start * 100 + at;
        let tell = raw::<Tell>(&json!({ "id": id }));
        if send(world, mine, tell, || world.truth.lock().tells(id)).await {
            promised.push(id);
        }
    }
    let close = raw::<Close>(&json!({ "told": promised }));
    send(world, mine, close, || {}).await;
}

async fn cancel(world: &World, mine: &Mine) {
    for _ in 0..20 {
        if !is_newest(world, mine).await {
            return;
        }
        match ask(world, async |engine: Engine| engine.cancel(&mine.handler).await).await {
            Ok(record) => {
                let run = told(world, &record, false);
                world.trace(&format!("cancelled run {run}"));
                world.truth.lock().count("cancels");
                return;
            }
            Err(No::Engine(EngineError::Ended(_) | EngineError::UnknownHandler(_))) => return,
            Err(_) => pause(100).await,
        }
    }
}

async fn purge(world: &World, mine: &Mine) {
    // Whatever comes of it, from here on the run may be gone.
    for _ in 0..20 {
        if !is_newest(world, mine).await {
            return;
        }
        let there = world.truth.lock().purge_begins(&mine.handler);
        match ask(world, async |engine: Engine| engine.purge(&mine.handler).await).await {
            Ok(()) | Err(No::Engine(EngineError::UnknownHandler(_))) => {
                world.trace(&format!("purged run {}", mine.run));
                world.truth.lock().purge(&there);
                return;
            }
            Err(_) => pause(100).await,
        }
    }
}

/// What a client has read of a run.
struct Reader {
    mine: Mine,
    next: u64,
    /// Answers that are to be sent.
    owed: BTreeMap<u64, RawEvent>,
    has_ended: bool,
}

/// Reads a run to its end, and answers its questions.
async fn watch(world: Arc<World>, mine: Mine) {
    let mut reader = Reader { mine, next: 0, owed: BTreeMap::new(), has_ended: false };
    while !reader.has_ended && !world.has_failed() {
        if !is_newest(&world, &reader.mine).await {
            return;
        }
        reader.answer(&world).await;
        reader.read(&world).await;
    }
}

impl Reader {
    async fn answer(&mut self, world: &World) {
        while let Some((n, event)) = self.owed.pop_first() {
            pause(world.of(&[0, 0, 30, 2_000])).await;
            for _ in 0..world.of(&[1, 1, 2]) {
                if !send(world, &self.mine, event.clone(), || {}).await {
                    return;
                }
            }
            world.trace(&format!("run {} is answered {n}", self.mine.run));
        }
    }

    /// Reads until there is a question, the connection breaks, or the run has ended.
    async fn read(&mut self, world: &World) {
        let from = self.next.checked_sub(1).map_or(Cursor::Start, Cursor::After);
        let (process, engine) = world.process().await;
        let opened = tokio::select! {
            biased;
            () = process.dead.cancelled() => return,
            opened = engine.events(&self.mine.handler, from) => opened,
        };
        let Ok((record, mut stream)) = opened else { return pause(10).await };
        if world.truth.lock().number(&record.run) != self.mine.run {
            return;
        }
        told(world, &record, false);
        let stay = if world.is_stormy() { world.of(&[1, 100, 5_000, 50_000]) } else { 100_000 };
        let stay = pause(stay);
        let mut stay = std::pin::pin!(stay);
        while self.owed.is_empty() {
            let item = tokio::select! {
                biased;
                () = process.dead.cancelled() => return,
                item = stream.next() => item,
                () = &mut stay => return,
            };
            match item {
                Ok(Some(item)) => self.take(world, item),
                Ok(None) => {
                    self.has_ended |= world.truth.lock().may_be_gone(self.mine.run);
                    let run = self.mine.run;
                    if !self.has_ended {
                        world.truth.lock().violate(format!("the stream of run {run} just ends"));
                    }
                    return;
                }
                Err(_) => return pause(10).await,
            }
            if self.has_ended {
                return;
            }
        }
    }

    fn take(&mut self, world: &World, item: Sequenced) {
        let run = self.mine.run;
        let expected = self.next;
        self.next = item.sequence + 1;
        let line = line(&item.item);
        let event = if let StreamItem::Event(event) = &item.item { Some(event) } else { None };
        let is_last = event.is_some_and(|event| event.family == stepwell_core::Family::Stop);
        {
            let truth = &mut *world.truth.lock();
            if item.sequence != expected && !truth.may_be_gone(run) {
                truth.violate(format!("run {run} has {} after {expected}", item.sequence));
            }
            truth.see(run, item.sequence, &line, is_last);
        }
        let Some(event) = event else { return };
        let fields: Value = serde_json::from_str(event.value.text()).unwrap();
        match &*event.name {
            "Ask" => {
                let n = fields["n"].as_u64().unwrap();
                let answer = raw::<Answer>(&json!({ "n": n, "value": 10 * n }));
                self.owed.insert(n, answer);
            }
            "Shown" => {
                let mark = fields["mark"].as_str().unwrap();
                world.truth.lock().see_published(mark, run, item.sequence);
            }
            "StopEvent" => self.check(world, &fields["result"]),
            _ => {}
        }
        if is_last {
            world.trace(&format!("run {run} ends with {}", event.name));
            self.has_ended = true;
            self.check_end(world, &event.name);
        }
    }

    fn check_end(&self, world: &World, name: &str) {
        let run = self.mine.run;
        let (status, fits) = match name {
            "StopEvent" => (Status::Completed, self.mine.kind != Kind::Hang),
            "WorkflowCancelledEvent" => (Status::Cancelled, true),
            "WorkflowTimedOutEvent" => (Status::TimedOut, self.mine.kind == Kind::Hang),
            _ => (Status::Failed, false),
        };
        let truth = &mut *world.truth.lock();
        truth.count("ends");
        truth.stands(run, status, false);
        if !fits {
            truth.violate(format!("run {run} of {:?} ends with {name}", self.mine.kind));
        }
    }

    /// Compares the ledger with what must be in it.
    fn check(&self, world: &World, result: &Value) {
        let Mine { kind, seed, run, .. } = self.mine;
        let ledger: Ledger = serde_json::from_value(result.clone()).unwrap();
        let truth = &mut *world.truth.lock();
        let ours = format!("r{run}/");
        let mut marks = std::collections::BTreeSet::new();
        for (mark, count) in &ledger.0 {
            let told = mark.split_once("/tell").map(|(_, id)| id.parse().unwrap());
            let most = told.map_or(1, |id| truth.times_told(id));
            if *count > most {
                truth.violate(format!("{mark} is in the ledger {count} times, not {most}"));
            }
            if mark.starts_with(&ours) && told.is_none() {
                marks.insert(mark.clone());
            }
        }
        let expected = kind.marks(seed, run);
        if marks != expected {
            truth.violate(format!("the ledger of run {run} is {marks:?}, not {expected:?}"));
        }
    }
}

/// Waits until every run has ended.
pub(crate) async fn settle(world: &World, patience: Duration) -> Result<(), String> {
    let begun = tokio::time::Instant::now();
    loop {
        let call = async |engine: Engine| {
            let records = engine.handlers(&stepwell::store::HandlerFilter::default()).await?;
            Ok((records, engine.parked()))
        };
        let Ok((records, parked)) = ask(world, call).await else { continue };
        let open: Vec<_> = records.iter().filter(|record| !record.status.is_ended()).collect();
        if !parked.is_empty() {
            return Err(format!("runs are set aside: {:?}", parked.values()));
        }
        // Runs that nobody was promised may wait for answers for ever.
        for record in &open {
            clear(world, &record.handler).await;
        }
        if open.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > patience {
            return Err(format!("{} runs do not come to an end", open.len()));
        }
        pause(1_000).await;
    }
}
