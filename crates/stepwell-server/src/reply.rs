//! Answers as JSON, written once and straight into the body.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

/// Room for the record of a short run.
const USUAL_SIZE: usize = 512;

/// Answers with a value as JSON.
pub(crate) fn json<T: Serialize>(status: u16, value: &T) -> Response {
    let mut body = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut body, value).expect("types of the protocol have text keys");
    bytes(status, body.into())
}

/// Answers with JSON that is written already.
pub(crate) fn bytes(status: u16, json: Bytes) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = StatusCode::from_u16(status).expect("the protocol's statuses exist");
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
