//! Starts runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepwell_core::{Event as RawEvent, RunId, RunState, SEMANTICS, Started, Tick};
use uuid::Uuid;

use super::draft::{Draft, Place};
use super::driver::Loaded;
use super::fold::{ROWS, Tail, fold};
use super::hub::Subscription;
use super::record::RunRecord;
use super::send::check_size;
use super::shared::{Registered, Shared};
use super::state::{ErasedState, MAX_DEPTH, depth};
use super::surely::surely;
use super::{Engine, EngineError, Run};
use crate::store::{Creation, NewRun, RunKey, RunRow, Status, StoreError};

/// How many shards a pool has. It is stored with every run, so it never changes.
const SHARDS: u32 = 256;

/// How often a place for a run is looked for, and how long to wait in between: five seconds in
/// all, longer than it takes until each process has its share.
const PLACE_TRIES: usize = 50;
const PLACE_DELAY: Duration = Duration::from_millis(100);

/// A run to start.
#[derive(Clone, Debug)]
pub struct Start {
    /// The name that the workflow is registered under.
    pub workflow: String,
    /// The start event.
    pub input: RawEvent,
    /// The client's name for the run; without one it is made up. If an earlier run of this name
    /// has ended, the new one begins with its state.
    pub handler: Option<String>,
    /// The state to begin with, in place of what an earlier run left. If the workflow's state is an
    /// object, members that are absent here are as in a run that begins without it.
    pub state: Option<Value>,
}

/// A run that was started.
#[derive(Debug)]
pub(crate) struct StartedRun {
    pub(crate) row: RunRow,
    pub(crate) subscription: Subscription,
}

impl Engine {
    /// Starts a run. When it returns, the run is durable.
    ///
    /// # Errors
    ///
    /// See [`EngineError`].
    pub async fn start(&self, start: Start) -> Result<RunRecord, EngineError> {
        Ok(RunRecord::new(self.begin(start).await?.row, None))
    }

    /// Starts a run and waits for its end. If the future is dropped, the run goes on.
    ///
    /// # Errors
    ///
    /// See [`EngineError`].
    pub async fn start_and_wait(&self, start: Start) -> Result<RunRecord, EngineError> {
        self.start_run(start).await?.ended().await
    }

    /// Starts a run, to be waited for, read or sent to. When it returns, the run is durable.
    ///
    /// # Errors
    ///
    /// See [`EngineError`].
    pub async fn start_run(&self, start: Start) -> Result<Run, EngineError> {
        let started = self.begin(start).await?;
        Ok(Run { engine: self.clone(), started })
    }

    async fn begin(&self, start: Start) -> Result<StartedRun, EngineError> {
        let shared = &self.shared;
        if shared.closing.is_cancelled() {
            return Err(EngineError::Closing);
        }
        let registered = shared
            .registered(&start.workflow)
            .ok_or_else(|| EngineError::UnknownWorkflow(start.workflow.clone()))?;
        let expected = registered.workflow.start_type();
        if *expected.name() != start.input.name {
            let got = format!("{}.{}", start.input.module, start.input.name);
            return Err(EngineError::WrongStart { expected: expected.qualified_name(), got });
        }
        check_size(&start.input)?;
        let _place = shared.place()?;
        let given = start.state.map(|given| given_state(registered, given)).transpose()?;
        let mut look = start.handler.is_some();
        let handler = start.handler.unwrap_or_else(new_id);
        loop {
            let mut previous = None;
            let mut state = None;
            // A made-up name is nobody else's.
            if look && let Some(row) = shared.store.handler(&handler).await? {
                if !row.status.is_ended() {
                    return Err(EngineError::Busy(handler));
                }
                if given.is_none() {
                    state = kept_state(shared, registered, &row).await?;
                }
                previous = Some(row.run);
            }
            let state = given.clone().or(state);
            let new = New { handler: handler.clone(), previous, state, input: start.input.clone() };
            match self.create(registered, new).await? {
                Ok(started) => return Ok(started),
                Err(NotCreated::Busy) => return Err(EngineError::Busy(handler)),
                // Somebody else has used the handler meanwhile.
                Err(NotCreated::Changed) => look = true,
            }
        }
    }

    async fn create(
        &self,
        registered: &Arc<Registered>,
        new: New,
    ) -> Result<Result<StartedRun, NotCreated>, EngineError> {
        let shared = &self.shared;
        let run = RunId::new(new_id());
        let (json, cell) = typed_state(registered, new.state)?;
        let mut state = RunState::new(registered.definitions.clone());
        let mut draft = Draft::default();
        let at = shared.clock.now();
        let started = Started {
            run: run.clone(),
            definition: registered.definitions.newest(),
            semantics: SEMANTICS,
            input: new.input,
            state: json,
        };
        draft.apply_tick(&mut state, at, Tick::Started(started));
        let (shard, epoch) = place(shared, registered, &run).await?;
        let mut row = RunRow {
            key: RunKey(0),
            run: run.clone(),
            handler: new.handler,
            workflow: registered.name.clone(),
            pool: registered.pool.clone(),
            shard,
            epoch: 0,
            head: 0,
            turn_id: 0,
            status: Status::Running,
            idle: false,
            next_sequence: 0,
            started_at: at,
            updated_at: at,
        };
        let place = Place { key: row.key, epoch, head: 0, turn_id: shared.turn_id() };
        let turn = draft.turn(&state, place);
        row.follow(&turn);
        let tail = Tail::of(turn.journal.len());
        let new_run = NewRun {
            run: run.clone(),
            handler: row.handler.clone(),
            previous: new.previous,
            workflow: row.workflow.clone(),
            pool: row.pool.clone(),
            shard: row.shard,
            turn,
        };
        // Claimed before it exists, so that nobody who finds it there takes it up a second time.
        let claim = shared.claim(&run);
        let subscription = shared.hub.subscribe(&run);
        row.key = match surely("a new run", || shared.store.create(new_run.clone())).await? {
            Creation::Created(key) => key,
            not_created => {
                claim.give_up();
                return Ok(Err(match not_created {
                    Creation::Busy => NotCreated::Busy,
                    _ => NotCreated::Changed,
                }));
            }
        };
        let loaded = Loaded {
            registered: Arc::clone(registered),
            row: row.clone(),
            state,
            tail,
            cell,
            draft,
            written: true,
            has_messages: false,
        };
        claim.drive(loaded);
        Ok(Ok(StartedRun { row, subscription }))
    }
}

/// What differs from run to run.
struct New {
    handler: String,
    previous: Option<RunId>,
    /// The state that was given, or that the handler's previous run ended with.
    state: Option<Value>,
    input: RawEvent,
}

enum NotCreated {
    Busy,
    Changed,
}

/// Returns the state that a run is given to begin with, whole.
fn given_state(registered: &Registered, given: Value) -> Result<Value, EngineError> {
    let wrong = |problem: String| EngineError::WrongState { problem };
    if depth(&given) > MAX_DEPTH {
        return Err(wrong(format!("it is nested over {MAX_DEPTH} deep")));
    }
    let state_type = registered.workflow.state_type();
    let initial = (state_type.initial)().map_err(|error| wrong(error.to_string()))?;
    let whole = match (initial, given) {
        (Value::Object(mut whole), Value::Object(given)) => {
            whole.extend(given);
            Value::Object(whole)
        }
        (_, given) => given,
    };
    (state_type.load)(whole.clone()).map_err(|error| wrong(error.to_string()))?;
    Ok(whole)
}

/// Returns the state that a handler's ended run left; none if its journal cannot be read as a
/// whole, which must not keep the handler from being used again.
async fn kept_state(
    shared: &Shared,
    registered: &Registered,
    row: &RunRow,
) -> Result<Option<Value>, StoreError> {
    let Some(stored) = shared.store.load(&row.run, ROWS).await? else { return Ok(None) };
    match fold(shared, Some(&registered.definitions), stored).await {
        Ok((state, _)) => Ok(Some(state.user_state().clone())),
        Err(StoreError::Corrupt { what }) => {
            tracing::warn!(handler = row.handler, what, "the handler begins with an empty state");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Makes the state that a run begins with: the kept one if the workflow's type can read it.
fn typed_state(
    registered: &Registered,
    kept: Option<Value>,
) -> Result<(Value, Arc<dyn ErasedState>), EngineError> {
    let state_type = registered.workflow.state_type();
    if let Some(json) = kept {
        match (state_type.load)(json.clone()) {
            Ok(cell) => return Ok((json, cell)),
            Err(error) => {
                let workflow = &registered.name;
                tracing::warn!(workflow, %error, "an earlier run's state is of another type");
            }
        }
    }
    let unreadable = |error: serde_json::Error| {
        EngineError::Store(StoreError::Corrupt {
            what: format!("the initial state of workflow `{}`: {error}", registered.name),
        })
    };
    let json = (state_type.initial)().map_err(unreadable)?;
    let cell = (state_type.load)(json.clone()).map_err(unreadable)?;
    Ok((json, cell))
}

/// Makes a name: 22 letters and digits that sort by the time they were made.
fn new_id() -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = Uuid::now_v7().as_u128();
    let mut text = [b'0'; 22];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// Returns where to create a run, and the number to write to it under. A process that was out of
/// reach owns nothing until the others have given it its share again.
async fn place(
    shared: &Shared,
    registered: &Registered,
    run: &RunId,
) -> Result<(u16, u64), StoreError> {
    for _ in 0..PLACE_TRIES {
        if let Some(place) = shared.store.place(&registered.pool, shard(run)) {
            return Ok(place);
        }
        tokio::time::sleep(PLACE_DELAY).await;
    }
    Err(StoreError::unavailable("this process owns no runs for the time being; try again"))
}

/// Returns the shard that is proposed for a run. The one it gets is stored with it.
fn shard(run: &RunId) -> u16 {
    u16::try_from(crc32fast::hash(run.as_str().as_bytes()) % SHARDS).expect("it is below 256")
}
