//! What a client asks of a server under trial, whatever happens to the server meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::findings::{Findings, Kind};

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait before a server that is not there is asked again.
const AGAIN: Duration = Duration::from_millis(15);

/// How long somebody goes on asking.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// What is known of a request's effect.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ack {
    /// It was answered with success.
    Yes,
    /// It was refused.
    No(StatusCode, Value),
    /// Nobody knows.
    Unknown,
}

/// A client. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) base: String,
    pub(super) http: Client,
    pub(super) findings: Arc<Findings>,
}

impl Caller {
    pub(super) fn new(port: u16, findings: Arc<Findings>) -> Result<Self> {
        // No connection is used twice: it may lead to a server that is gone.
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        Ok(Self { base: format!("http://127.0.0.1:{port}"), http, findings })
    }

    async fn ask(&self, request: RequestBuilder) -> Option<(StatusCode, Value)> {
        let response = request.timeout(ANSWER_LIMIT).send().await.ok()?;
        let status = response.status();
        let body = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn post(&self, path: &str, body: &Value) -> Ack {
        match self.ask(self.http.post(format!("{}{path}", self.base)).json(body)).await {
            Some((StatusCode::OK, _)) => Ack::Yes,
            // The store did not say whether it wrote.
            Some((status, _)) if status.is_server_error() => {
                self.findings.done("requests answered with 5xx", 1);
                Ack::Unknown
            }
            Some((status, body)) => Ack::No(status, body),
            None => Ack::Unknown,
        }
    }

    /// Asks once to start a run.
    pub(super) async fn start_once(&self, workflow: &str, handler: &str, event: &Value) -> Ack {
        let body = json!({ "handler_id": handler, "start_event": event });
        let ack = self.post(&format!("/workflows/{workflow}/run-nowait"), &body).await;
        if ack == Ack::Yes {
            self.findings.done("starts acknowledged", 1);
        }
        ack
    }

    /// Starts a run, if need be again and again until it is there. Its name is used only once.
    pub(super) async fn start(&self, workflow: &str, handler: &str, event: &Value) -> Result<()> {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            match self.start_once(workflow, handler, event).await {
                Ack::Yes => return Ok(()),
                Ack::Unknown => {
                    sleep(AGAIN).await;
                    if self.record(handler).await?.is_some() {
                        return Ok(());
                    }
                }
                Ack::No(status, body) => bail!("a start was answered with {status}: {body}"),
            }
        }
        bail!("{handler} could not be started in {PATIENCE:?}")
    }

    /// Sends an event to a run, once.
    pub(super) async fn send(&self, handler: &str, name: &str, value: &Value) -> Ack {
        let body = json!({ "event": { "type": name, "value": value } });
        let ack = self.post(&format!("/events/{handler}"), &body).await;
        if ack == Ack::Yes {
            self.findings.done("events acknowledged", 1);
        }
        ack
    }

    /// Sends an event until that is acknowledged, or until an earlier one was enough.
    pub(super) async fn send_surely(&self, handler: &str, name: &str, value: &Value) -> Result<()> {
        let limit = Instant::now() + PATIENCE;
        let mut unknown = false;
        while Instant::now() < limit {
            match self.send(handler, name, value).await {
                Ack::Yes => return Ok(()),
                Ack::Unknown => unknown = true,
                Ack::No(StatusCode::CONFLICT, _) if unknown => return Ok(()),
                Ack::No(status, body) => bail!("`{name}` was answered with {status}: {body}"),
            }
            sleep(AGAIN).await;
        }
        bail!("`{name}` could not be sent in {PATIENCE:?}")
    }

    /// Asks once to cancel a run.
    pub(super) async fn cancel(&self, handler: &str) -> Ack {
        let ack = self.post(&format!("/handlers/{handler}/cancel"), &Value::Null).await;
        if ack == Ack::Yes {
            self.findings.done("cancels acknowledged", 1);
        }
        ack
    }

    /// Returns a handler's record, none if there is no such handler.
    pub(super) async fn record(&self, handler: &str) -> Result<Option<Value>> {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            let path = format!("{}/handlers/{handler}", self.base);
            match self.ask(self.http.get(path)).await {
                Some((StatusCode::NOT_FOUND, _)) => return Ok(None),
                // A record says how the run ended by its status as well.
                Some((_, record)) if record["handler_id"].is_string() => return Ok(Some(record)),
                _ => sleep(AGAIN).await,
            }
        }
        bail!("the record of {handler} could not be read in {PATIENCE:?}")
    }

    /// Expects that a run that was acknowledged is there and has ended as it should.
    pub(super) async fn expect_status(&self, handler: &str, status: &str) -> Result<Value> {
        let Some(record) = self.record(handler).await? else {
            self.findings.broken(Kind::StartLost, handler, "there is no such handler");
            return Ok(Value::Null);
        };
        if record["status"] != status {
            let kind = if status == "cancelled" { Kind::CancelLost } else { Kind::Other };
            self.findings.broken(kind, handler, format!("it is not {status}: {record}"));
        }
        Ok(record)
    }
}
