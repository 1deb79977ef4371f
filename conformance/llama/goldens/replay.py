"""Makes the recorded requests again, in their order.

What happened between them was not recorded: runs that were started, answered and waited for.
`INTERLUDES` says what has to have happened before which request.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from exchanges import EXCHANGES, opened

from program import PATIENCE

# The headers that the protocol says something about.
HEADERS = (
    "content-type",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
    "vary",
)

# How long to wait before asking again whether a run has ended.
PAUSE = 0.02

Action = Callable[[httpx.Client], None]


def start(workflow: str, handler: str, **fields: Any) -> Action:
    """Starts a run."""
    body = {"handler_id": handler, "start_event": fields}

    def act(http: httpx.Client) -> None:
        expect(200, http.post(f"/workflows/{workflow}/run-nowait", json=body))

    return act


def idle(handler: str, times: int = 1) -> Action:
    """Waits until the run has come to rest this often."""
    return seen(handler, "WorkflowIdleEvent", times)


def seen(handler: str, event: str, times: int = 1) -> Action:
    """Waits until so many events of a type are in the stream."""
    path = f"/events/{handler}?after_sequence=-1&include_internal=true&sse=false"

    def act(http: httpx.Client) -> None:
        left = times
        with http.stream("GET", path) as response:
            for line in response.iter_lines():
                left -= json.loads(line)["type"] == event
                if not left:
                    return
        raise AssertionError(f"{handler} ended before {event}")

    return act


def ended(handler: str) -> Action:
    """Waits until the run has ended."""

    def act(http: httpx.Client) -> None:
        limit = time.monotonic() + PATIENCE
        while http.get(f"/handlers/{handler}").status_code == 202:
            assert time.monotonic() < limit, f"{handler} is still running"
            time.sleep(PAUSE)

    return act


def send(handler: str, event: str, step: str | None = None, **fields: Any) -> Action:
    """Sends an event."""
    body = {"event": {"type": event, "value": fields}, "step": step}

    def act(http: httpx.Client) -> None:
        expect(200, http.post(f"/events/{handler}", json=body))

    return act


def cancel(handler: str) -> Action:
    """Cancels a run."""
    return lambda http: expect(200, http.post(f"/handlers/{handler}/cancel"))


def expect(status: int, response: httpx.Response) -> None:
    assert response.status_code == status, f"{response.request.url}: {response.text}"


def run_of(workflow: str, handler: str, **fields: Any) -> list[Action]:
    """A run that ends by itself."""
    return [start(workflow, handler, **fields), ended(handler)]


def waiting(handler: str, workflow: str = "human", **fields: Any) -> list[Action]:
    """A run that waits for somebody."""
    return [start(workflow, handler, **fields), idle(handler)]


VIEW = "sse=true, include_internal=false"

INTERLUDES: dict[tuple[str, str], list[Action]] = {
    ("nowait-handlers-results", "cancelled, handler"): [cancel("golden-slow")],
    ("nowait-handlers-results", "ended greet, handler"): run_of("greet", "golden-greet"),
    ("nowait-handlers-results", "waiting, handler"): waiting("golden-human"),
    ("nowait-handlers-results", "ended human, handler"): [
        send("golden-human", "ResponseEvent", response="Ann"),
        ended("golden-human"),
    ],
    ("nowait-handlers-results", "ended echo, handler"): run_of("echo", "golden-echo", text="t"),
    ("nowait-handlers-results", "ended quiet, handler"): run_of("quiet", "golden-quiet"),
    ("nowait-handlers-results", "ended fail, handler"): run_of("fail", "golden-fail"),
    ("nowait-handlers-results", "ended timeout, handler"): run_of("timeout", "golden-timeout"),
    ("streams", f"greet, {VIEW}"): run_of("greet", "golden-s-greet", name="Ada"),
    ("streams", f"hello, {VIEW}"): run_of("hello", "golden-s-hello", name="Ada"),
    ("streams", f"quiet, {VIEW}"): run_of("quiet", "golden-s-quiet"),
    ("streams", f"echo, {VIEW}"): run_of("echo", "golden-s-echo", text="é世🌍"),
    ("streams", f"counter, {VIEW}"): run_of("counter", "golden-s-counter"),
    ("streams", f"fail, {VIEW}"): run_of("fail", "golden-s-fail", message="bad", emit=2),
    ("streams", f"timeout, {VIEW}"): run_of("timeout", "golden-s-timeout"),
    ("streams", f"retry, {VIEW}"): run_of("retry", "golden-s-retry"),
    ("streams", f"fanout, {VIEW}"): run_of("fanout", "golden-s-fanout", n=1),
    ("streams", f"burst, {VIEW}"): run_of("burst", "golden-s-burst", n=3, pad=4),
    ("streams", f"retry, exhausted, {VIEW}"): run_of("retry", "golden-s-retry9", failures=9),
    ("streams", f"human, {VIEW}"): [
        *waiting("golden-s-human"),
        send("golden-s-human", "ResponseEvent", response="Ann"),
        ended("golden-s-human"),
    ],
    ("streams", f"classic-human, {VIEW}"): [
        *waiting("golden-s-classic", "classic-human"),
        send("golden-s-classic", "HumanResponseEvent", response="me"),
        ended("golden-s-classic"),
    ],
    ("streams", f"two-human, {VIEW}"): [
        *waiting("golden-s-two", "two-human"),
        send("golden-s-two", "FirstAnswer", answer="one"),
        idle("golden-s-two", 2),
        send("golden-s-two", "SecondAnswer", answer="two"),
        ended("golden-s-two"),
    ],
    ("streams", f"wait, with one event that misses the requirements, {VIEW}"): [
        *waiting("golden-s-wait", "wait", ticket="A"),
        send("golden-s-wait", "Approval", ticket="B", approved=True),
        idle("golden-s-wait", 2),
        send("golden-s-wait", "Approval", ticket="A", approved=True),
        ended("golden-s-wait"),
    ],
    ("streams", f"steps-target, one targeted event, {VIEW}"): [
        *waiting("golden-s-target", "steps-target"),
        send("golden-s-target", "Ping", step="left", tag="a"),
        idle("golden-s-target", 2),
        send("golden-s-target", "Finish"),
        ended("golden-s-target"),
    ],
    ("streams", f"human, forged stop event, then cancelled, {VIEW}"): [
        *waiting("golden-s-forged"),
        send("golden-s-forged", "OutEvent", output="forged"),
        idle("golden-s-forged", 2),
        cancel("golden-s-forged"),
    ],
    ("send", "object, type"): waiting("golden-e-1"),
    ("send", "object, qualified name"): waiting("golden-e-2"),
    ("send", "JSON string"): waiting("golden-e-3"),
    ("send", "legacy data key"): waiting("golden-e-4"),
    ("send", "legacy data key in a JSON string"): waiting("golden-e-5"),
    ("send", "serializer form"): waiting("golden-e-6"),
    ("send", "unknown type, known qualified name"): waiting("golden-e-7"),
    ("send", "no event"): waiting("golden-e-8"),
    ("send", "ended run"): [ended("golden-e-8")],
    ("send", "an awaited event cannot be addressed to the waiting step"): waiting(
        "golden-e-9", "wait"
    ),
    ("cancel", "running"): [start("slow", "golden-c-1"), seen("golden-c-1", "SlowTick")],
    ("cancel", "waiting"): waiting("golden-c-2"),
    ("cancel", "running, purge"): [start("slow", "golden-c-3"), seen("golden-c-3", "SlowTick")],
}


def replay(plain: str, context: str) -> dict[str, dict[str, Any]]:
    """Makes all requests of fresh servers; returns the answers by the names of the exchanges."""
    left = dict(INTERLUDES)
    answers = {}
    with client(plain) as plain_http, client(context) as context_http:
        for exchange in EXCHANGES:
            http = context_http if exchange.topic == "context" else plain_http
            for act in left.pop((exchange.topic, exchange.title), []):
                act(http)
            answers[exchange.name] = ask(http, exchange.request)
    assert not left, f"no such exchange: {list(left)}"
    return answers


def client(base_url: str) -> httpx.Client:
    # The reference drops the connection after some answers, so each request has its own.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=base_url, timeout=PATIENCE, limits=limits)


def ask(http: httpx.Client, request: dict[str, Any]) -> dict[str, Any]:
    """Makes a request, and returns the answer as recorded ones are read."""
    parts: dict[str, Any] = {"headers": request.get("headers", {})}
    if "json" in request:
        parts["json"] = request["json"]
    if "raw_body" in request:
        parts["content"] = request["raw_body"].encode()
    response = http.request(request["method"], request["path"], **parts)
    # The recorder kept the headers of CORS only where the request was about them.
    kept = HEADERS if "Origin" in parts["headers"] else ("content-type",)
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    answer: dict[str, Any] = {"status": response.status_code, "headers": headers}
    kind = headers.get("content-type", "")
    if not response.content:
        answer["body"] = None
    elif kind.startswith("application/json"):
        answer["json"] = response.json()
    else:
        answer["body"] = response.text
    return opened(answer)
