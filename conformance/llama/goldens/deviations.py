"""Where Stepwell answers otherwise than the recorded reference, on purpose.

Each deviation turns the recorded answer into the one that is expected, and names the row of the
table in `docs/compatibility.md` that tells users about it. One that no longer makes a difference
fails its test, so that it goes.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Deviation:
    topic: str
    titles: tuple[str, ...]
    # The first cell of the row in the documentation.
    documented: str
    reason: str
    # Changes a recorded answer.
    change: Change


def refused(text: str) -> Change:
    """Status 400 with this text."""

    def change(answer: dict[str, Any]) -> None:
        answer["status"] = 400
        answer["json"] = {"detail": text}

    return change


def header(name: str, value: str | None) -> Change:
    """A header that has another value, or none."""

    def change(answer: dict[str, Any]) -> None:
        del answer["headers"][name]
        if value is not None:
            answer["headers"][name] = value

    return change


def sent_work_begins_first(answer: dict[str, Any]) -> None:
    """The step that was sent an event begins before the one that sent it has returned."""
    returned, begins = answer["body"][1], answer["body"][2]
    assert returned["data"]["value"]["name"] == "dispatch"
    assert begins["data"]["value"]["name"] == "work"
    returned["data"], begins["data"] = begins["data"], returned["data"]


def optional_fields_may_be_absent(answer: dict[str, Any]) -> None:
    """`ratio` and `inner` of `EchoStop` are not required."""
    stops = [schema for schema in schemas(answer["json"]) if schema.get("title") == "EchoStop"]
    assert len(stops) == 1
    for name in ("ratio", "inner"):
        stops[0]["required"].remove(name)


def schemas(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the schemas in an answer of the catalog, or in a graph."""
    if "graph" in body:
        return [node["event_schema"] for node in body["graph"]["nodes"] if "event_schema" in node]
    return body["events"] if "events" in body else list(body.values())


DEVIATIONS = (
    Deviation(
        "stream-cursors",
        (
            "no query",
            "?after_sequence=now",
            "?after_sequence=5",
            "?after_sequence=999",
            "Last-Event-ID 5",
            "Last-Event-ID garbage",
        ),
        "the type of a 204",
        "there is no content, so it has no type",
        header("content-type", None),
    ),
    Deviation(
        "service",
        ("CORS, preflight",),
        "`Vary` of a preflight",
        "the answer does not depend on `Access-Control-Request-Private-Network`",
        header("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ),
    Deviation(
        "run",
        ("null start event, required field",),
        "`start_event: null` for a class with required fields",
        "the client's mistake; a run that cannot begin must not block its handler",
        refused(
            "Validation error for 'start_event': Failed to deserialize event: "
            "1 validation error for EchoStart\ntext\n  Field required"
        ),
    ),
    Deviation(
        "send",
        ("body is an array",),
        "a `handler_id` of a wrong type, a body that is no object",
        "the client's mistake",
        refused("Error processing request: "),
    ),
    *(
        Deviation(
            topic,
            ("echo",),
            "fields of a stop event that may be null",
            "a Rust field of type `Option` may be absent",
            optional_fields_may_be_absent,
        )
        for topic in ("schema", "events", "representation")
    ),
    Deviation(
        "streams",
        (
            "fanout, sse=true, include_internal=true",
            "fanout, sse=false, include_internal=true",
        ),
        "order of sends and results of a step",
        "a step sends before it returns, and the stream says so",
        sent_work_begins_first,
    ),
)


def expected(topic: str, title: str, recorded: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer that is expected in place of a recorded one."""
    answer = copy.deepcopy(recorded)
    for deviation in deviations_of(topic, title):
        deviation.change(answer)
    return answer


def deviations_of(topic: str, title: str) -> list[Deviation]:
    return [d for d in DEVIATIONS if d.topic == topic and title in d.titles]
