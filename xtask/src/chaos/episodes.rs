//! What clients do while the server is killed: one small story after another, or single requests
//! just before a kill.

use std::time::Duration;

use reqwest::StatusCode;

use super::client::{Client, Look, Reader, Reply, Until};
use super::record::{Ack, Notes, RunNumber, Task};
use super::signals::Verb;
use crate::random::Random;
use crate::reading::View;

/// The longest fan-out. At this size it lives long enough to be killed several times, and its
/// internal items still fit into memory for every run of a long storm.
const MAX_ITEMS: u64 = 240;

/// The longest pause before a run is cancelled: a little longer than `greet` takes.
const MAX_PAUSE: u64 = 1_100;

/// How much earlier than a cancel an answer is sent at most, in microseconds: as long as the server
/// takes to deal with it.
const MAX_LEAD: u64 = 6_000;

/// How many connections a reader may need before it leaves. Whether the run ends while somebody
/// reads is not what matters: in the end each is read by the harness.
const MAX_PATIENCE: u64 = 6;

/// How many items a jumpy reader takes from one connection at most, and how many connections it
/// makes.
const MAX_AT_ONCE: u64 = 40;
const MAX_JUMPS: u64 = 40;

/// One client with a mind of its own.
#[derive(Debug)]
pub(crate) struct Actor {
    client: Client,
    number: u64,
    runs: u64,
    random: Random,
}

impl Actor {
    pub(crate) fn new(client: Client, number: u64, random: Random) -> Self {
        Self { client, number, runs: 0, random }
    }

    /// Goes on until it is dropped. Every third actor only waits for volleys.
    pub(crate) async fn act(mut self) {
        loop {
            match self.number % 3 {
                0 => self.shoot().await,
                _ => self.tell_a_story().await,
            }
        }
    }

    async fn tell_a_story(&mut self) {
        match self.random.below(100) {
            0..25 => self.greeted().await,
            25..35 => self.cancelled(Task::Greet).await,
            35..42 => self.greeted_without_an_id().await,
            42..55 => self.answered().await,
            55..60 => self.answered_at_once().await,
            60..65 => self.cancelled(Task::Human).await,
            65..68 => {
                let task = self.fan_out();
                self.cancelled(task).await;
            }
            68..74 => self.raced().await,
            74..78 => self.left_waiting().await,
            78..81 => self.purged().await,
            81..94 => self.fanned_out().await,
            _ => self.waited_for().await,
        }
    }

    /// Makes one request just before the server is killed.
    async fn shoot(&mut self) {
        let run = self.note(Task::Human);
        if !self.client.start(run).await {
            return;
        }
        self.client.gate.volley().await;
        match self.random.below(100) {
            0..30 => self.client.answer(run).await,
            30..55 => self.client.end(run, Verb::Cancel).await,
            55..60 => self.client.end(run, Verb::Purge).await,
            60..70 => self.race(run).await,
            70..80 => self.greeted_without_an_id().await,
            80..90 => self.waited_for().await,
            _ => {
                let task = self.fan_out();
                let run = self.note(task);
                self.client.start(run).await;
            }
        }
    }

    fn note(&mut self, task: Task) -> RunNumber {
        self.runs += 1;
        let label = format!("c{}-{}", self.number, self.runs);
        self.client.ledger.add(Notes::new(label.clone(), Some(label), task))
    }

    /// Makes a reader. Some drop every connection after a few items.
    fn reader(&mut self, until: Until) -> Reader {
        let view = if self.random.percent(50) { View::Everything } else { View::Public };
        let (patience, at_once) = if self.random.percent(30) {
            (MAX_JUMPS, self.random.between(1, MAX_AT_ONCE))
        } else if until == Until::End {
            (self.random.between(1, MAX_PATIENCE), u64::MAX)
        } else {
            (u64::MAX, u64::MAX)
        };
        Reader { view, until, patience, at_once }
    }

    fn fan_out(&mut self) -> Task {
        Task::FanOut { items: self.random.between(1, MAX_ITEMS) }
    }

    async fn pause(&mut self) {
        let pause = self.random.below(MAX_PAUSE);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// Reads to the end, sometimes twice at once, and looks at the record. After a while it leaves.
    async fn watch_to_the_end(&mut self, run: RunNumber) {
        let (reader, other) = (self.reader(Until::End), self.reader(Until::End));
        let client = &self.client;
        let mut ended = false;
        if self.random.percent(25) {
            (ended, _) = tokio::join!(client.watch(run, reader), client.watch(run, other));
        } else {
            ended |= client.watch(run, reader).await;
        }
        if ended && self.client.look(run).await == Look::Running {
            self.client.ledger.broken(run, "its stream has ended, and its record says `running`");
        }
    }

    async fn greeted(&mut self) {
        let run = self.note(Task::Greet);
        if self.client.start(run).await {
            self.watch_to_the_end(run).await;
        }
    }

    /// The server makes up the id, so a start whose answer is cut cannot be asked about. In the
    /// end the greeting tells whether it took place.
    async fn greeted_without_an_id(&mut self) {
        self.runs += 1;
        let label = format!("nameless-{}-{}", self.number, self.runs);
        let run = self.client.ledger.add(Notes::new(label, None, Task::Greet));
        let (path, body) = self.client.start_request(run, "run-nowait");
        let reply = self
            .client
            .ask(|life| life.http.post(format!("{}{path}", life.base)).json(&body))
            .await;
        match reply {
            Reply::Answer(StatusCode::OK, record) => self.client.started(run, &record),
            Reply::Answer(status, body) => {
                let what = format!("a start was answered with {status}: {body}");
                self.client.ledger.broken(run, what);
            }
            Reply::NotSent => self.client.ledger.with(run, |notes| notes.start = Ack::Refused),
            Reply::Cut => self.client.ledger.count(|counts| counts.starts_cut += 1),
        }
    }

    async fn fanned_out(&mut self) {
        let task = self.fan_out();
        let run = self.note(task);
        if self.client.start(run).await {
            self.watch_to_the_end(run).await;
        }
    }

    async fn answered(&mut self) {
        let run = self.note(Task::Human);
        let reader = self.reader(Until::Asked);
        if self.client.start(run).await && self.client.watch(run, reader).await {
            self.client.answer(run).await;
            self.watch_to_the_end(run).await;
        }
    }

    async fn answered_at_once(&mut self) {
        let run = self.note(Task::Human);
        if self.client.start(run).await {
            self.client.answer(run).await;
            self.watch_to_the_end(run).await;
        }
    }

    async fn cancelled(&mut self, task: Task) {
        let run = self.note(task);
        if self.client.start(run).await {
            self.pause().await;
            self.client.end(run, Verb::Cancel).await;
            self.watch_to_the_end(run).await;
        }
    }

    async fn raced(&mut self) {
        let run = self.note(Task::Human);
        if self.client.start(run).await {
            self.race(run).await;
            self.watch_to_the_end(run).await;
        }
    }

    /// Answers and cancels at nearly the same time, so that now one comes first, now the other.
    async fn race(&mut self, run: RunNumber) {
        let lead = Duration::from_micros(self.random.below(MAX_LEAD));
        let client = &self.client;
        let cancel = async {
            tokio::time::sleep(lead).await;
            client.end(run, Verb::Cancel).await;
        };
        tokio::join!(client.answer(run), cancel);
    }

    /// Nobody answers until the storm is over.
    async fn left_waiting(&mut self) {
        let run = self.note(Task::Human);
        let reader = self.reader(Until::Asked);
        if self.client.start(run).await {
            self.client.watch(run, reader).await;
        }
    }

    async fn purged(&mut self) {
        let run = self.note(Task::Human);
        if self.client.start(run).await {
            self.client.end(run, Verb::Purge).await;
            self.client.look(run).await;
        }
    }

    /// Starts a run with the request that waits for its end.
    async fn waited_for(&mut self) {
        let task = if self.random.percent(50) { Task::Greet } else { self.fan_out() };
        let run = self.note(task);
        let (path, body) = self.client.start_request(run, "run");
        let reply = self
            .client
            .ask(|life| life.http.post(format!("{}{path}", life.base)).json(&body))
            .await;
        match reply {
            Reply::Answer(StatusCode::OK, record) => {
                self.client.started(run, &record);
                if let Err(what) = self.client.ledger.with(run, |notes| notes.take_record(&record))
                {
                    self.client.ledger.broken(run, what);
                }
                if record["status"] != "completed" {
                    self.client.ledger.broken(run, format!("`run` was answered with {record}"));
                }
            }
            Reply::Answer(status, body) => {
                self.client.ledger.broken(run, format!("`run` was answered with {status}: {body}"));
                return;
            }
            Reply::NotSent => {
                return self.client.ledger.with(run, |notes| notes.start = Ack::Refused);
            }
            Reply::Cut => {
                self.client.ledger.count(|counts| counts.starts_cut += 1);
                if self.client.look(run).await == Look::Unknown {
                    return;
                }
                self.client.ledger.with(run, |notes| notes.start = Ack::Acknowledged);
            }
        }
        self.watch_to_the_end(run).await;
    }
}
