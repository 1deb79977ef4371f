//! Which pages in browsers may read the answers.
//!
//! Written here because the protocol wants what no layer at hand does: preflights of unknown paths
//! are answered, and an `OPTIONS` that is no preflight reaches the endpoints.

use std::str::FromStr;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;

/// What pages may ask for. Endpoints answer other methods with 405 themselves.
const METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY");

/// How many seconds a browser may remember the answer to a preflight: the protocol's.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

const TRUE: HeaderValue = HeaderValue::from_static("true");

const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

const BY_WISH: HeaderValue =
    HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");

/// Which pages in browsers may call the server and read its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Those that the server itself has served.
    #[default]
    SameOrigin,
    /// Those of these origins too.
    Origins(Vec<Origin>),
    /// Those of any origin, as LlamaIndex's server does. Any page that somebody opens can then
    /// start runs and read all there is, so this is for development only.
    Any,
}

impl Cors {
    /// Returns the origin of a request if its pages may read the answer.
    pub(super) fn origin(&self, request: &Request) -> Option<HeaderValue> {
        if *self == Self::SameOrigin {
            return None;
        }
        let origin = request.headers().get(ORIGIN)?;
        self.allows(origin).then(|| origin.clone())
    }

    /// Tells whether pages of an origin may call, other than those of the server itself.
    pub(super) fn allows(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::SameOrigin => false,
            Self::Origins(origins) => origins.iter().any(|allowed| allowed.0 == *origin),
            Self::Any => true,
        }
    }

    /// Answers a preflight; none if its origin may not call.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        self.origin(request)?;
        let mut response = Response::new(Body::from("OK"));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(VARY, BY_WISH);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        Some(response)
    }

    /// Tells the browser, and caches on the way, who may read an answer.
    pub(super) fn mark(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if *self == Self::SameOrigin {
            return;
        }
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        headers.append(VARY, BY_ORIGIN);
    }
}

/// Tells whether a browser asks what it may ask.
pub(super) fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Where pages come from: scheme, host and port, such as `https://app.example.com`.
///
/// # Examples
///
/// ```
/// use stepwell_server::Origin;
///
/// assert!("http://localhost:5173".parse::<Origin>().is_ok());
/// assert!("https://app.example.com/page".parse::<Origin>().is_err());
/// ```
// As the browser writes it, so that comparing bytes is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// A text that is no origin. Write it as in the example that the message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is a scheme, a host and perhaps a port, such as https://app.example.com or \
     http://localhost:5173, without a path"
)]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let is_place = |c: char| c.is_ascii_alphanumeric() || "-._~[]:".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.chars().all(is_word)
            || authority.is_empty()
            || !authority.chars().all(is_place)
        {
            return Err(OriginError);
        }
        let host = match default_port(scheme) {
            Some(port) => authority.strip_suffix(port).unwrap_or(authority),
            None => authority,
        };
        HeaderValue::try_from(format!("{scheme}://{host}")).map(Self).map_err(|_| OriginError)
    }
}

/// Returns the port that browsers leave out, with its colon.
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some(":80"),
        "https" => Some(":443"),
        _ => None,
    }
}
