//! What the endpoints of runs answer.

use std::collections::BTreeMap;

use serde::Serialize;
use stepwell_wire::llama::{
    Acknowledged, Acknowledgement, BodyError, EventError, HandlerList, HandlerRecord, Mistake,
    Refusal, Status, push_line, push_sse_frame,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use super::answers::Answers;
use super::examples::{self, unreadable};
use super::{BARE_RECORD, FRAME, STREAM_EVENT};
use crate::llama::run::HANDLER_ID_MAX;

/// Of `/workflows/{name}/run`.
pub(in crate::llama) struct RunAnswers;

/// Of `/workflows/{name}/run-nowait`.
pub(in crate::llama) struct StartAnswers;

/// Of `/handlers`.
pub(in crate::llama) struct HandlersAnswers;

/// Of `/handlers/{handler_id}`.
pub(in crate::llama) struct HandlerAnswers;

/// Of `/results/{handler_id}`.
pub(in crate::llama) struct ResultAnswers;

/// Of `/handlers/{handler_id}/cancel`.
pub(in crate::llama) struct CancelAnswers;

/// Of `/events/{handler_id}`, reading.
pub(in crate::llama) struct StreamAnswers;

/// Of `/events/{handler_id}`, sending.
pub(in crate::llama) struct SendAnswers;

const COMPLETED: &str = "The run completed.";
const FAILED: &str = "The run failed, timed out or was cancelled.";

impl IntoResponses for RunAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let completed = ("Completed", examples::record(Status::Completed));
        let failed = ("Failed", examples::record(Status::Failed));
        let cancelled = ("Cancelled", examples::record(Status::Cancelled));
        Answers::changing()
            .json::<HandlerRecord<'_>>(200, COMPLETED, completed)
            .json::<HandlerRecord<'_>>(500, FAILED, failed)
            .json::<HandlerRecord<'_>>(500, FAILED, cancelled)
            .leads_to(200, &["getHandler", "readEvents"])
            .with_body()
            .refusals(start_refusals())
            .of_the_engine()
            .into()
    }
}

impl IntoResponses for StartAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let running = ("Running", examples::record(Status::Running));
        Answers::changing()
            .json::<HandlerRecord<'_>>(200, "The run was started, for good.", running)
            .leads_to(200, &["getHandler", "readEvents", "sendEvent", "cancel"])
            .with_body()
            .refusals(start_refusals())
            .of_the_engine()
            .into()
    }
}

fn start_refusals() -> [Refusal; 9] {
    let missing = Mistake { field: "amount".to_owned(), problem: "Field required".to_owned() };
    let field = EventError::Fields { class: "OrderStart".to_owned(), mistakes: vec![missing] };
    [
        Refusal::UnknownWorkflow,
        Refusal::MethodNotAllowed,
        Refusal::RunBody(BodyError::NotJson("expected value at line 1 column 1".to_owned())),
        Refusal::RunBody(BodyError::WrongShape("handler_id must be a text".to_owned())),
        Refusal::StartEvent(field),
        Refusal::WrongStart { expected: "shop.OrderStart".to_owned() },
        Refusal::ContextDisabled,
        Refusal::HandlerIdTooLong { limit: HANDLER_ID_MAX },
        Refusal::Busy { handler: "greeting-1".to_owned() },
    ]
}

impl IntoResponses for HandlersAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let example = HandlerList { handlers: vec![examples::record(Status::Running)] };
        Answers::guarded()
            .json::<HandlerList<'_>>(200, "What was asked for.", ("One", example))
            .of_the_engine()
            .into()
    }
}

impl IntoResponses for HandlerAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        record_answers(&<HandlerRecord<'_> as ToSchema>::name(), examples::record)
    }
}

impl IntoResponses for ResultAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        record_answers(BARE_RECORD, examples::bare_record)
    }
}

/// What answers with records of this schema.
fn record_answers<R: Serialize>(
    schema: &str,
    example: impl Fn(Status) -> HandlerRecord<'static, R>,
) -> BTreeMap<String, RefOr<Response>> {
    Answers::guarded()
        .named(200, COMPLETED, schema, ("Completed", example(Status::Completed)))
        .named(202, "The run goes on, or waits.", schema, ("Running", example(Status::Running)))
        .named(500, FAILED, schema, ("Failed", example(Status::Failed)))
        .named(500, FAILED, schema, ("Cancelled", example(Status::Cancelled)))
        .named(422, "The run's last event cannot be read.", schema, ("Unreadable", unreadable()))
        .refusals([Refusal::UnknownHandler, Refusal::NotFound])
        .of_the_engine()
        .into()
}

impl IntoResponses for CancelAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let cancelled = Acknowledged { status: Acknowledgement::Cancelled };
        let deleted = Acknowledged { status: Acknowledgement::Deleted };
        Answers::changing()
            .json::<Acknowledged>(200, "The run has ended.", ("Cancelled", cancelled))
            .json::<Acknowledged>(
                200,
                "With `purge`, the handler is forgotten.",
                ("Deleted", deleted),
            )
            .refusals([Refusal::UnknownHandler, Refusal::MethodNotAllowed])
            .of_the_engine()
            .into()
    }
}

impl IntoResponses for StreamAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let (mut frames, mut lines) = (Vec::new(), Vec::new());
        for (sequence, event) in [examples::progress(), examples::greeting()].iter().enumerate() {
            push_sse_frame(&mut frames, sequence as u64, event).expect("examples are JSON");
            push_line(&mut lines, event).expect("examples are JSON");
        }
        Answers::guarded()
            .content(
                200,
                "The stream, item by item, to the last event of the run. The schemas are those of \
                 one item: a frame, with `: heartbeat` in between if there is nothing to say, or, \
                 with `sse=false`, a line.",
                "text/event-stream",
                stream(frames, FRAME),
            )
            .content(200, "", "application/x-ndjson", stream(lines, STREAM_EVENT))
            .header(200, "Cache-Control", "Streams are not kept.", "no-cache")
            .header(200, "X-Accel-Buffering", "Asks nginx to pass on frames at once.", "no")
            .empty(204, "The run has ended, and nothing comes after the position.")
            .refusals([
                Refusal::InvalidCursor { text: "1.5".to_owned() },
                Refusal::UnknownHandler,
                Refusal::NotFound,
            ])
            .of_the_engine()
            .into()
    }
}

/// A stream. Its schema is that of one item, for OpenAPI 3.1 has no other place for it.
fn stream(example: Vec<u8>, item: &str) -> ContentBuilder {
    let example = String::from_utf8(example).expect("frames are texts");
    ContentBuilder::new().schema(Some(Ref::from_schema_name(item))).example(Some(example.into()))
}

impl IntoResponses for SendAnswers {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let unknown = EventError::UnknownType {
            name: "Respond".to_owned(),
            known: vec!["StartEvent".to_owned(), "ResponseEvent".to_owned()],
        };
        let sent = ("Sent", Acknowledged { status: Acknowledgement::Sent });
        Answers::changing()
            .json::<Acknowledged>(200, "The run has the event, for good.", sent)
            .with_body()
            .refusals([
                Refusal::SendBody(BodyError::NotJson("expected value at line 1".to_owned())),
                Refusal::SendBody(BodyError::WrongShape("step must be a text".to_owned())),
                Refusal::NoEvent,
                Refusal::Event(unknown),
                Refusal::UnknownHandler,
                Refusal::MethodNotAllowed,
                Refusal::Ended,
                Refusal::InboxFull,
                Refusal::UnknownStep { step: "greeet".to_owned() },
                Refusal::NotAccepted {
                    step: "greet".to_owned(),
                    class: "human.ResponseEvent".to_owned(),
                },
            ])
            .of_the_engine()
            .into()
    }
}
