//! Decides who may call the endpoints, before any of them is called.
//!
//! All requests pass here, those for paths that nobody knows too, so an endpoint cannot be
//! forgotten. What is refused is answered here, with the same headers for browsers as anything
//! else.
//!
//! Deliberately not here: what a caller may do once it is let in, for all may do everything; and
//! limits on time and size, which connections have.

mod cors;
mod host;
mod token;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::header::{ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use stepwell_wire::llama::Refusal;
use tower::{Layer, Service};

pub use cors::{Cors, Origin, OriginError};
pub use host::{Host, HostError};
pub(crate) use host::{Hosts, Known};
pub use token::{Token, TokenError};

use crate::error::ApiError;

/// What is answered without the token: whether the server is up, and the page, which then tells
/// nothing of the workflows.
const OPEN: [&str; 3] = ["/health", "/", "/index.html"];

/// What requests are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) hosts: Hosts,
    pub(crate) cors: Cors,
    pub(crate) token: Option<Token>,
    /// How many bytes path and query may have.
    pub(crate) target_bytes: usize,
}

impl Guard {
    /// Answers a request that is not to reach its endpoint.
    fn answer(&self, request: &Request) -> Option<Response> {
        if let Err(refusal) = self.check(request) {
            let mut response = ApiError::from(refusal).into_response();
            if response.status() == 401 {
                let scheme = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            return Some(response);
        }
        cors::is_preflight(request).then(|| self.cors.preflight(request)).flatten()
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        self.hosts.check(request)?;
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if target > self.target_bytes {
            return Err(Refusal::TargetTooLong { limit: self.target_bytes });
        }
        let is_preflight = cors::is_preflight(request);
        // A browser sends preflights without the token.
        if !is_preflight && !self.is_authorized(request) {
            return Err(Refusal::Unauthorized);
        }
        match request.headers().get(ORIGIN) {
            Some(origin) if is_preflight || is_changing(request.method()) => {
                if host::is_own(origin, request) || self.cors.allows(origin) {
                    Ok(())
                } else {
                    Err(Refusal::ForeignOrigin {
                        origin: origin.as_bytes().escape_ascii().to_string(),
                    })
                }
            }
            _ => Ok(()),
        }
    }

    fn is_authorized(&self, request: &Request) -> bool {
        match &self.token {
            None => true,
            Some(token) => OPEN.contains(&request.uri().path()) || token.is_in(request.headers()),
        }
    }
}

/// Tells whether a method may change anything, so that it matters who asks even if the answer is
/// kept from them.
fn is_changing(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
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
