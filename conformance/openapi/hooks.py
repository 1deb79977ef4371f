"""What schemathesis has to know of the protocol beyond its description.

Requests are bent so that they get further and none of them waits for ever; and failures are
dropped that are no mistakes, each for a reason that is written here.
"""

import atexit
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import schemathesis
from jsonschema import Draft202012Validator
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.openapi.checks import RejectedPositiveData

# Handlers that nothing is done to: their runs have ended and stay so.
ENDED = ["completed", "failed", "cancelled"]
# Handlers whose runs wait, and the workflows that they run. Requests that end or forget them come
# again and again, so they are started anew before each that needs them.
WAITING = {
    "asked": "human",
    "asked-twice": "two-human",
    "asked-anything": "classic-human",
    "approving": "wait",
    "target": "steps-target",
}
# The handler of the document's examples.
EXAMPLE = "greeting-1"
# Events that they wait for: the class, its fields, and who.
AWAITED = {
    "ResponseEvent": ({"response": "Ada"}, "asked"),
    "FirstAnswer": ({"answer": "one"}, "asked-twice"),
    "SecondAnswer": ({"answer": "two"}, "asked-twice"),
    "HumanResponseEvent": ({"response": "Ada"}, "asked-anything"),
    "Approval": ({"ticket": "T-1", "approved": True}, "approving"),
    "Ping": ({"tag": "a"}, "target"),
    "Finish": ({}, "target"),
}
# Workflows that do not end by themselves, or not soon.
ENDLESS = {*WAITING.values(), "slow"}
# The most that a workflow is told to do.
MUCH = 50
# How refusals begin that depend on the workflow, or on how the server was started.
OF_WORKFLOWS = (
    "Validation error for 'start_event': ",
    "Start event must be an instance of ",
    "Failed to deserialize event",
    "Invalid event type: ",
    "Event type ",
    "Event data is required",
    "Invalid client data. ",
    "Context API is disabled.",
)
# How often each endpoint answered with each status.
ANSWERS: defaultdict[str, Counter[int]] = defaultdict(Counter)
# How often a failure was no mistake, by reason.
DROPPED: Counter[str] = Counter()
# The fields of start events, by workflow.
START_FIELDS: dict[str, list[str]] = json.loads(os.environ["STEPWELL_START_FIELDS"])
# The schemas of what is sent, which may have more members than they describe, and of frames,
# which schemathesis adds members to.
OPEN_SCHEMAS = {"Start", "Send", "ClientEnvelope", "ClientStartEvent", "StreamFrame"}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Lets no answer have members that are not described."""
    for name, schema in raw_schema["components"]["schemas"].items():
        if "properties" in schema and name not in OPEN_SCHEMAS:
            schema["additionalProperties"] = False


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Makes requests get further, and keeps them from waiting for what never comes."""
    path = case.path_parameters or {}
    match operation(case):
        case "run" | "runNowait" as start:
            if start == "run" and path.get("name") in ENDLESS:
                path["name"] = "hello"
            if isinstance(case.body, dict):
                name_fields(case.body, unquote(str(path.get("name"))))
        case "sendEvent":
            reach_waiting(path)
            if isinstance(case.body, dict):
                complete_event(case.body, path)
            start_waiting(case)
        case "readEvents":
            # Lines are read to their end, unlike frames.
            if is_off((case.query or {}).get("sse")) and path.get("handler_id") not in ENDED:
                path["handler_id"] = ENDED[len(str(path)) % len(ENDED)]
            start_waiting(case)
        case "cancel":
            reach_waiting(path)
            if path.get("handler_id") in ENDED:
                path["handler_id"] = "asked-twice"
            start_waiting(case)


def start_waiting(case: Case) -> None:
    """Starts a handler that a request is to reach while its run waits."""
    handler = (case.path_parameters or {}).get("handler_id")
    if handler in WAITING:
        url = f"{case.operation.schema.config.base_url}/workflows/{WAITING[handler]}/run-nowait"
        answer = httpx.post(url, json={"handler_id": handler})
        assert answer.status_code in (200, 409), answer.text


def reach_waiting(path: dict[str, Any]) -> None:
    """Replaces the handler of the document's examples by one that is there."""
    if path.get("handler_id") == EXAMPLE:
        path["handler_id"] = "asked"


def name_fields(body: dict[str, Any], workflow: str) -> None:
    """Calls most fields of a start event what the workflow calls them."""
    names = START_FIELDS.get(workflow, [])
    for member in ("start_event", "kwargs"):
        fields = body.get(member)
        if names and isinstance(fields, dict) and fields:
            named = {
                name: modest(value) if workflow != "echo" else value
                for name, value in zip(names, fields.values(), strict=False)
            }
            body[member] = {**dict(list(fields.items())[len(names) :]), **named}


def modest(value: Any) -> Any:
    return value % MUCH if isinstance(value, int | float) and not isinstance(value, bool) else value


def complete_event(body: dict[str, Any], path: dict[str, Any]) -> None:
    """Makes good events of most that have the name of a class."""
    event = body.get("event")
    if not isinstance(event, dict) or not isinstance(name := event.get("type"), str):
        return
    if name in AWAITED and isinstance(value := event.get("value"), dict) and len(value) % 4 != 3:
        fields, handler = AWAITED[name]
        event["value"] = {**value, **fields}
        if len(value) % 4 != 2:
            path["handler_id"] = handler


@schemathesis.check
def lines_are_events(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every line of a stream that consists of lines is what streams consist of."""
    if response.headers.get("content-type") != ["application/x-ndjson"]:
        return
    components = case.operation.schema.raw_schema["components"]
    schema = {"$ref": "#/components/schemas/StreamEvent", "components": components}
    validator = Draft202012Validator(schema)
    *lines, rest = response.text.split("\n")
    assert rest == "", f"the last line has no end: {rest}"
    for line in lines:
        validator.validate(json.loads(line))


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case, response: Response
) -> bool:
    """Drops what is no mistake."""
    for accepts in ACCEPTED:
        if accepts(failure, case, response):
            DROPPED[accepts.__name__] += 1
            return False
    return True


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    ANSWERS[operation(case)][response.status_code] += 1


@atexit.register
def tell() -> None:
    """Shows how deep it went."""
    for name, statuses in sorted(ANSWERS.items()):
        print(f"{name}:", ", ".join(f"{n} x {status}" for status, n in sorted(statuses.items())))
    succeeded = [name for name, statuses in ANSWERS.items() if any(s < 300 for s in statuses)]
    Path(os.environ["STEPWELL_SUCCEEDED"]).write_text(json.dumps(succeeded))
    print("failures that are none:", dict(DROPPED))


def prescribed_server_error(failure: Failure, case: Case, response: Response) -> bool:
    """The protocol tells that a run failed, or that a step does not exist, with status 500."""
    if not isinstance(failure, ServerError) or response.status_code != 500:
        return False
    body = response.json()
    match operation(case):
        case "run" | "getHandler" | "getResult":
            return body.get("status") in ("failed", "cancelled")
        case "sendEvent":
            return body.get("detail", "").startswith("Failed to send event: Step ")
    return False


def what_only_the_workflow_can_tell(failure: Failure, case: Case, response: Response) -> bool:
    """Which events and fields are good depends on the workflow, so any may be refused."""
    return (
        isinstance(failure, RejectedPositiveData)
        and operation(case) in ("run", "runNowait", "sendEvent")
        and response.status_code == 400
        and response.json()["detail"].startswith(OF_WORKFLOWS)
    )


def another_path(failure: Failure, case: Case, response: Response) -> bool:
    """A name with a slash can be given, but not be part of a path."""
    return (
        isinstance(failure, RejectedPositiveData)
        and response.status_code in (404, 405)
        and "%2f" in response.request.url.lower()
    )


def what_nobody_looks_at(failure: Failure, case: Case, response: Response) -> bool:
    """Switches are off for anything but `true`, and what is not looked at may be anything."""
    if not isinstance(failure, AcceptedNegativeData):
        return False
    match operation(case):
        case "readEvents":
            return is_cursor(asked(response, "after_sequence", "now"))
        case "run" | "runNowait":
            return is_good_start(sent(response))
        case "sendEvent":
            return is_good_send(sent(response))
    return True


ACCEPTED: list[Callable[[Failure, Case, Response], bool]] = [
    prescribed_server_error,
    what_only_the_workflow_can_tell,
    another_path,
    what_nobody_looks_at,
]


def operation(case: Case) -> str:
    return case.operation.definition.raw["operationId"]


def is_off(switch: Any) -> bool:
    """Whether a switch is off that is on by default."""
    if isinstance(switch, list):
        switch = switch[-1] if switch else None
    return switch is not None and str(switch).lower() != "true"


def asked(response: Response, parameter: str, default: str) -> str:
    """The value of a parameter as it was sent; of a repeated one the last counts."""
    query = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    return next((value for name, value in reversed(query) if name == parameter), default)


def is_cursor(text: str) -> bool:
    return text.lower() == "now" or re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) is not None


def sent(response: Response) -> Any:
    """The body that was sent, or something that is no good one."""
    return parsed(response.request.body or b"")


def parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def is_object(value: Any) -> bool:
    """Whether it is an object, or a text that holds one."""
    return isinstance(parsed(value) if isinstance(value, str) else value, dict)


def is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def is_good_start(body: Any) -> bool:
    if not isinstance(body, dict) or body.get("context") or not is_text(body.get("handler_id")):
        return False
    # `kwargs` is not looked at beside a start event, and null is as good as none.
    event = body.get("start_event", body.get("kwargs"))
    return event is None or is_object(event)


def is_good_send(body: Any) -> bool:
    if not isinstance(body, dict) or not is_text(body.get("step")):
        return False
    event = body.get("event")
    if not is_object(event):
        return False
    event = parsed(event) if isinstance(event, str) else event
    # `data` is not looked at beside a value.
    return is_object(event.get("value", event.get("data")))
