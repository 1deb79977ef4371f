//! What the reference of the older API (2.8.3) describes, as facts, and what is different here.

/// An endpoint of the older API.
pub(crate) struct Operation {
    /// Its method and path.
    pub(crate) endpoint: &'static str,
    /// Its parameters: where, which, and of what type.
    pub(crate) parameters: &'static [&'static str],
    /// The statuses it answers with.
    pub(crate) statuses: &'static [&'static str],
    /// The members of what it answers with 200.
    pub(crate) members: &'static [&'static str],
    /// The members of what it is sent.
    pub(crate) body: &'static [&'static str],
}

const NAME: &str = "path name string";
const HANDLER_ID: &str = "path handler_id string";
const RECORD: &[&str] = &[
    "handler_id",
    "workflow_name",
    "run_id",
    "status",
    "started_at",
    "updated_at",
    "completed_at",
    "error",
    "result",
];
const START: &[&str] = &["start_event", "context", "handler_id", "kwargs"];

/// All endpoints of the older API.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        endpoint: "GET /events/{handler_id}",
        parameters: &[
            HANDLER_ID,
            "query sse boolean",
            "query include_internal boolean",
            "query acquire_timeout number",
            "query include_qualified_name boolean",
        ],
        statuses: &["200", "404"],
        members: &["value", "type", "types", "qualified_name"],
        body: &[],
    },
    Operation {
        endpoint: "POST /events/{handler_id}",
        parameters: &[HANDLER_ID],
        statuses: &["200", "400", "404", "409"],
        members: &["status"],
        body: &["event", "step"],
    },
    Operation {
        endpoint: "GET /handlers",
        parameters: &[],
        statuses: &["200"],
        members: &["handlers"],
        body: &[],
    },
    Operation {
        endpoint: "POST /handlers/{handler_id}/cancel",
        parameters: &[HANDLER_ID, "query purge boolean"],
        statuses: &["200", "404"],
        members: &["status"],
        body: &[],
    },
    Operation {
        endpoint: "GET /health",
        parameters: &[],
        statuses: &["200"],
        members: &["status"],
        body: &[],
    },
    Operation {
        endpoint: "GET /results/{handler_id}",
        parameters: &[HANDLER_ID],
        statuses: &["200", "202", "404", "500"],
        members: RECORD,
        body: &[],
    },
    Operation {
        endpoint: "GET /workflows",
        parameters: &[],
        statuses: &["200"],
        members: &["workflows"],
        body: &[],
    },
    Operation {
        endpoint: "GET /workflows/{name}/events",
        parameters: &[NAME],
        statuses: &["200"],
        members: &["events"],
        body: &[],
    },
    Operation {
        endpoint: "GET /workflows/{name}/representation",
        parameters: &[NAME],
        statuses: &["200", "404", "500"],
        members: &["graph"],
        body: &[],
    },
    Operation {
        endpoint: "POST /workflows/{name}/run",
        parameters: &[NAME],
        statuses: &["200", "400", "404", "500"],
        members: RECORD,
        body: START,
    },
    Operation {
        endpoint: "POST /workflows/{name}/run-nowait",
        parameters: &[NAME],
        statuses: &["200", "400", "404"],
        members: RECORD,
        body: START,
    },
    Operation {
        endpoint: "GET /workflows/{name}/schema",
        parameters: &[NAME],
        statuses: &["200", "404", "500"],
        members: &["start", "stop"],
        body: &[],
    },
];

/// The endpoints that the older API does not have.
pub(crate) const NEW_ENDPOINTS: [&str; 4] =
    ["GET /", "GET /index.html", "GET /openapi.json", "GET /handlers/{handler_id}"];

/// The statuses that it has and that do not occur here.
pub(crate) const NO_SUCH_STATUS: [(&str, &str); 2] = [
    // Schemas and graphs are made before the server answers at all.
    ("GET /workflows/{name}/representation", "500"),
    ("GET /workflows/{name}/schema", "500"),
];
