//! Records, small answers and refusals.

use expect_test::{Expect, expect};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::{
    Acknowledged, Acknowledgement, Envelope, ErrorBody, EventSchemas, HandlerList, HandlerRecord,
    Health, HealthStatus, NodeKind, Refusal, Status, Timestamp, WorkflowFailed, WorkflowList,
    WorkflowRepresentation, WorkflowSchema, WorkflowTimedOut,
};

#[test]
fn a_record_always_has_all_its_members() {
    let record = HandlerRecord::<'_, Envelope<'_>> {
        handler_id: "h".into(),
        workflow_name: "greet".into(),
        run_id: "r".into(),
        error: None,
        result: None,
        result_unreadable: false,
        status: Status::Running,
        started_at: Timestamp::from_micros(1_767_323_045_678_901),
        updated_at: Timestamp::from_micros(1_767_323_045_000_000),
        completed_at: None,
    };
    check(
        &HandlerList { handlers: vec![record] },
        expect![[
            r#"{"handlers":[{"handler_id":"h","workflow_name":"greet","run_id":"r","error":null,"result":null,"result_unreadable":false,"status":"running","started_at":"2026-01-02T03:04:05.678901+00:00","updated_at":"2026-01-02T03:04:05+00:00","completed_at":null}]}"#
        ]],
    );
}

#[test]
fn a_record_of_an_older_server_can_be_read() {
    let json = r#"{"handler_id":"h","workflow_name":"greet","run_id":"r","error":"",
        "result":{"value":{},"qualified_name":null,"type":"Stop","types":["StopEvent"]},
        "status":"completed","started_at":"2026-01-02T03:04:05Z",
        "updated_at":"2026-01-02T03:04:05.5+00:00","completed_at":null}"#;
    let record: HandlerRecord<'_> = serde_json::from_str(json).unwrap();
    check(
        &record,
        expect![[
            r#"{"handler_id":"h","workflow_name":"greet","run_id":"r","error":"","result":{"value":{},"qualified_name":null,"type":"Stop","types":["StopEvent"]},"result_unreadable":false,"status":"completed","started_at":"2026-01-02T03:04:05+00:00","updated_at":"2026-01-02T03:04:05.500000+00:00","completed_at":null}"#
        ]],
    );
}

#[test]
fn moments_are_told_to_the_microsecond_as_python_does() {
    let seen = [0, 1, 999_999, 1_000_000, 951_782_399_000_010, u64::MAX]
        .map(|micros| Timestamp::from_micros(micros).to_string());
    expect![[r#"
        1970-01-01T00:00:00+00:00
        1970-01-01T00:00:00.000001+00:00
        1970-01-01T00:00:00.999999+00:00
        1970-01-01T00:00:01+00:00
        2000-02-28T23:59:59.000010+00:00
        9999-12-30T22:00:00.999999+00:00"#]]
    .assert_eq(&seen.join("\n"));
}

#[test]
fn the_status_line_tells_the_fate_of_a_run() {
    let seen = ["running", "completed", "failed", "cancelled", "timed_out", "FAILED", ""]
        .map(|name| format!("{name}: {:?}", Status::from_name(name).map(Status::http_status)));
    expect![[r#"
        running: Some(202)
        completed: Some(200)
        failed: Some(500)
        cancelled: Some(500)
        timed_out: None
        FAILED: None
        : None"#]]
    .assert_eq(&seen.join("\n"));
}

#[test]
fn small_answers_are_small() {
    check(&Health { status: HealthStatus::Healthy }, expect![[r#"{"status":"healthy"}"#]]);
    check(&Health { status: HealthStatus::Unhealthy }, expect![[r#"{"status":"unhealthy"}"#]]);
    check(
        &WorkflowList { workflows: vec!["greet".into(), "grüße-世界".into()] },
        expect![[r#"{"workflows":["greet","grüße-世界"]}"#]],
    );
    let schema = || RawValue::from_string("{}".to_owned()).unwrap();
    check(
        &WorkflowSchema { start: schema(), stop: schema() },
        expect![[r#"{"start":{},"stop":{}}"#]],
    );
    check(&EventSchemas { events: vec![schema()] }, expect![[r#"{"events":[{}]}"#]]);
    check(&ErrorBody { detail: "Not Found".into() }, expect![[r#"{"detail":"Not Found"}"#]]);
    for (status, expect) in [
        (Acknowledgement::Sent, expect![[r#"{"status":"sent"}"#]]),
        (Acknowledgement::Cancelled, expect![[r#"{"status":"cancelled"}"#]]),
        (Acknowledgement::Deleted, expect![[r#"{"status":"deleted"}"#]]),
    ] {
        check(&Acknowledged { status }, expect);
    }
}

#[test]
fn a_graph_is_written_as_it_was_read() {
    let json = r#"{"graph":{"name":"W","nodes":[
        {"id":"s","label":"s","node_type":"step","description":"Asks."},
        {"id":"t","label":"t","node_type":"step","description":null},
        {"id":"A","label":"A","node_type":"event","event_type":"A",
         "event_types":["A","InputRequiredEvent"],"event_schema":{"properties":{},"title":"A"},
         "produced_by":["s"]},
        {"id":"B","label":"B","node_type":"event","event_type":"B","event_types":["B"],
         "event_schema":null,"produced_by":[]},
        {"id":"external_step","label":"external_step","node_type":"external"},
        {"id":"resource_e53a177096fb","label":"str","node_type":"resource","type_name":"str",
         "getter_name":"client","source_file":"/w.py","source_line":12,"description":null}],
        "edges":[{"source":"A","target":"external_step","label":null},
        {"source":"t","target":"resource_e53a177096fb","label":"c"}],"description":null}}"#;
    let representation: WorkflowRepresentation<'_> = serde_json::from_str(json).unwrap();
    check(
        &representation,
        expect![[
            r#"{"graph":{"name":"W","nodes":[{"id":"s","label":"s","node_type":"step","description":"Asks."},{"id":"t","label":"t","node_type":"step","description":null},{"id":"A","label":"A","node_type":"event","event_type":"A","event_types":["A","InputRequiredEvent"],"event_schema":{"properties":{},"title":"A"},"produced_by":["s"]},{"id":"B","label":"B","node_type":"event","event_type":"B","event_types":["B"],"event_schema":null,"produced_by":[]},{"id":"external_step","label":"external_step","node_type":"external"},{"id":"resource_e53a177096fb","label":"str","node_type":"resource","type_name":"str","getter_name":"client","source_file":"/w.py","source_line":12,"description":null}],"edges":[{"source":"A","target":"external_step","label":null},{"source":"t","target":"resource_e53a177096fb","label":"c"}],"description":null}}"#
        ]],
    );
}

#[test]
fn a_graph_with_a_file_in_it_can_be_read() {
    let json = r#"{"graph":{"name":"W","description":null,"edges":[],"nodes":[
        {"id":"resource_config_0123456789ab","label":"Limits","node_type":"resource_config",
        "type_name":"Limits","config_file":"limits.json","path_selector":null,
        "config_schema":{"type":"object"},"config_value":{"pages":3},"description":null}]}}"#;
    let read: WorkflowRepresentation<'_> = serde_json::from_str(json).unwrap();
    let NodeKind::ResourceConfig { config_value, .. } = &read.graph.nodes[0].kind else { panic!() };
    assert_eq!(config_value.as_ref().unwrap()["pages"], 3);
}

#[test]
fn a_time_limit_is_printed_as_a_float_in_its_shortest_form() {
    let seen = ["0.3", "60.0", "60", "1.25", "100000"].map(|timeout| {
        let json = format!(r#"{{"timeout":{timeout},"active_steps":["nap"]}}"#);
        serde_json::from_str::<WorkflowTimedOut>(&json).unwrap().error()
    });
    expect![[r#"
        Workflow timed out after 0.3s
        Workflow timed out after 60.0s
        Workflow timed out after 60.0s
        Workflow timed out after 1.25s
        Workflow timed out after 100000.0s"#]]
    .assert_eq(&seen.join("\n"));
}

#[test]
fn the_event_of_a_failure_may_know_nothing_of_attempts() {
    let json = r#"{"step_name":"s","exception":{"exception_type":"t","exception_message":"a\nb"},
        "attempts":null,"elapsed_seconds":null}"#;
    let failed: WorkflowFailed<'_> = serde_json::from_str(json).unwrap();
    expect![[r#"
        a
        b"#]]
    .assert_eq(&failed.exception.exception_message);
}

#[test]
fn refusals_have_the_texts_that_clients_compare() {
    let seen = [
        Refusal::NotFound,
        Refusal::MethodNotAllowed,
        Refusal::UnknownWorkflow,
        Refusal::NoSuchWorkflow { workflow: "w".into() },
        Refusal::UnknownHandler,
        Refusal::WrongStart { expected: "m.Start".into() },
        Refusal::ContextDisabled,
        Refusal::HandlerIdTooLong { limit: 512 },
        Refusal::Busy { handler: "h".into() },
        Refusal::InvalidCursor { text: "1.5".into() },
        Refusal::NoEvent,
        Refusal::Ended,
        Refusal::InboxFull,
        Refusal::UnknownStep { step: "s".into() },
        Refusal::NotAccepted { step: "s".into(), class: "m.A".into() },
        Refusal::TooLarge { limit: 100 },
        Refusal::EventTooLarge { bytes: 200, limit: 100 },
        Refusal::BodyCutOff,
        Refusal::BodyTimeout,
        Refusal::TargetTooLong { limit: 100 },
        Refusal::Unauthorized,
        Refusal::NoHost,
        Refusal::UnknownHost { host: "h".into() },
        Refusal::ForeignOrigin { origin: "o".into() },
        Refusal::Crowded,
        Refusal::Overloaded,
        Refusal::Unavailable,
        Refusal::Closing,
        Refusal::Internal,
    ]
    .map(|refusal| {
        let again = if refusal.is_passing() { ", later" } else { "" };
        format!("{}{again} {refusal}", refusal.status())
    });
    expect![[r#"
        404 Not Found
        405 Method Not Allowed
        404 Workflow not found
        404 Workflow 'w' not found
        404 Handler not found
        400 Start event must be an instance of <class 'm.Start'>
        400 Context API is disabled. The server enables it with --accept-context, or Server::accept_context
        400 Error processing request body: handler_id is longer than 512 bytes
        409 Handler 'h' is already running
        400 Invalid after_sequence: '1.5'
        400 Event data is required
        409 Workflow already completed
        429, later Too many events wait for this workflow; try again
        500 Failed to send event: Step s does not exist
        500 Failed to send event: Step s does not accept event of type <class 'm.A'>
        413 Request body is larger than 100 bytes
        413 Event is 200 bytes long, more than the limit of 100
        400 Request body broke off
        408 Request body came too slowly
        414 Path and query are longer than 100 bytes
        401 This server wants its token, as 'Authorization: Bearer <token>'
        400 Request must have one Host header
        421 Host 'h' is not allowed; if it is this server's, allow it with --allow-host, or Server::allow_host
        403 Origin 'o' is not allowed; if its pages may call this server, allow it with --cors, or Server::cors
        503, later Server has too many connections; try again
        503, later Server has too many requests under way; try again
        503, later Service Unavailable
        503, later Server is shutting down; try again
        500 Internal server error"#]]
    .assert_eq(&seen.join("\n"));
}

#[track_caller]
fn check<T: Serialize>(value: &T, expect: Expect) {
    expect.assert_eq(&serde_json::to_string(value).unwrap());
}
