//! Reads the frames of an event stream from bytes as they come.

use anyhow::{Context, Result, bail};

/// One event of a stream: its number and its JSON, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    pub(crate) text: String,
}

/// What has come of a stream and makes no frame yet.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    rest: Vec<u8>,
}

impl Frames {
    /// Takes bytes and returns the frames that they complete.
    ///
    /// It is as strict as the protocol: an `id` line, a `data` line, an empty line; or a comment
    /// and an empty line.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Frame>> {
        self.rest.extend_from_slice(bytes);
        let mut frames = Vec::new();
        let mut begin = 0;
        while let Some(length) = find(&self.rest[begin..], b"\n\n") {
            let text = str::from_utf8(&self.rest[begin..begin + length]);
            let text = text.context("a frame is not UTF-8")?;
            frames.extend(frame(text)?);
            begin += length + 2;
        }
        self.rest.drain(..begin);
        Ok(frames)
    }

    /// Tells whether nothing has come that makes no frame yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

fn frame(text: &str) -> Result<Option<Frame>> {
    if text.starts_with(':') {
        return Ok(None);
    }
    let parts = text
        .strip_prefix("id: ")
        .and_then(|rest| rest.split_once("\ndata: "))
        .and_then(|(sequence, text)| Some((sequence.parse().ok()?, text)));
    match parts {
        Some((sequence, text)) if !text.contains('\n') => {
            Ok(Some(Frame { sequence, text: text.to_owned() }))
        }
        _ => bail!("not a frame: {text:?}"),
    }
}

/// Returns where a pattern begins.
pub(crate) fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(frames: Vec<Frame>) -> Vec<String> {
        frames.into_iter().map(|frame| format!("{} {}", frame.sequence, frame.text)).collect()
    }

    #[test]
    fn frames_are_found_wherever_the_bytes_are_cut() {
        let bytes = b": heartbeat\n\nid: 0\ndata: {\"a\":1}\n\nid: 12\ndata: {}\n\nid: 13\nda";
        for cut in 0..bytes.len() {
            let mut frames = Frames::default();
            let mut found = texts(frames.take(&bytes[..cut]).unwrap());
            found.extend(texts(frames.take(&bytes[cut..]).unwrap()));
            assert_eq!(found, ["0 {\"a\":1}", "12 {}"]);
        }
    }

    #[test]
    fn whatever_is_no_frame_is_refused() {
        for bytes in
            ["data: {}\n\n", "id: x\ndata: {}\n\n", "id: 1\ndata: {}\ndata: {}\n\n", "\n\n"]
        {
            assert!(Frames::default().take(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }
}
