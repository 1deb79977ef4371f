//! What the engine says, in the words of the protocol.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use stepwell::engine::RunRecord;
use stepwell::store;
use stepwell::{Family, Payload, RawEvent, StepChange, StepPhase, Unhandled};
use stepwell_wire::llama::{
    BUILTIN_MODULE, Envelope, HandlerRecord, Status, StepState, StepStateChanged, Timestamp,
    UnhandledEvent, WorkflowFailed, WorkflowTimedOut,
};

const START: &[Cow<'static, str>] = &[Cow::Borrowed("StartEvent")];
const STOP: &[Cow<'static, str>] = &[Cow::Borrowed("StopEvent")];
const REQUEST: &[Cow<'static, str>] = &[Cow::Borrowed("InputRequiredEvent")];
const RESPONSE: &[Cow<'static, str>] = &[Cow::Borrowed("HumanResponseEvent")];
const INTERNAL: &[Cow<'static, str>] = &[Cow::Borrowed("InternalDispatchEvent")];

/// Whether envelopes tell where their classes are to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QualifiedNames {
    Included,
    LeftOut,
}

/// Puts an event into its envelope.
pub(super) fn envelope(event: &RawEvent, names: QualifiedNames) -> Envelope<'_, &Payload> {
    Envelope {
        value: &event.value,
        qualified_name: qualified_name(names, &event.module, &event.name),
        r#type: event.name.as_str().into(),
        types: ancestors_of(event).map(Cow::Borrowed),
    }
}

/// Puts an internal event into its envelope.
pub(super) fn internal<V>(
    class: &'static str,
    value: V,
    names: QualifiedNames,
) -> Envelope<'static, V> {
    Envelope {
        value,
        qualified_name: qualified_name(names, BUILTIN_MODULE, class),
        r#type: class.into(),
        types: Some(Cow::Borrowed(INTERNAL)),
    }
}

fn qualified_name(names: QualifiedNames, module: &str, name: &str) -> Option<Cow<'static, str>> {
    (names == QualifiedNames::Included).then(|| format!("{module}.{name}").into())
}

fn ancestors_of(event: &RawEvent) -> Option<&'static [Cow<'static, str>]> {
    ancestors(event.family, &event.module, &event.name)
}

/// Returns the classes that a class of event descends from. Those that every workflow knows are
/// the first of their families.
pub(super) fn ancestors(
    family: Family,
    module: &str,
    name: &str,
) -> Option<&'static [Cow<'static, str>]> {
    let ancestors = match family {
        Family::Plain => return None,
        Family::Start => START,
        Family::Stop => STOP,
        Family::Request => REQUEST,
        Family::Response => RESPONSE,
    };
    let is_first = module == BUILTIN_MODULE && name == ancestors[0];
    (!is_first).then_some(ancestors)
}

/// Returns how a run stands.
pub(super) fn status(status: store::Status) -> Status {
    match status {
        store::Status::Running => Status::Running,
        store::Status::Completed => Status::Completed,
        store::Status::Failed | store::Status::TimedOut => Status::Failed,
        store::Status::Cancelled => Status::Cancelled,
    }
}

/// Returns what the store calls a status.
pub(super) fn stored_statuses(status: Status) -> &'static [store::Status] {
    match status {
        Status::Running => &[store::Status::Running],
        Status::Completed => &[store::Status::Completed],
        Status::Failed => &[store::Status::Failed, store::Status::TimedOut],
        Status::Cancelled => &[store::Status::Cancelled],
    }
}

/// Returns the record of a handler's run.
pub(super) fn record(run: &RunRecord) -> HandlerRecord<'_, Envelope<'_, &Payload>> {
    record_with(run, |end| Some(envelope(end, QualifiedNames::Included)))
}

/// Returns the record of a handler's run with the result as a step returned it.
pub(super) fn bare_record(run: &RunRecord) -> HandlerRecord<'_, &RawValue> {
    record_with(run, |end| {
        let value = end.value.text();
        if ancestors_of(end).is_none() {
            serde_json::from_str::<Returned<'_>>(value).ok()?.result
        } else {
            serde_json::from_str(value).ok()
        }
    })
}

/// The fields of the stop event that every workflow knows.
#[derive(Deserialize)]
struct Returned<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

fn record_with<'a, R>(
    run: &'a RunRecord,
    result: impl FnOnce(&'a RawEvent) -> Option<R>,
) -> HandlerRecord<'a, R> {
    let updated_at = Timestamp::from_micros(run.updated_at.0);
    let completed = run.end.as_ref().filter(|_| run.status == store::Status::Completed);
    HandlerRecord {
        handler_id: run.handler.as_str().into(),
        workflow_name: run.workflow.as_str().into(),
        run_id: run.run.as_str().into(),
        error: error(run),
        result: completed.and_then(result),
        result_unreadable: run.is_unreadable(),
        status: status(run.status),
        started_at: Timestamp::from_micros(run.started_at.0),
        updated_at,
        // Nothing happens to a run that has ended.
        completed_at: run.status.is_ended().then_some(updated_at),
    }
}

/// Returns why a run failed. The engine writes the events that say so, in the form read here.
fn error(run: &RunRecord) -> Option<Cow<'_, str>> {
    let end = run.end.as_ref().map_or("{}", |end| end.value.text());
    match run.status {
        store::Status::Failed => {
            let failed = serde_json::from_str::<WorkflowFailed<'_>>(end);
            Some(failed.map(|failed| failed.exception.exception_message).unwrap_or_default())
        }
        store::Status::TimedOut => {
            let timed_out = serde_json::from_str::<WorkflowTimedOut>(end);
            Some(timed_out.map(|timed_out| timed_out.error()).unwrap_or_default().into())
        }
        _ => None,
    }
}

/// Says what became of a step.
pub(super) fn step_state(change: &StepChange) -> StepStateChanged<'_> {
    let (step_state, output) = match change.phase {
        StepPhase::Queued => (StepState::Preparing, None),
        StepPhase::Running => (StepState::Running, None),
        StepPhase::Returned => {
            let output = change.output.as_ref();
            let output = output.map_or(StepStateChanged::NOTHING, |output| output.as_str());
            (StepState::NotRunning, Some(output))
        }
        StepPhase::Waiting | StepPhase::Failed => (StepState::NotRunning, None),
    };
    StepStateChanged {
        name: change.step.as_str().into(),
        step_state,
        worker_id: match change.worker {
            Some(worker) => worker.to_string().into(),
            None => StepStateChanged::ENQUEUED.into(),
        },
        input_event_name: change.input.as_str().into(),
        output_event_name: output.map(Cow::Borrowed),
    }
}

/// Says that nobody took an event.
pub(super) fn unhandled(unhandled: &Unhandled) -> UnhandledEvent<'_> {
    UnhandledEvent {
        event_type: unhandled.event.as_str().into(),
        qualified_name: format!("{}.{}", unhandled.module, unhandled.event).into(),
        step_name: unhandled.target.as_ref().map(|target| target.as_str().into()),
        idle: unhandled.idle,
    }
}
