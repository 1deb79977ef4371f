//! Reads the streams of runs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stepwell::engine::{Cursor, RunRecord};
use stepwell_wire::llama::Refusal;

use super::convert::QualifiedNames;
use super::document::{EVENTS, HandlerPath, StreamAnswers, StreamQuery};
use super::frames::{Format, Frames, View};
use crate::app::App;
use crate::error::ApiError;
use crate::request::{HandlerId, Parameters};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Asks nginx to pass frames on as they come.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Reads a run's stream.
///
/// Any number of readers may read it, at any time and as often as they like. All events have
/// numbers, which begin at 0 and never change; those of internal events count even if they are not
/// sent.
#[utoipa::path(
    get,
    path = "/events/{handler_id}",
    operation_id = "readEvents",
    tag = EVENTS,
    params(HandlerPath, StreamQuery),
    responses(StreamAnswers)
)]
pub(super) async fn get_stream(
    State(app): State<Arc<App>>,
    HandlerId(handler): HandlerId,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let view = view(&parameters);
    let mut cursor = cursor(&parameters, app.default_cursor)?;
    if view.format == Format::Sse
        && let Some(after_last) = last_event_id(&headers)
    {
        cursor = after_last;
    }
    let (record, events) = app.engine.events(&handler, cursor).await?;
    if record.status.is_ended() && is_past_the_end(cursor, &record) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let frames = Frames::new(events, view, app.heartbeat, app.closing.begun.clone());
    let mut response = Response::new(frames.into_body());
    let content_type = match view.format {
        Format::Sse => "text/event-stream; charset=utf-8",
        Format::Ndjson => "application/x-ndjson",
    };
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (X_ACCEL_BUFFERING, "no"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn view(parameters: &Parameters) -> View {
    let format = match parameters.is_on("sse") {
        Some(false) => Format::Ndjson,
        _ => Format::Sse,
    };
    let qualified_names = match parameters.is_on("include_qualified_name") {
        Some(false) => QualifiedNames::LeftOut,
        _ => QualifiedNames::Included,
    };
    let internal = parameters.is_on("include_internal").unwrap_or(false);
    View { format, internal, qualified_names }
}

fn cursor(parameters: &Parameters, default: Cursor) -> Result<Cursor, Refusal> {
    match parameters.get("after_sequence") {
        None => Ok(default),
        Some(text) if text.eq_ignore_ascii_case("now") => Ok(Cursor::Now),
        Some(text) => after(text).ok_or_else(|| Refusal::InvalidCursor { text: text.to_owned() }),
    }
}

/// Returns where a reader was before its connection broke; what is no number does not count.
fn last_event_id(headers: &HeaderMap) -> Option<Cursor> {
    after(headers.get(LAST_EVENT_ID)?.to_str().ok()?)
}

/// Reads an integer, of any length, as the sequence to go on after.
fn after(text: &str) -> Option<Cursor> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Only one that is too long for a number cannot be read now.
    let number = digits.parse().unwrap_or(u64::MAX);
    Some(if is_negative && number > 0 { Cursor::Start } else { Cursor::After(number) })
}

fn is_past_the_end(cursor: Cursor, record: &RunRecord) -> bool {
    match cursor {
        Cursor::Start => false,
        Cursor::After(sequence) => sequence >= record.next_sequence.saturating_sub(1),
        Cursor::Now => true,
    }
}
