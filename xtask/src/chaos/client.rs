//! What a client can ask of the server, whatever happens to the server meanwhile.
//!
//! Every call waits for the server to be up and goes on until its outcome is certain or cannot
//! become so; it notes in the record what it learns.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Error, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::gate::{Gate, Life};
use super::record::{Ack, Ledger, RunNumber, Task};
use crate::frames::{Frame, Frames};
use crate::reading::{Reading, View};

/// How long an answer may take while the server is up. It is far longer than a busy machine
/// needs, so whoever waits this long waits in vain.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Asks the server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) gate: Gate,
    pub(crate) ledger: Arc<Ledger>,
}

/// What became of one request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer was received entirely.
    Answer(StatusCode, Value),
    /// The server was not there.
    NotSent,
    /// The connection broke: nobody knows.
    Cut,
}

/// How far to read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// To its end.
    End,
    /// To the question of a `human` run.
    Asked,
}

/// How somebody reads a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) view: View,
    pub(crate) until: Until,
    /// How many connections it may need before it leaves.
    pub(crate) patience: u64,
    /// How many items it takes from one connection before it drops that and makes another.
    pub(crate) at_once: u64,
}

/// How a handler stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Unknown,
    Running,
    Ended,
}

/// Where one connection of a reader led.
enum Read {
    Done,
    Cut,
    Hopeless,
}

impl Client {
    /// Sends one request to the server as it is now.
    pub(crate) async fn ask(&self, request: impl Fn(&Life) -> RequestBuilder) -> Reply {
        let life = self.gate.up().await;
        let received = async {
            let response = request(&life).timeout(ANSWER_LIMIT).send().await?;
            Ok::<_, Error>((response.status(), response.bytes().await?))
        };
        match received.await {
            Ok((status, body)) if body.is_empty() => Reply::Answer(status, Value::Null),
            Ok((status, body)) => match serde_json::from_slice(&body) {
                Ok(body) => Reply::Answer(status, body),
                Err(error) => {
                    self.ledger
                        .broken_at("an answer", format!("it is not JSON ({error}): {body:?}"));
                    Reply::Answer(status, Value::Null)
                }
            },
            Err(error) => {
                self.notice(&life, &error);
                if error.is_connect() { Reply::NotSent } else { Reply::Cut }
            }
        }
    }

    /// A connection may break only because the harness has killed the server.
    fn notice(&self, life: &Life, error: &Error) {
        if self.gate.is_open(life) {
            let what = format!("it failed while the server was up: {error:?}");
            self.ledger.broken_at("a connection", what);
        }
    }

    pub(crate) fn handler(&self, run: RunNumber) -> String {
        self.ledger.with(run, |notes| notes.handler.clone()).unwrap_or_default()
    }

    /// Returns the path and the body of a request that starts the run.
    pub(crate) fn start_request(&self, run: RunNumber, verb: &str) -> (String, Value) {
        self.ledger.with(run, |notes| {
            let event = match notes.task {
                Task::Greet => json!({ "name": notes.label }),
                Task::FanOut { items } => json!({ "count": items }),
                Task::Human => json!({}),
            };
            let path = format!("/workflows/{}/{verb}", notes.task.workflow());
            (path, json!({ "handler_id": notes.handler, "start_event": event }))
        })
    }

    /// Starts a run whose handler has an id. Returns whether it exists.
    pub(crate) async fn start(&self, run: RunNumber) -> bool {
        let (path, body) = self.start_request(run, "run-nowait");
        let never_ends = self.ledger.with(run, |notes| notes.task == Task::Human);
        let mut cut = false;
        loop {
            let reply =
                self.ask(|life| life.http.post(format!("{}{path}", life.base)).json(&body)).await;
            match reply {
                Reply::Answer(StatusCode::OK, record) => {
                    self.started(run, &record);
                    return true;
                }
                // The id is taken: by the request that was cut.
                Reply::Answer(StatusCode::CONFLICT, _) if cut => return self.found(run),
                Reply::Answer(status, body) => {
                    self.ledger.broken(run, format!("a start was answered with {status}: {body}"));
                    self.ledger.with(run, |notes| notes.start = Ack::Refused);
                    return false;
                }
                Reply::NotSent => {}
                Reply::Cut => {
                    cut = true;
                    self.ledger.count(|counts| counts.starts_cut += 1);
                    // A run that may have ended does not keep its id from being used again.
                    if !never_ends && self.look(run).await != Look::Unknown {
                        return self.found(run);
                    }
                }
            }
        }
    }

    /// Notes what the answer to a start says.
    pub(crate) fn started(&self, run: RunNumber, record: &Value) {
        self.ledger.count(|counts| counts.starts_acknowledged += 1);
        let complaint = self.ledger.with(run, |notes| {
            notes.start = Ack::Acknowledged;
            let given = record["handler_id"].as_str().unwrap_or_default();
            let handler = notes.handler.get_or_insert_with(|| given.to_owned());
            let right = given == handler && record["workflow_name"] == notes.task.workflow();
            (!right).then(|| format!("a start was answered with another run's record: {record}"))
        });
        if let Some(complaint) = complaint {
            self.ledger.broken(run, complaint);
        }
    }

    fn found(&self, run: RunNumber) -> bool {
        self.ledger.with(run, |notes| notes.start = Ack::Acknowledged);
        true
    }

    /// Reads the record of the run's handler.
    pub(crate) async fn look(&self, run: RunNumber) -> Look {
        let path = format!("/handlers/{}", self.handler(run));
        loop {
            let reply = self.ask(|life| life.http.get(format!("{}{path}", life.base))).await;
            let Reply::Answer(status, record) = reply else { continue };
            if status == StatusCode::NOT_FOUND {
                if !self.ledger.with(run, |notes| notes.may_be_gone()) {
                    self.ledger
                        .broken(run, "its start was acknowledged, and its handler is unknown");
                }
                return Look::Unknown;
            }
            let due = match record["status"].as_str() {
                Some("running") => StatusCode::ACCEPTED,
                Some("completed") => StatusCode::OK,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            if status != due || !record.is_object() {
                self.ledger.broken(run, format!("its record came with {status}: {record}"));
            }
            if let Err(what) = self.ledger.with(run, |notes| notes.take_record(&record)) {
                self.ledger.broken(run, what);
            }
            return if due == StatusCode::ACCEPTED { Look::Running } else { Look::Ended };
        }
    }

    /// Reads the run's stream from the beginning, going on where it was whenever the connection
    /// breaks. Returns whether it came as far as it should.
    pub(crate) async fn watch(&self, run: RunNumber, reader: Reader) -> bool {
        self.ledger.count(|counts| counts.streams_read += 1);
        let reading = self.ledger.with(run, |notes| {
            notes.readings.push(Reading::new(reader.view));
            notes.readings.len() - 1
        });
        for _ in 0..reader.patience {
            let life = self.gate.up().await;
            let request = self.stream_request(&life, run, reading, reader.view);
            match request.send().await {
                Ok(response) => match self.read(&life, response, run, reading, reader).await {
                    Read::Done => return true,
                    Read::Hopeless => return false,
                    Read::Cut => {}
                },
                Err(error) => self.notice(&life, &error),
            }
            self.ledger.count(|counts| counts.reconnects += 1);
        }
        false
    }

    /// Says where to go on in one of the two ways that the protocol has for it.
    fn stream_request(
        &self,
        life: &Life,
        run: RunNumber,
        reading: usize,
        view: View,
    ) -> RequestBuilder {
        let cursor = self.ledger.with(run, |notes| notes.readings[reading].cursor());
        let handler = self.handler(run);
        let internal = view == View::Everything;
        let path = format!("{}/events/{handler}?include_internal={internal}", life.base);
        if cursor >= 0 && cursor % 2 == 0 {
            life.http.get(path).header("last-event-id", cursor)
        } else {
            life.http.get(format!("{path}&after_sequence={cursor}"))
        }
    }

    async fn read(
        &self,
        life: &Life,
        mut response: Response,
        run: RunNumber,
        reading: usize,
        reader: Reader,
    ) -> Read {
        let has_ended = || self.ledger.with(run, |notes| notes.readings[reading].has_ended());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT if has_ended() => return Read::Done,
            StatusCode::NOT_FOUND if self.ledger.with(run, |notes| notes.may_be_gone()) => {
                return Read::Hopeless;
            }
            status => {
                self.ledger.broken(run, format!("its stream was answered with {status}"));
                return Read::Hopeless;
            }
        }
        let mut frames = Frames::default();
        let mut left = reader.at_once;
        loop {
            let bytes = match response.chunk().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) if has_ended() => return Read::Done,
                Ok(None) => {
                    self.ledger.broken(run, "its stream ended in order without a terminal event");
                    return Read::Hopeless;
                }
                Err(error) => {
                    self.notice(life, &error);
                    return if has_ended() { Read::Done } else { Read::Cut };
                }
            };
            let taken = frames.take(&bytes).map_err(|error| error.to_string());
            match taken.and_then(|frames| self.take(run, reading, frames, &mut left)) {
                Ok(asked) if asked && reader.until == Until::Asked => return Read::Done,
                Ok(_) if left == 0 => return Read::Cut,
                Ok(_) => {}
                Err(what) => {
                    self.ledger.broken(run, what);
                    return Read::Hopeless;
                }
            }
        }
    }

    /// Takes items of a stream, as many as are left to take. Returns whether the run's question is
    /// among them.
    fn take(
        &self,
        run: RunNumber,
        reading: usize,
        frames: Vec<Frame>,
        left: &mut u64,
    ) -> Result<bool, String> {
        let mut asked = false;
        for frame in frames.into_iter().take(usize::try_from(*left).unwrap_or(usize::MAX)) {
            *left -= 1;
            self.ledger.count(|counts| counts.items_seen += 1);
            let event = self
                .ledger
                .with(run, |notes| notes.readings[reading].take(&mut notes.seen, frame))?;
            asked |= event.name() == "RequestEvent";
        }
        Ok(asked)
    }
}
