//! What a client can send to a run: answers, cancels, purges.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::client::{Client, Look, Reply};
use super::record::{Ack, Notes, RunNumber};

/// What a client asks of a run's handler for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Cancel,
    Purge,
}

impl Verb {
    fn ack(self, notes: &mut Notes) -> &mut Option<Ack> {
        match self {
            Self::Cancel => &mut notes.cancel,
            Self::Purge => &mut notes.purge,
        }
    }

    fn done(self) -> Value {
        match self {
            Self::Cancel => json!({ "status": "cancelled" }),
            Self::Purge => json!({ "status": "deleted" }),
        }
    }
}

impl Client {
    /// Answers the question of a `human` run, with another text each time, until an answer is
    /// acknowledged or the run has ended.
    pub(crate) async fn answer(&self, run: RunNumber) {
        let path = format!("/events/{}", self.handler(run));
        loop {
            let (number, text) = self.ledger.with(run, |notes| {
                let number = notes.answers.len();
                let text = format!("{}/{number}", notes.label);
                notes.answers.push((text.clone(), Ack::Unknown));
                (number, text)
            });
            let body =
                json!({ "event": { "type": "ResponseEvent", "value": { "response": text } } });
            let reply =
                self.ask(|life| life.http.post(format!("{}{path}", life.base)).json(&body)).await;
            match reply {
                Reply::Cut => {
                    self.ledger.count(|counts| counts.events_cut += 1);
                    continue;
                }
                Reply::Answer(StatusCode::OK, body) if body == json!({ "status": "sent" }) => {
                    self.ledger.count(|counts| counts.events_acknowledged += 1);
                    self.ledger.with(run, |notes| notes.answers[number].1 = Ack::Acknowledged);
                    return;
                }
                Reply::NotSent => {
                    self.ledger.with(run, |notes| notes.answers[number].1 = Ack::Refused);
                    continue;
                }
                Reply::Answer(status, body) => {
                    let excused = self.ledger.with(run, |notes| {
                        notes.answers[number].1 = Ack::Refused;
                        match status {
                            StatusCode::CONFLICT => notes.may_have_ended(),
                            StatusCode::NOT_FOUND => notes.may_be_gone(),
                            _ => false,
                        }
                    });
                    if !excused {
                        let what = format!("an answer was answered with {status}: {body}");
                        self.ledger.broken(run, what);
                    }
                    return;
                }
            }
        }
    }

    /// Cancels or purges the run until that is acknowledged or the run has ended.
    pub(crate) async fn end(&self, run: RunNumber, verb: Verb) {
        let purge = verb == Verb::Purge;
        let path = format!("/handlers/{}/cancel?purge={purge}", self.handler(run));
        let mut cut = false;
        loop {
            self.ledger.with(run, |notes| verb.ack(notes).get_or_insert(Ack::Unknown).to_owned());
            let reply = self.ask(|life| life.http.post(format!("{}{path}", life.base))).await;
            match reply {
                Reply::NotSent => {}
                Reply::Cut => {
                    cut = true;
                    self.ledger.count(|counts| counts.cancels_cut += 1);
                }
                Reply::Answer(StatusCode::OK, body) if body == verb.done() => {
                    self.ledger.count(|counts| match verb {
                        Verb::Cancel => counts.cancels_acknowledged += 1,
                        Verb::Purge => counts.purges_acknowledged += 1,
                    });
                    self.ledger.with(run, |notes| *verb.ack(notes) = Some(Ack::Acknowledged));
                    if self.look(run).await == Look::Running {
                        let what =
                            format!("{verb:?} was acknowledged, and its record says `running`");
                        self.ledger.broken(run, what);
                    }
                    return;
                }
                Reply::Answer(status, body) => {
                    let excused = self.ledger.with(run, |notes| {
                        if !cut {
                            *verb.ack(notes) = Some(Ack::Refused);
                        }
                        let ended = cut || notes.may_have_ended();
                        let gone = match verb {
                            Verb::Cancel => ended || notes.may_be_gone(),
                            Verb::Purge => cut || notes.may_be_gone(),
                        };
                        status == StatusCode::NOT_FOUND && gone
                    });
                    if !excused {
                        let what = format!("{verb:?} was answered with {status}: {body}");
                        self.ledger.broken(run, what);
                    }
                    return;
                }
            }
        }
    }
}
