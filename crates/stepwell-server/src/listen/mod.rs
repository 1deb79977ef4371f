//! Takes connections from a listener, and serves each in a task of its own.
//!
//! axum's own loop is not used, for it gives clients all the time they like.
//!
//! ```text
//!   listener ──▶ too many? ──yes──▶ 503
//!                    └─no──▶ Paced (deadlines) ──▶ hyper ──▶ compression ──▶ guard ──▶ endpoints
//! ```
//!
//! Deliberately not here: when to stop, which is told through [`Closing`].

mod compressible;
mod connection;
mod incoming;
mod paced;

use std::io::{self, ErrorKind};
use std::time::Duration;

use axum::Router;
use stepwell_wire::llama::{ErrorBody, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Limits;
use crate::app::Closing;
use crate::guard::Guarded;

/// How long the loop waits after the first failure to accept; then twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// How long it waits at most: what is missing then, such as file descriptors, is free again as soon
/// as some connection ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many clients are told at a time that there are too many. What comes beyond that is cut
/// without a word, for nobody counts connections like that by mistake.
const TURNED_AWAY_MAX: usize = 64;

/// How long such a client has to take its answer.
const TURN_AWAY_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the same trouble is logged: often enough to be found, too seldom to fill a disk.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Serves until the server is told to stop, and then until all connections have ended. Dropping
/// the future cuts those that are left.
pub(crate) async fn run(
    listener: TcpListener,
    endpoints: Guarded<Router>,
    limits: Limits,
    closing: Closing,
) {
    let mut connections = JoinSet::new();
    let mut turned_away = JoinSet::new();
    let mut crowded = Complaint::default();
    let mut accepting = Accepting::new(listener);
    let server = connection::Server::new(endpoints, &limits, closing.clone());
    loop {
        tokio::select! {
            biased;
            () = closing.begun.cancelled() => break,
            Some(_) = connections.join_next() => {}
            Some(_) = turned_away.join_next() => {}
            stream = accepting.next() => {
                if connections.len() < limits.connections.max(1) {
                    connections.spawn(server.clone().serve(stream));
                } else {
                    if crowded.is_due() {
                        let limit = limits.connections;
                        tracing::warn!(limit, "too many connections; further ones get a 503");
                    }
                    if turned_away.len() < TURNED_AWAY_MAX {
                        turned_away.spawn(turn_away(stream));
                    }
                }
            }
        }
    }
    drop(accepting);
    while connections.join_next().await.is_some() {}
}

/// Tells a client that there are too many, and waits until it has heard: a connection that is
/// closed while something comes in breaks, and its answer with it.
async fn turn_away(mut stream: TcpStream) {
    let refusal = Refusal::Crowded;
    let body = ErrorBody { detail: refusal.to_string().into() };
    let body = serde_json::to_string(&body).expect("a text is JSON");
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    };
    if !matches!(timeout(TURN_AWAY_TIMEOUT, told).await, Ok(Ok(()))) {
        tracing::debug!("a client that was turned away did not listen");
    }
}

/// Accepts connections, and pauses when that fails.
struct Accepting {
    listener: TcpListener,
    pause: Duration,
    /// Kept here rather than in a future, for that is dropped whenever a connection ends.
    resume_at: Option<Instant>,
    failing: Complaint,
}

impl Accepting {
    fn new(listener: TcpListener) -> Self {
        let failing = Complaint::default();
        Self { listener, pause: FIRST_PAUSE, resume_at: None, failing }
    }

    async fn next(&mut self) -> TcpStream {
        loop {
            if let Some(resume_at) = self.resume_at {
                sleep_until(resume_at).await;
                self.resume_at = None;
            }
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    self.pause = FIRST_PAUSE;
                    return stream;
                }
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(%error, "a connection was gone before it began");
                }
                Err(error) => {
                    if self.failing.is_due() {
                        tracing::error!(
                            %error,
                            "cannot accept connections; if files are too many, raise `ulimit -n` \
                             or lower the limit of connections"
                        );
                    }
                    self.resume_at = Some(Instant::now() + self.pause);
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

/// Tells whether the next connection may be fine.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// Trouble that is logged once in a while.
#[derive(Debug, Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    /// Tells whether it is time to log it again, and takes it for logged.
    fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
