//! What a server answered.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use reqwest::{Response, StatusCode};
use stepwell_wire::llama::ErrorBody;

use crate::Error;
use crate::transport::Target;

/// How many characters of a body are shown to people.
const SHOWN: usize = 200;

/// An answer of the server, as far as it is not what was asked for.
#[derive(Clone)]
pub struct Answer {
    pub(crate) target: Target,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Returns its HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns its whole body; of an event stream, the part that cannot be read.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns its body as text, with replacements for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Returns what the server says is wrong, if the body is an error of the protocol.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        let error: ErrorBody<'_> = serde_json::from_slice(&self.body).ok()?;
        Some(error.detail.into_owned())
    }

    /// Returns the beginning of the body for people: one line, and nothing that a terminal takes
    /// for an order.
    fn beginning(&self) -> String {
        // No character has more bytes than this, and one that is cut is not shown.
        let enough = self.body.len().min(4 * (SHOWN + 1));
        let text = String::from_utf8_lossy(&self.body[..enough]);
        let mut rest = text.chars();
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let mut shown: String = rest.by_ref().take(SHOWN).map(plain).collect();
        if rest.next().is_some() {
            shown.push('…');
        }
        shown
    }

    /// Takes the head of an answer whose body is of no use.
    pub(crate) fn head(target: &Target, response: &Response) -> Self {
        let status = response.status().as_u16();
        Self { target: target.clone(), status, body: Bytes::new() }
    }

    /// Reads all of an answer, unless it is longer than the limit.
    pub(crate) async fn read(
        target: &Target,
        mut response: Response,
        limit: usize,
    ) -> Result<Self, Error> {
        let status = response.status().as_u16();
        let too_large = || Error::TooLarge { request: target.to_string(), limit };
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let broken = |error| Error::from_transport(target, error);
        let mut body = response.chunk().await.map_err(broken)?.unwrap_or_default();
        if body.len() > limit {
            return Err(too_large());
        }
        // Most answers are one chunk, which is not copied.
        if let Some(second) = response.chunk().await.map_err(broken)? {
            let mut whole = body.to_vec();
            let mut next = Some(second);
            while let Some(chunk) = next {
                if whole.len() + chunk.len() > limit {
                    return Err(too_large());
                }
                whole.extend_from_slice(&chunk);
                next = response.chunk().await.map_err(broken)?;
            }
            body = whole.into();
        }
        Ok(Self { target: target.clone(), status, body })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        let reason = StatusCode::from_u16(self.status).ok();
        if let Some(reason) = reason.and_then(|status| status.canonical_reason()) {
            write!(f, " {reason}")?;
        }
        write!(f, " for {}", self.target)?;
        match self.beginning() {
            text if text.is_empty() => Ok(()),
            text => write!(f, ": {text}"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("request", &self.target.to_string())
            .field("status", &self.status)
            .field("body", &self.beginning())
            .finish()
    }
}
