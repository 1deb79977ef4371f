//! Reads requests the way the protocol wants it, which is not always axum's.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::Method;
use axum::http::request::Parts;
use bytes::BytesMut;
use futures::StreamExt;
use stepwell_wire::llama::Refusal;
use tokio::time::timeout;

use crate::error::ApiError;

/// How much of a body that is too large is taken from the client before it is refused.
///
/// A client that sends without listening does not see an answer that comes before it is done:
/// the connection would break under it. Beyond this, that is its own fault.
const DISCARDED_MAX: u64 = 64 << 20;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(10);

/// How large a body may be, and how slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit {
    pub(crate) bytes: usize,
    /// How long the next piece may take.
    pub(crate) timeout: Duration,
    /// How long all may take.
    pub(crate) whole_timeout: Duration,
}

/// The workflow that a path names.
#[derive(Debug)]
pub(crate) struct WorkflowName(pub(crate) String);

/// The handler that a path names.
#[derive(Debug)]
pub(crate) struct HandlerId(pub(crate) String);

/// The parameters of a query. Any query can be read, and what nobody asks for is ignored.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for WorkflowName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        segment(parts, state, "name").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HandlerId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        segment(parts, state, "handler_id").await.map(Self)
    }
}

/// Returns a segment of the path, decoded.
async fn segment<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<String, ApiError> {
    let Ok(segments) = RawPathParams::from_request_parts(parts, state).await else {
        // It is no UTF-8, so nothing is called that.
        return Ok(char::REPLACEMENT_CHARACTER.to_string());
    };
    let segment = segments.iter().find_map(|(key, value)| (key == name).then_some(value));
    let segment = segment.expect("the route has a segment of this name");
    if segment.contains('/') {
        // It was written as `%2F`, which the protocol takes for a path that it does not know.
        return Err(unknown_path(&parts.method).into());
    }
    Ok(segment.to_owned())
}

/// Returns the refusal of a path that is unknown, or unknown to a method.
pub(crate) fn unknown_path(method: &Method) -> Refusal {
    if method == Method::GET || method == Method::HEAD {
        Refusal::NotFound
    } else {
        Refusal::MethodNotAllowed
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs = Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs);
        Ok(Self(pairs.unwrap_or_default()))
    }
}

impl Parameters {
    /// Returns a parameter; of a repeated one the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the values of a repeatable parameter, less those that are empty.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(key, _)| key == name);
        values.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Tells whether a switch is on: `true` in any case, and nothing else, is on.
    pub(crate) fn is_on(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Reads a body within its limits.
pub(crate) async fn body(body: Body, limit: BodyLimit) -> Result<Bytes, Refusal> {
    let whole = read(body, limit.bytes, limit.timeout);
    timeout(limit.whole_timeout, whole).await.map_err(|_| Refusal::BodyTimeout)?
}

/// Reads a body of at most `limit` bytes.
async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().lower();
    let mut chunks = body.into_data_stream();
    if announced > limit as u64 {
        if announced <= DISCARDED_MAX {
            discard(chunks).await;
        }
        return Err(Refusal::TooLarge { limit });
    }
    let first = next(&mut chunks, patience).await?.unwrap_or_default();
    let Some(second) = next(&mut chunks, patience).await? else {
        return if first.len() <= limit { Ok(first) } else { Err(Refusal::TooLarge { limit }) };
    };
    let mut all = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    all.extend_from_slice(&first);
    let mut more = Some(second);
    while let Some(chunk) = more {
        if all.len() + chunk.len() > limit {
            discard(chunks).await;
            return Err(Refusal::TooLarge { limit });
        }
        all.extend_from_slice(&chunk);
        more = next(&mut chunks, patience).await?;
    }
    Ok(all.freeze())
}

async fn next(chunks: &mut BodyDataStream, patience: Duration) -> Result<Option<Bytes>, Refusal> {
    let chunk = timeout(patience, chunks.next()).await.map_err(|_| Refusal::BodyTimeout)?;
    chunk.transpose().map_err(|error| {
        tracing::debug!(%error, "a body broke off");
        Refusal::BodyCutOff
    })
}

/// Takes what is left of a body from the client, within limits.
async fn discard(mut chunks: BodyDataStream) {
    let all = async {
        let mut discarded = 0;
        while discarded <= DISCARDED_MAX
            && let Some(Ok(chunk)) = chunks.next().await
        {
            discarded += chunk.len() as u64;
        }
    };
    // Too slow is as good as too much: then the client gets its answer if it listens.
    let _ = timeout(DISCARD_TIMEOUT, all).await;
}
