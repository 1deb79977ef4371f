"""Raw access to the protocol: what the published client hides from a test."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

RECORD_MEMBERS = {
    "handler_id",
    "workflow_name",
    "run_id",
    "error",
    "result",
    "result_unreadable",
    "status",
    "started_at",
    "updated_at",
    "completed_at",
}
ENVELOPE_MEMBERS = {"value", "qualified_name", "type", "types"}
NOT_AN_OBJECT = "Failed to deserialize event. Must be a json object, or stringified json object"
# Bodies that no JSON parser takes, by what is wrong with them.
MALFORMED = [
    pytest.param(content, id=name)
    for name, content in {
        "empty": b"",
        "cut off": b"{",
        "a word": b"nonsense",
        "single quotes": b"{'a': 1}",
        "something behind": b'{"a": 1} b',
        "no UTF-8": b"\xff\xfe{}",
        "no UTF-8 in a text": b'{"start_event": "\xff"}',
        "zeros": b"\x00" * 100,
    }.items()
]
SSE_FRAME = re.compile(rb"id: (\d+)\ndata: (\{[^\r\n]*\})\n\n")


# Events --------------------------------------------------------------------------------


def envelope(name: str, value: dict[str, Any], types: list[str] | None = None) -> dict[str, Any]:
    """The envelope of an event class that the demo declares."""
    return {"value": value, "qualified_name": f"__main__.{name}", "type": name, "types": types}


def builtin(name: str, value: dict[str, Any], types: list[str] | None = None) -> dict[str, Any]:
    """The envelope of an event class of the framework."""
    qualified = f"workflows.events.{name}"
    return {"value": value, "qualified_name": qualified, "type": name, "types": types}


def progress(sequence: int) -> dict[str, Any]:
    return envelope("StreamEvent", {"sequence": sequence})


def greeting(name: str) -> dict[str, Any]:
    return builtin("StopEvent", {"result": f"Hello, {name}!"})


QUESTION = envelope("RequestEvent", {"prompt": "What is your name?"}, ["InputRequiredEvent"])
CANCELLED = builtin("WorkflowCancelledEvent", {}, ["StopEvent"])


def answer(name: str) -> dict[str, Any]:
    """The body of a request that answers the question."""
    return {"event": {"type": "ResponseEvent", "value": {"response": name}}}


def answered(name: str) -> dict[str, Any]:
    return envelope("OutEvent", {"output": f"Hello, {name}"}, ["StopEvent"])


def is_terminal(event: dict[str, Any]) -> bool:
    return "StopEvent" in [event["type"], *(event["types"] or [])]


def is_internal(event: dict[str, Any]) -> bool:
    return "InternalDispatchEvent" in (event["types"] or [])


# Checks --------------------------------------------------------------------------------


def detail(response: httpx.Response, status: int) -> str:
    """The text of an error, whose body must be `{"detail": text}` and nothing else."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"detail"}, body
    assert isinstance(body["detail"], str) and body["detail"], body
    return body["detail"]


def instant(text: str) -> datetime:
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert time.utcoffset() == timedelta(0), text
    return time


def check_record(record: dict[str, Any]) -> dict[str, Any]:
    """The shape that every handler record has, whatever became of its run."""
    assert set(record) == RECORD_MEMBERS, set(record) ^ RECORD_MEMBERS
    assert record["handler_id"] and record["run_id"]
    assert record["result_unreadable"] is False
    assert instant(record["updated_at"]) >= instant(record["started_at"])
    status = record["status"]
    assert status in {"running", "completed", "failed", "cancelled"}
    assert (record["completed_at"] is None) == (status == "running")
    assert (record["result"] is not None) == (status == "completed")
    assert (record["error"] is not None) == (status == "failed")
    return record


# Streams -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """One entry of an event stream."""

    id: int
    event: dict[str, Any]


def parse_frame(raw: bytes) -> Frame:
    found = SSE_FRAME.fullmatch(raw)
    assert found, f"not a frame: {raw!r}"
    event = json.loads(found[2])
    assert set(event) == ENVELOPE_MEMBERS, event
    return Frame(int(found[1]), event)


class Reader:
    """Reads an open stream frame by frame."""

    def __init__(self, response: httpx.Response) -> None:
        self._chunks = response.aiter_bytes()
        self._buffer = b""

    async def next(self) -> Frame | None:
        """The next frame, or None at the end of the stream."""
        while True:
            while b"\n\n" not in self._buffer:
                chunk = await anext(self._chunks, None)
                if chunk is None:
                    assert not self._buffer, f"the stream ended inside {self._buffer!r}"
                    return None
                self._buffer += chunk
            raw, self._buffer = self._buffer.split(b"\n\n", 1)
            if not raw.startswith(b":"):
                return parse_frame(raw + b"\n\n")

    async def rest(self) -> list[Frame]:
        frames = []
        while frame := await self.next():
            frames.append(frame)
        return frames

    async def until(self, event_type: str) -> list[Frame]:
        """Reads up to and including the first event of this type."""
        frames = []
        while frame := await self.next():
            frames.append(frame)
            if frame.event["type"] == event_type:
                return frames
        raise AssertionError(f"the stream ended before {event_type}: {frames}")


class Api(httpx.AsyncClient):
    """An HTTP client with the few requests that most tests begin with."""

    async def begin(self, workflow: str, **body: Any) -> str:
        """Starts a run without waiting for it and returns its handler id."""
        response = await self.post(f"/workflows/{workflow}/run-nowait", json=body)
        assert response.status_code == 200, response.text
        assert check_record(response.json())["status"] == "running"
        return response.json()["handler_id"]

    @asynccontextmanager
    async def stream_of(self, handler_id: str, **params: Any) -> AsyncIterator[Reader]:
        path = f"/events/{handler_id}"
        async with self.stream("GET", path, params=params) as response:
            assert response.status_code == 200, response.status_code
            yield Reader(response)

    async def log(self, handler_id: str, **params: Any) -> list[Frame]:
        """Every event of the run, which this waits for: the stream ends with the run."""
        async with self.stream_of(handler_id, after_sequence=-1, **params) as reader:
            frames = await reader.rest()
        terminal = [frame for frame in frames if is_terminal(frame.event)]
        assert terminal == frames[-1:], "one terminal event, and at the end"
        ids = [frame.id for frame in frames]
        assert ids == sorted(set(ids)), "every sequence once, and in order"
        return frames

    async def asked(self) -> str:
        """Starts `human`, waits until the question is out, and returns the handler id."""
        handler_id = await self.begin("human")
        async with self.stream_of(handler_id, after_sequence=-1) as reader:
            await reader.until("RequestEvent")
        return handler_id

    async def tell(self, handler_id: str, body: dict[str, Any]) -> None:
        response = await self.post(f"/events/{handler_id}", json=body)
        assert response.status_code == 200, response.text
        assert response.json() == {"status": "sent"}

    async def record(self, handler_id: str, status: int) -> dict[str, Any]:
        response = await self.get(f"/handlers/{handler_id}")
        assert response.status_code == status, response.text
        return check_record(response.json())
