//! Decides who may call the endpoints, before any of them is called.
//!
//! All requests pass here, those for paths that nobody knows too, so an endpoint cannot be
//! forgotten. What is refused is answered here, with the same headers for browsers as anything
//! else.
//!
//! Deliberately not here: what a caller may do once it is let in, for all may do everything; and
//! limits on time and size, which connections have.

mod cors;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use tower::{Layer, Service};

pub use cors::{Cors, Origin, OriginError};

/// What requests are checked against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    pub(crate) cors: Cors,
}

impl Guard {
    /// Answers a request that is not to reach its endpoint.
    fn answer(&self, request: &Request) -> Option<Response> {
        cors::is_preflight(request).then(|| self.cors.preflight(request))?
    }
}

/// Puts the guard before a service.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer(Arc<Guard>);

impl GuardLayer {
    pub(crate) fn new(guard: Guard) -> Self {
        Self(Arc::new(guard))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: Arc::clone(&self.0), inner }
    }
}

/// A service behind the guard.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    guard: Arc<Guard>,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let origin = self.guard.cors.origin(&request);
        let answer = match self.guard.answer(&request) {
            Some(answer) => Answer::Refused(Some(Box::new(answer))),
            None => Answer::Endpoint(self.inner.call(request)),
        };
        Answering { guard: Arc::clone(&self.guard), origin, answer }
    }
}

/// An answer to come. Not boxed, because it is made for each request.
#[derive(Debug)]
pub(crate) struct Answering<F> {
    guard: Arc<Guard>,
    /// The origin that is told that it may read the answer.
    origin: Option<HeaderValue>,
    answer: Answer<F>,
}

#[derive(Debug)]
enum Answer<F> {
    Endpoint(F),
    /// Taken when it is polled.
    Refused(Option<Box<Response>>),
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { guard, origin, answer } = self.get_mut();
        let Ok(mut response) = ready!(match answer {
            Answer::Endpoint(answer) => Pin::new(answer).poll(context),
            Answer::Refused(answer) => {
                Poll::Ready(Ok(*answer.take().expect("an answer is polled until it is ready")))
            }
        });
        guard.cors.mark(origin.take(), response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
