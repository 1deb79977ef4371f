//! A text that is written while the program is compiled.

use std::fmt;

/// How long a text can be, in bytes. A message is a sentence or two; names are short.
const LIMIT: usize = 512;

/// What stands for the rest of a text that is too long.
const REST: &str = "...";

/// A text of limited length.
#[derive(Clone, Copy)]
pub(super) struct Text {
    bytes: [u8; LIMIT],
    len: usize,
    is_cut: bool,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LIMIT], len: 0, is_cut: false }
    }

    /// Adds a text.
    pub(super) const fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes(), 0, text.len());
    }

    /// Adds words, with names in the place of `{}`.
    pub(super) const fn fill(&mut self, words: &str, names: &[&str]) {
        let bytes = words.as_bytes();
        let (mut from, mut at, mut name) = (0, 0, 0);
        while at + 1 < bytes.len() {
            if bytes[at] == b'{' && bytes[at + 1] == b'}' {
                self.push_bytes(bytes, from, at);
                self.push(names[name]);
                name += 1;
                from = at + 2;
                at = from;
            } else {
                at += 1;
            }
        }
        self.push_bytes(bytes, from, bytes.len());
    }

    pub(super) const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => panic!("whole texts are added, and cut between characters"),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    const fn push_bytes(&mut self, bytes: &[u8], mut from: usize, to: usize) {
        while from < to && !self.is_cut {
            if self.len == LIMIT {
                self.cut();
                return;
            }
            self.bytes[self.len] = bytes[from];
            self.len += 1;
            from += 1;
        }
    }

    /// Ends the text between two characters, with a sign that it is not all.
    const fn cut(&mut self) {
        self.is_cut = true;
        self.len -= REST.len();
        // A byte that begins with these two bits goes on with a character.
        while self.bytes[self.len] & 0b1100_0000 == 0b1000_0000 {
            self.len -= 1;
        }
        let mut at = 0;
        while at < REST.len() {
            self.bytes[self.len] = REST.as_bytes()[at];
            self.len += 1;
            at += 1;
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
