//! Who reads a run, when, and how.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::connection::Connection;
use super::workflow::now;
use super::{Crowd, Stage};
use crate::frames::Frames;
use crate::random::Random;
use crate::reading::View;

/// How much the system keeps for a reader who stands still: as little as it lets anybody have.
const STANDING_STILL: u32 = 4 << 10;

/// By how many items a reader is cut off at the latest.
const CUT_AFTER: u64 = 8;

/// Within which time others join while items are published.
const JOINING: u64 = 1500;

/// When somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// From the beginning of the run to its end, on one connection.
    Steady,
    /// Comes while items are published.
    Joining,
    /// Is cut off again and again, and goes on where it was.
    Cut,
    /// Reads a little, stands still until the run has ended, and reads the rest. The server may
    /// cut it off meanwhile; then it goes on where it was.
    Still,
    /// Comes when the run has ended.
    After,
    /// Comes at the first question, and wants nothing of what was before.
    Now,
}

/// All that come and go.
pub(super) const GUESTS: [Kind; 5] =
    [Kind::Joining, Kind::Cut, Kind::Still, Kind::After, Kind::Now];

/// How a stream is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Sse,
    /// Its items come without their numbers.
    Ndjson,
}

/// A reader to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) run: u64,
    pub(super) kind: Kind,
    pub(super) view: View,
    pub(super) format: Format,
}

/// An item, byte for byte, and its number if that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) sequence: Option<u64>,
    pub(super) text: String,
}

/// What a reader has seen.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) seen: Vec<Seen>,
    pub(super) connections: u64,
    /// How long items were on their way, of one who reads them as they come.
    pub(super) latencies: Vec<Duration>,
    ended: bool,
}

impl Plan {
    /// Reads as planned, to the end of the run.
    pub(super) async fn read(self, crowd: &Crowd, mut random: Random) -> Result<Reading> {
        self.wait_to_come(crowd, &mut random).await?;
        let mut reading = Reading::default();
        while !reading.ended {
            let buffer = (self.kind == Kind::Still).then_some(STANDING_STILL);
            let request = self.request(&reading);
            let connection = Connection::open(crowd.address, &request, buffer).await?;
            let connection = connection.context("nothing is to come, and the end was not seen")?;
            reading.connections += 1;
            let _open = crowd.open.begin();
            if self.kind == Kind::Now {
                crowd.now.add_permits(1);
            }
            self.read_connection(crowd, connection, &mut reading, &mut random).await?;
        }
        Ok(reading)
    }

    async fn wait_to_come(self, crowd: &Crowd, random: &mut Random) -> Result<()> {
        let run = usize::try_from(self.run)?;
        crowd.started[run].acquire().await?.forget();
        match self.kind {
            Kind::Steady | Kind::Cut | Kind::Still => {}
            Kind::Now => crowd.reached(Stage::Asked).await?,
            Kind::Joining => {
                crowd.reached(Stage::Going).await?;
                tokio::time::sleep(Duration::from_millis(random.below(JOINING))).await;
            }
            Kind::After => crowd.reached(Stage::Ended).await?,
        }
        Ok(())
    }

    /// Says where to go on in one of the ways that the protocol has for it.
    fn request(self, reading: &Reading) -> String {
        let Self { run, view, format, .. } = self;
        let internal = view == View::Everything;
        let sse = format == Format::Sse;
        let path = format!("/events/{}?include_internal={internal}&sse={sse}", handler(run));
        let (cursor, header) = match (self.kind, self.last(reading)) {
            (Kind::Now, None) => ("&after_sequence=now".to_owned(), String::new()),
            (_, None) => ("&after_sequence=-1".to_owned(), String::new()),
            (_, Some(last)) if sse && last % 2 == 0 => {
                (String::new(), format!("last-event-id: {last}\r\n"))
            }
            (_, Some(last)) => (format!("&after_sequence={last}"), String::new()),
        };
        format!("GET {path}{cursor} HTTP/1.1\r\nhost: localhost\r\n{header}\r\n")
    }

    /// Returns the number of the last item that was seen. Who sees all can count.
    fn last(self, reading: &Reading) -> Option<u64> {
        let count = u64::try_from(reading.seen.len()).ok()?;
        reading.seen.last()?.sequence.or(count.checked_sub(1))
    }

    async fn read_connection(
        self,
        crowd: &Crowd,
        mut connection: Connection,
        reading: &mut Reading,
        random: &mut Random,
    ) -> Result<()> {
        let mut parser = Parser::new(self.format);
        let mut left = match self.kind {
            Kind::Cut => random.between(1, CUT_AFTER),
            _ => u64::MAX,
        };
        loop {
            let bytes = match connection.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                // Who takes nothing for long is cut off, and comes back.
                Err(_) if self.kind == Kind::Still && reading.connections == 1 => return Ok(()),
                Err(error) => return Err(error),
            };
            for seen in parser.take(&bytes)? {
                self.take(crowd, reading, seen)?;
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
            }
            if self.kind == Kind::Still && reading.connections == 1 {
                crowd.reached(Stage::Ended).await?;
            }
        }
        ensure!(parser.is_empty(), "the stream ended within an item");
        ensure!(reading.ended, "the stream ended in order without a terminal event");
        Ok(())
    }

    fn take(self, crowd: &Crowd, reading: &mut Reading, seen: Seen) -> Result<()> {
        if reading.ended {
            bail!("this came after the terminal event: {}", seen.text);
        }
        crowd.item_seen();
        // Only a quick look: what it says is checked when the run has ended.
        reading.ended = seen.text.contains(r#""type":"StopEvent""#);
        if self.kind == Kind::Steady {
            if let Some(at) = published_at(&seen.text) {
                reading.latencies.push(Duration::from_micros(now().saturating_sub(at)));
            }
            if seen.text.contains(r#""type":"Ask""#) {
                crowd.asked.add_permits(1);
            }
            if reading.ended {
                crowd.ended.add_permits(1);
            }
        }
        reading.seen.push(seen);
        Ok(())
    }
}

/// Returns the handler of a run.
pub(super) fn handler(run: u64) -> String {
    format!("crowd-{run}")
}

/// Returns when an item was published.
fn published_at(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(r#","at":"#)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Reads items from bytes as they come.
#[derive(Debug)]
enum Parser {
    Sse(Frames),
    Ndjson(Vec<u8>),
}

impl Parser {
    fn new(format: Format) -> Self {
        match format {
            Format::Sse => Self::Sse(Frames::default()),
            Format::Ndjson => Self::Ndjson(Vec::new()),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<Vec<Seen>> {
        let rest = match self {
            Self::Sse(frames) => {
                let frames = frames.take(bytes)?.into_iter();
                return Ok(frames
                    .map(|frame| Seen { sequence: Some(frame.sequence), text: frame.text })
                    .collect());
            }
            Self::Ndjson(rest) => rest,
        };
        rest.extend_from_slice(bytes);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let lines: Vec<u8> = rest.drain(..=end).collect();
        let lines = str::from_utf8(&lines).context("a line is not UTF-8")?;
        let lines = lines.split_terminator('\n');
        Ok(lines.map(|line| Seen { sequence: None, text: line.to_owned() }).collect())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Sse(frames) => frames.is_empty(),
            Self::Ndjson(rest) => rest.is_empty(),
        }
    }
}
