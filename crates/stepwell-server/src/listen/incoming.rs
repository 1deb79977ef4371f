//! The body of a request, of which no rest is left in the way.
//!
//! An endpoint may answer before it has read the body, or without. Were the connection closed then,
//! a client that is still sending would see it break instead of the answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use futures::future::poll_fn;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::paced::Underway;

/// How much of a body that nobody reads is taken from the client: several times what is read of
/// any. Beyond this the connection breaks, and that is the client's own fault.
const UNREAD_MAX: usize = 64 << 20;

/// How long all of that may take.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the next piece of it may take: who sends nothing now listens.
const PIECE_TIMEOUT: Duration = Duration::from_secs(1);

/// A body that is read to its end, by its endpoint or when that has dropped it.
///
/// Its request is underway until then.
#[derive(Debug)]
pub(super) struct ReadToEnd(Option<(Incoming, Underway)>);

impl ReadToEnd {
    pub(super) fn new(body: Incoming, underway: Underway) -> Self {
        Self(Some((body, underway)))
    }

    fn body(&self) -> Option<&Incoming> {
        self.0.as_ref().map(|(body, _)| body)
    }
}

impl HttpBody for ReadToEnd {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some((body, _)) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body().map(Incoming::size_hint).unwrap_or_default()
    }
}

impl Drop for ReadToEnd {
    fn drop(&mut self) {
        let unread = self.0.take().filter(|(body, _)| !body.is_end_stream());
        // Without a runtime the server is gone, and the connection with it.
        if let (Some((unread, underway)), Ok(runtime)) = (unread, Handle::try_current()) {
            runtime.spawn(async move {
                read_to_end(unread).await;
                drop(underway);
            });
        }
    }
}

async fn read_to_end(mut body: Incoming) {
    let all = async {
        let mut read = 0;
        while read <= UNREAD_MAX {
            let piece =
                timeout(PIECE_TIMEOUT, poll_fn(|context| Pin::new(&mut body).poll_frame(context)));
            let Ok(Some(Ok(frame))) = piece.await else { break };
            read += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    if timeout(UNREAD_TIMEOUT, all).await.is_err() {
        tracing::debug!("a client went on sending what nobody reads");
    }
}
