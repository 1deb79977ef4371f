//! Readers of one run's stream, through all lives of its server, and what its log is in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use parking_lot::Mutex;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::caller::Caller;
use super::findings::Kind;
use crate::frames::{Frame, Frames};
use crate::reading::{Event, Reading, View};

/// How long to wait before a connection that broke is made again.
const AGAIN: Duration = Duration::from_millis(25);

/// How long it may take to read the log of a run that has ended.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// What the readers of a run ask for.
const VIEWS: [View; 2] = [View::Everything, View::Public];

/// What any reader of the run has seen.
type Seen = Arc<Mutex<BTreeMap<u64, String>>>;

/// A run whose stream is read from its beginning: all of it by one, public items by another.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) handler: String,
    caller: Caller,
    seen: Seen,
    count: watch::Receiver<usize>,
    readers: Vec<JoinHandle<Reading>>,
}

/// What a run has published, without internal items.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) events: Vec<(String, Value)>,
}

impl Published {
    /// Returns what events of this name say in one of their fields.
    pub(super) fn numbers(&self, name: &str) -> Vec<u64> {
        let named = self.events.iter().filter(|(event, _)| event == name);
        named.filter_map(|(_, value)| value["number"].as_u64()).collect()
    }

    /// Returns the result of the event that ended the run.
    pub(super) fn result(&self) -> &Value {
        self.events.last().map_or(&Value::Null, |(_, value)| &value["result"])
    }
}

impl Watch {
    pub(super) fn begin(caller: &Caller, handler: &str) -> Self {
        let seen = Seen::default();
        let (count, counted) = watch::channel(0);
        let readers = VIEWS.map(|view| {
            let reader = Reader {
                caller: caller.clone(),
                handler: handler.to_owned(),
                seen: Arc::clone(&seen),
                count: count.clone(),
                reading: Reading::new(view),
            };
            tokio::spawn(reader.read())
        });
        Self {
            handler: handler.to_owned(),
            caller: caller.clone(),
            seen,
            count: counted,
            readers: readers.into(),
        }
    }

    /// Waits until a reader has seen something.
    pub(super) async fn until(&mut self, mut is_seen: impl FnMut(&[Event]) -> bool) -> bool {
        let limit = Instant::now() + self.caller.findings.patience();
        loop {
            self.count.borrow_and_update();
            let texts: Vec<String> = self.seen.lock().values().cloned().collect();
            let events: Vec<Event> = texts.iter().filter_map(|it| Event::read(it).ok()).collect();
            if is_seen(&events) {
                return true;
            }
            if !matches!(timeout_at(limit, self.count.changed()).await, Ok(Ok(()))) {
                return false;
            }
        }
    }

    /// Waits until an event of this name was published.
    pub(super) async fn until_named(&mut self, name: &str) -> bool {
        self.until(|events| events.iter().any(|event| event.name() == name)).await
    }

    /// Waits for the end of the run, checks its log and what its readers saw, and returns what it
    /// has published.
    pub(super) async fn finish(self) -> Result<Published> {
        let limit = Instant::now() + self.caller.findings.patience();
        let mut readings = Vec::new();
        for mut reader in self.readers {
            readings.extend(timeout_at(limit, &mut reader).await);
            reader.abort();
        }
        let findings = &self.caller.findings;
        if readings.len() < VIEWS.len() {
            let record = self.caller.record(&self.handler).await?;
            let what = format!("a reader never saw the end of a run that is {record:?}");
            findings.broken(Kind::EndMissing, &self.handler, what);
            return Ok(Published::default());
        }
        let log = read_log(&self.caller, &self.handler).await?;
        findings.done("runs whose log was checked", 1);
        findings.done("stream items compared", log.len() as u64);
        let texts: BTreeMap<u64, &str> = log.iter().map(|it| (it.sequence, &*it.text)).collect();
        for (sequence, text) in self.seen.lock().iter() {
            match texts.get(sequence) {
                Some(now) if now == text => {}
                Some(now) => {
                    let what = format!("item {sequence} was `{text}` and is `{now}`");
                    findings.broken(Kind::SequenceChanged, &self.handler, what);
                }
                None => {
                    let what = format!("item {sequence} was seen and is gone: {text}");
                    findings.broken(Kind::SequenceMissing, &self.handler, what);
                }
            }
        }
        for (kind, what) in check_log(&log) {
            findings.broken(kind, &self.handler, what);
        }
        for reading in readings {
            let reading = reading?;
            let saw = check_view(&log, reading.view(), reading.sequences());
            if let Err(what) = saw {
                findings.broken(Kind::SequenceMissing, &self.handler, what);
            }
        }
        let events = log.iter().filter_map(|frame| Event::read(&frame.text).ok());
        let public = events.filter(|event| !event.is_internal());
        let events = public.map(|event| (event.name().to_owned(), event.value().clone()));
        Ok(Published { events: events.collect() })
    }
}

/// Checks that a log is numbered without holes and has one terminal event, at its end.
fn check_log(log: &[Frame]) -> Vec<(Kind, String)> {
    let mut broken = Vec::new();
    for (due, frame) in (0..).zip(log) {
        if frame.sequence != due {
            let what = format!("the log has {} where {due} is due", frame.sequence);
            let is_behind = frame.sequence < due;
            let kind = if is_behind { Kind::SequenceRepeated } else { Kind::SequenceMissing };
            broken.push((kind, what));
            break;
        }
    }
    let terminal = log.iter().filter(|it| Event::read(&it.text).is_ok_and(|it| it.is_terminal()));
    let terminal: Vec<u64> = terminal.map(|frame| frame.sequence).collect();
    if terminal != log.last().map(|last| last.sequence).as_slice() {
        let what = format!("terminal events are at {terminal:?} of {}", log.len());
        broken.push((Kind::EndMissing, what));
    }
    broken
}

/// Checks that a reader has seen every item of its view.
fn check_view(log: &[Frame], view: View, saw: &[u64]) -> Result<(), String> {
    let is_due = |frame: &&Frame| {
        let is_internal = Event::read(&frame.text).is_ok_and(|event| event.is_internal());
        view == View::Everything || !is_internal
    };
    let due: Vec<u64> = log.iter().filter(is_due).map(|frame| frame.sequence).collect();
    if due == saw {
        return Ok(());
    }
    Err(format!("a reader of {view:?} saw {saw:?}, and it is {due:?}"))
}

async fn read_log(caller: &Caller, handler: &str) -> Result<Vec<Frame>> {
    let query = "after_sequence=-1&include_internal=true";
    let path = format!("{}/events/{handler}?{query}", caller.base);
    let bytes = caller.http.get(path).timeout(READ_LIMIT).send().await?.bytes().await?;
    Frames::default().take(&bytes)
}

/// One reader, who goes on where it was whenever the connection breaks.
struct Reader {
    caller: Caller,
    handler: String,
    seen: Seen,
    count: watch::Sender<usize>,
    reading: Reading,
}

impl Reader {
    async fn read(mut self) -> Reading {
        while !self.reading.has_ended() {
            let internal = self.reading.view() == View::Everything;
            let cursor = self.reading.cursor();
            let query = format!("include_internal={internal}&after_sequence={cursor}");
            let path = format!("{}/events/{}?{query}", self.caller.base, self.handler);
            match self.caller.http.get(path).send().await {
                Ok(response) if response.status() == StatusCode::OK => {
                    if let Err((kind, what)) = self.take(response).await {
                        self.caller.findings.broken(kind, &self.handler, what);
                        return self.reading;
                    }
                }
                _ => {}
            }
            sleep(AGAIN).await;
        }
        self.reading
    }

    /// Takes what comes until the connection breaks.
    async fn take(&mut self, mut response: Response) -> Result<(), (Kind, String)> {
        let mut frames = Frames::default();
        while let Ok(Some(bytes)) = response.chunk().await {
            let taken = frames.take(&bytes).map_err(|error| (Kind::Other, error.to_string()))?;
            for frame in taken {
                self.take_frame(frame)?;
            }
        }
        Ok(())
    }

    fn take_frame(&mut self, frame: Frame) -> Result<(), (Kind, String)> {
        let next = u64::try_from(self.reading.cursor() + 1).unwrap_or(0);
        let mut seen = self.seen.lock();
        let was = seen.get(&frame.sequence);
        let kind = if frame.sequence < next || self.reading.has_ended() {
            Kind::SequenceRepeated
        } else if was.is_some_and(|was| *was != frame.text) {
            Kind::SequenceChanged
        } else {
            Kind::SequenceMissing
        };
        self.reading.take(&mut seen, frame).map_err(|what| (kind, what))?;
        drop(seen);
        self.caller.findings.done("stream items seen by readers", 1);
        self.count.send_modify(|count| *count += 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sequences: &[(u64, &str)]) -> Vec<Kind> {
        let frame = |(sequence, name): &(u64, &str)| {
            let event = serde_json::json!({
                "type": name, "types": null, "qualified_name": name, "value": {}
            });
            Frame { sequence: *sequence, text: event.to_string() }
        };
        let log: Vec<Frame> = sequences.iter().map(frame).collect();
        check_log(&log).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_reader_that_missed_an_item_is_found() {
        let event = r#"{"type":"A","types":null,"qualified_name":"A","value":{}}"#;
        let frame = |sequence| Frame { sequence, text: event.to_owned() };
        let log = [frame(0), frame(1)];
        assert!(check_view(&log, View::Public, &[0, 1]).is_ok());
        assert!(check_view(&log, View::Public, &[1]).is_err());
    }

    #[test]
    fn holes_repeats_and_missing_ends_are_found() {
        assert_eq!(kinds(&[(0, "A"), (1, "StopEvent")]), []);
        assert_eq!(kinds(&[(0, "A"), (2, "StopEvent")]), [Kind::SequenceMissing]);
        assert_eq!(kinds(&[(0, "A"), (0, "StopEvent")]), [Kind::SequenceRepeated]);
        assert_eq!(kinds(&[(0, "A"), (1, "A")]), [Kind::EndMissing]);
        assert_eq!(kinds(&[(0, "StopEvent"), (1, "StopEvent")]), [Kind::EndMissing]);
        assert_eq!(kinds(&[(0, "StopEvent"), (1, "A")]), [Kind::EndMissing]);
    }
}
