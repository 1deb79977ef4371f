//! One connection: requests in, answers out.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tower::{Layer, Service};
use tower_http::CompressionLevel;
use tower_http::compression::{Compression, CompressionLayer};

use super::compressible::Compressible;
use super::incoming::ReadToEnd;
use super::paced::{Paced, Requests, Underway};
use crate::Limits;
use crate::app::Closing;
use crate::guard::Guarded;

/// How much of an answer, or of a body that comes in, a connection holds: one chunk of a stream,
/// and what a client costs that does not read.
const BUFFER: usize = 64 << 10;

/// How long nothing may come from a client before the system asks whether it is still there: a
/// reader of a stream in which nothing happens could be gone for ever and keep its connection.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The least that hyper reads a request into.
const BUFFER_MIN: usize = 8 << 10;

/// What all connections share.
#[derive(Clone)]
pub(super) struct Server {
    http: http1::Builder,
    service: Compression<Guarded<Router>, Compressible>,
    limits: Limits,
    closing: Closing,
}

impl Server {
    pub(super) fn new(endpoints: Guarded<Router>, limits: &Limits, closing: Closing) -> Self {
        let mut http = http1::Builder::new();
        // The deadlines are `Paced`'s: hyper's makes a new timer for each request.
        http.header_read_timeout(None)
            .max_header_size(limits.head_bytes.max(BUFFER_MIN))
            .max_buf_size(BUFFER.max(limits.head_bytes));
        let compression = CompressionLayer::new()
            // What is sent is made for one client once, so more work does not pay.
            .quality(CompressionLevel::Fastest)
            .compress_when(Compressible);
        let service = compression.layer(endpoints);
        Self { http, service, limits: limits.clone(), closing }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(self, stream: TcpStream) {
        if let Err(error) = set_up(&stream) {
            tracing::debug!(%error, "a connection was gone before it began");
        }
        let requests = Requests::new();
        let stream = TokioIo::new(Paced::new(stream, &self.limits, requests.clone()));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let underway = requests.begin();
            let request = request.map(|incoming| body(incoming, &requests));
            let answering = self.service.clone().call(request);
            async move {
                let response = answering.await?;
                Ok::<_, Infallible>(response.map(|body| Answer { body, _underway: underway }))
            }
        });
        let mut connection = pin!(self.http.serve_connection(stream, service));
        let served = tokio::select! {
            biased;
            served = connection.as_mut() => served,
            () = self.closing.begun.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

fn set_up(stream: &TcpStream) -> io::Result<()> {
    // Frames of a stream are small, and none may wait for the next one.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Returns the body that the endpoint sees.
fn body(incoming: Incoming, requests: &Requests) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(ReadToEnd::new(incoming, requests.also()))
    }
}

/// The body of an answer, with the request that it answers underway until it is sent.
struct Answer<B> {
    body: B,
    _underway: Underway,
}

impl<B: HttpBody + Unpin> HttpBody for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
