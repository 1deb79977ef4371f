//! Server-sent events from bytes as they come.
//!
//! # What is deliberately not here
//!
//! - **No event types and no retry times**, which the protocol does not have.
//! - **No mercy for bytes that are not UTF-8.** They are an error rather than other letters.

use std::mem;

/// A part of a stream that is complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A sign of life.
    Comment,
    /// An event.
    Frame(Frame),
}

/// An event: its id, if it has one, and its data.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) id: Option<String>,
    pub(super) data: String,
}

/// Why a stream cannot be read on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// An event is longer than the limit.
    TooLarge,
    /// This line is not UTF-8.
    NotUtf8(Vec<u8>),
}

/// Takes bytes and gives parts.
#[derive(Debug)]
pub(super) struct Frames {
    limit: usize,
    /// What came and was not taken apart yet.
    buffer: Vec<u8>,
    /// Where the line begins that is looked for.
    line: usize,
    /// Up to where no end of that line was found.
    scanned: usize,
    /// Whether the last line ended with a carriage return, to which a line feed may belong.
    after_return: bool,
    /// Whether a line was taken, for the first one may begin with a mark.
    begun: bool,
    id: Option<String>,
    data: Option<String>,
}

impl Frames {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: Vec::new(),
            line: 0,
            scanned: 0,
            after_return: false,
            begun: false,
            id: None,
            data: None,
        }
    }

    /// Takes more bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.line);
        self.scanned -= self.line;
        self.line = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next part that is complete.
    pub(super) fn next(&mut self) -> Result<Option<Part>, FrameError> {
        while let Some(line) = self.next_line() {
            let line = line?;
            if let Some(part) = self.take(line)? {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Option<Result<String, FrameError>> {
        if self.after_return && self.line < self.buffer.len() {
            self.after_return = false;
            if self.buffer[self.line] == b'\n' {
                self.line += 1;
                self.scanned = self.scanned.max(self.line);
            }
        }
        let is_end = |byte: &u8| [b'\r', b'\n'].contains(byte);
        let Some(found) = self.buffer[self.scanned..].iter().position(is_end) else {
            self.scanned = self.buffer.len();
            let too_large = self.scanned - self.line > self.limit;
            return too_large.then_some(Err(FrameError::TooLarge));
        };
        let end = self.scanned + found;
        let mut line = &self.buffer[self.line..end];
        if !mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        let too_large = line.len() > self.limit;
        let text = String::from_utf8(line.to_vec());
        self.after_return = self.buffer[end] == b'\r';
        self.line = end + 1;
        self.scanned = self.line;
        if too_large {
            return Some(Err(FrameError::TooLarge));
        }
        Some(text.map_err(|error| FrameError::NotUtf8(error.into_bytes())))
    }

    fn take(&mut self, line: String) -> Result<Option<Part>, FrameError> {
        if line.is_empty() {
            let id = self.id.take();
            return Ok(self.data.take().map(|data| Part::Frame(Frame { id, data })));
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => return Ok(Some(Part::Comment)),
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) if data.len() + value.len() >= self.limit => {
                    return Err(FrameError::TooLarge);
                }
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            _ => {}
        }
        Ok(None)
    }
}
