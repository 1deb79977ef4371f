//! The baseline: what any server must do that promises as much as Stepwell does.
//!
//! For each request it parses the JSON, makes the same group commits with rows of the same bytes,
//! and answers a record of the same size. It has no engine, no streams, and runs nothing.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use serde::Serialize;
use serde_json::Value;
use stepwell::store::{
    Commit, Creation, NewRun, RunKey, RunRow, Status, Store, StoreError, StreamRow, Turn,
};
use stepwell::{Engine, RunId, StartEvent};
use tokio::net::TcpListener;

use super::workflows::{self, ONE};

/// How many stream rows are asked for: more than the run can have.
const STREAM_ROWS: usize = 1_000;

/// What a real run of one step wrote.
#[derive(Debug)]
struct Template {
    row: RunRow,
    /// The journal row and the stream row of each turn.
    turns: Vec<(Bytes, Option<StreamRow>)>,
}

#[derive(Debug)]
struct Baseline {
    store: Arc<dyn Store>,
    template: Template,
    answer: Value,
    runs: AtomicU64,
}

/// The record that is answered, with what differs from run to run.
#[derive(Serialize)]
struct Answer<'a> {
    handler_id: &'a str,
    workflow_name: &'a str,
    run_id: &'a str,
    error: Option<()>,
    result: &'a Value,
    result_unreadable: bool,
    status: &'a str,
    started_at: &'a Value,
    updated_at: &'a Value,
    completed_at: &'a Value,
}

/// Makes the endpoint. `answer` is what the engine's server answered to the same request.
pub(super) async fn router(store: Arc<dyn Store>, answer: &str) -> Result<Router> {
    let answer = serde_json::from_str(answer).context("the other side's answer is not JSON")?;
    let template = Template::record().await?;
    let baseline = Baseline { store, template, answer, runs: AtomicU64::new(0) };
    let path = format!("/workflows/{ONE}/run");
    Ok(Router::new().route(&path, post(run)).with_state(Arc::new(baseline)))
}

/// Serves as the engine's server does.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    told_to_stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let listener = listener.tap_io(|stream| {
        // A connection that is gone will say so itself.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).with_graceful_shutdown(told_to_stop).await?)
}

impl Template {
    /// Runs the workflow once, in memory, and takes what it wrote.
    async fn record() -> Result<Self> {
        let engine = Engine::builder().workflow(ONE, workflows::one()?).open().await?;
        let mut run = engine.run(ONE, StartEvent::new()).await?;
        let record = run.ended().await?;
        let store = engine.store();
        let row = store.run(&record.run).await?.context("the run is not in its store")?;
        let journal = store.journal(row.key, 0, usize::MAX).await?;
        let mut stream = store.stream(row.key, None, STREAM_ROWS).await?;
        ensure!(
            journal.len() == 2 && stream.len() <= 2,
            "a run of one step wrote {} turns with {} stream rows; the comparison is for two turns",
            journal.len(),
            stream.len(),
        );
        let last = stream.pop();
        let first = stream.pop();
        let turns = journal.into_iter().zip([first, last]).collect();
        engine.shutdown().await?;
        Ok(Self { row, turns })
    }

    fn turn(&self, head: u64, key: RunKey, epoch: u64, number: u64) -> Turn {
        let ends = head > 0;
        let (journal, stream) = self.turns[usize::from(ends)].clone();
        let first_of_last = self.turns[1].1.as_ref().map_or(0, |row| row.first);
        Turn {
            key,
            epoch,
            head,
            id: number,
            at: self.row.updated_at,
            status: if ends { self.row.status } else { Status::Running },
            idle: ends && self.row.idle,
            rests: false,
            next_sequence: if ends { self.row.next_sequence } else { first_of_last },
            journal,
            stream,
            timers: Vec::new(),
            consumed: Vec::new(),
        }
    }
}

impl Baseline {
    /// Makes the commits of a run and returns its name.
    async fn write(&self) -> Result<String, StoreError> {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let name = format!("{number:022}");
        let row = &self.template.row;
        let epoch = self.store.epoch();
        let run = NewRun {
            run: RunId::new(name.clone()),
            handler: name.clone(),
            previous: None,
            workflow: row.workflow.clone(),
            pool: row.pool.clone(),
            shard: 0,
            turn: self.template.turn(0, RunKey(0), epoch, number),
        };
        let Creation::Created(key) = self.store.create(run).await? else {
            return Err(StoreError::unavailable("a run was not created"));
        };
        let turn = self.template.turn(1, key, epoch, number);
        match self.store.commit(turn).await? {
            Commit::Committed => Ok(name),
            _ => Err(StoreError::unavailable("a turn was not committed")),
        }
    }
}

async fn run(State(baseline): State<Arc<Baseline>>, body: Bytes) -> Response {
    if serde_json::from_slice::<Value>(&body).is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Ok(name) = baseline.write().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let like = &baseline.answer;
    let answer = Answer {
        handler_id: &name,
        workflow_name: ONE,
        run_id: &name,
        error: None,
        result: &like["result"],
        result_unreadable: false,
        status: "completed",
        started_at: &like["started_at"],
        updated_at: &like["updated_at"],
        completed_at: &like["completed_at"],
    };
    match serde_json::to_vec(&answer) {
        Ok(bytes) => ([(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
