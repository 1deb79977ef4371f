"""Helpers of the suite."""

import asyncio
import json
import re
import socket
import struct
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from collections.abc import AsyncIterator
from urllib.parse import quote, urlsplit

import httpx

from program import PATIENCE

# After how many seconds of silence the servers say that a stream is still there.
HEARTBEAT = 1.0

UNICODE_WORKFLOW = "grüße-世界"
WORKFLOWS = {
    "greet",
    "hello",
    "human",
    "classic-human",
    "fail",
    "timeout",
    "slow",
    "counter",
    "fanout",
    "retry",
    "wait",
    "burst",
    "echo",
    "two-human",
    "steps-target",
    "quiet",
    UNICODE_WORKFLOW,
}

HANDLER_KEYS = {
    "handler_id",
    "workflow_name",
    "run_id",
    "error",
    "result",
    "status",
    "started_at",
    "updated_at",
    "completed_at",
}
OPTIONAL_HANDLER_KEYS = {"result_unreadable"}
ENVELOPE_KEYS = {"value", "qualified_name", "type", "types"}


def uid(prefix: str = "c") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:14]}"


def seg(text: str) -> str:
    """Percent-encode one path segment."""
    return quote(text, safe="")


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 instant; it must carry a UTC offset of zero."""
    assert isinstance(text, str), text
    value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert value.tzinfo is not None, f"naive timestamp {text!r}"
    assert value.utcoffset() == timedelta(0), text
    return value


def detail(response: httpx.Response) -> str:
    """The text of an error body; the body must be exactly {"detail": <text>}."""
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"detail"}, body
    assert isinstance(body["detail"], str), body
    return body["detail"]


def check_handler(data: dict[str, Any]) -> dict[str, Any]:
    """Assert the shape that every handler record shares, whatever its state."""
    keys = set(data)
    assert HANDLER_KEYS <= keys, HANDLER_KEYS - keys
    assert keys - HANDLER_KEYS <= OPTIONAL_HANDLER_KEYS, keys - HANDLER_KEYS
    if "result_unreadable" in data:
        assert data["result_unreadable"] is False
    assert isinstance(data["handler_id"], str) and data["handler_id"]
    assert isinstance(data["run_id"], str) and data["run_id"]
    assert isinstance(data["workflow_name"], str) and data["workflow_name"]
    assert data["status"] in {"running", "completed", "failed", "cancelled"}
    started = parse_time(data["started_at"])
    updated = parse_time(data["updated_at"])
    assert updated >= started
    if data["status"] == "running":
        assert data["completed_at"] is None
    else:
        assert parse_time(data["completed_at"]) >= started
    if data["status"] == "completed":
        check_envelope(data["result"])
        assert data["error"] is None
    else:
        assert data["result"] is None
    if data["status"] == "failed":
        assert isinstance(data["error"], str)
    else:
        assert data["error"] is None
    return data


def check_envelope(data: dict[str, Any]) -> dict[str, Any]:
    assert set(data) == ENVELOPE_KEYS, data
    assert isinstance(data["value"], dict)
    assert isinstance(data["type"], str) and data["type"]
    assert data["qualified_name"] is None or data["qualified_name"].endswith("." + data["type"])
    assert data["types"] is None or (
        data["types"] and all(isinstance(t, str) for t in data["types"])
    )
    return data


def stop_envelope(value: dict[str, Any]) -> dict[str, Any]:
    """The envelope of the built-in stop event."""
    return {
        "value": value,
        "qualified_name": "workflows.events.StopEvent",
        "type": "StopEvent",
        "types": None,
    }


def class_name(text: str | None) -> str | None:
    """Reduce ``<class 'a.b.C'>`` or ``C`` to ``C``."""
    if text is None:
        return None
    match = re.fullmatch(r"<class '(?:[\w.]+\.)?(\w+)'>", text)
    return match.group(1) if match else text


def is_internal(envelope: dict[str, Any]) -> bool:
    return "InternalDispatchEvent" in (envelope["types"] or [])


def is_terminal(envelope: dict[str, Any]) -> bool:
    return "StopEvent" in [envelope["type"], *(envelope["types"] or [])]


def schema_fields(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Flatten a JSON schema's properties to {name: {types, enum, items, has_default}}.

    References are resolved against ``$defs`` or ``definitions`` and the usual ways
    to spell a nullable or a composed type are folded, so that schemas of different
    generators compare equal.
    """
    defs = {**schema.get("definitions", {}), **schema.get("$defs", {})}

    def walk(node: Any) -> dict[str, Any]:
        out: dict[str, Any] = {"types": set(), "enum": set(), "fields": {}, "items": None}

        def merge(other: dict[str, Any]) -> None:
            out["types"] |= other["types"]
            out["enum"] |= other["enum"]
            out["fields"].update(other["fields"])
            out["items"] = out["items"] or other["items"]

        if not isinstance(node, dict):
            return out
        if "$ref" in node:
            merge(walk(defs[node["$ref"].rsplit("/", 1)[-1]]))
        for key in ("anyOf", "oneOf", "allOf"):
            for part in node.get(key, []):
                merge(walk(part))
        kind = node.get("type")
        if isinstance(kind, str):
            out["types"].add(kind)
        elif isinstance(kind, list):
            out["types"] |= set(kind)
        if node.get("nullable"):
            out["types"].add("null")
        if "const" in node:
            out["enum"].add(node["const"])
        out["enum"] |= set(node.get("enum", []))
        if "items" in node:
            out["items"] = walk(node["items"])
        for name, sub in node.get("properties", {}).items():
            out["fields"][name] = walk(sub)
        return out

    fields = walk({"type": "object", "properties": schema.get("properties", {})})
    return fields["fields"]


@dataclass
class Frame:
    """One item of an event stream."""

    id: int | None
    event: dict[str, Any]

    @property
    def type(self) -> str:
        return self.event["type"]

    @property
    def value(self) -> dict[str, Any]:
        return self.event["value"]


class EventReader:
    """Reads one open event stream; splits on LF only, as both formats require."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments: list[str] = []
        self._chunks = response.aiter_bytes()
        self._buffer = b""
        self._sse = response.headers.get("content-type", "").startswith("text/event-stream")
        self._id: int | None = None
        self._data: list[str] = []

    async def _line(self) -> str | None:
        while b"\n" not in self._buffer:
            try:
                self._buffer += await self._chunks.__anext__()
            except StopAsyncIteration:
                assert not self._buffer, f"unterminated line {self._buffer[:200]!r}"
                return None
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode("utf-8").rstrip("\r")

    async def next(self) -> Frame | None:
        """The next frame, or None at the end of the stream."""
        while True:
            line = await self._line()
            if line is None:
                assert not self._data, "stream ended inside a frame"
                return None
            if not self._sse:
                if not line:
                    continue
                return Frame(None, check_envelope(json.loads(line)))
            if line == "":
                if not self._data:
                    continue
                event = check_envelope(json.loads("\n".join(self._data)))
                frame = Frame(self._id, event)
                self._id, self._data = None, []
                return frame
            if line.startswith(":"):
                self.comments.append(line[1:].strip())
                continue
            name, _, text = line.partition(":")
            text = text[1:] if text.startswith(" ") else text
            if name == "id":
                self._id = int(text)
            elif name == "data":
                self._data.append(text)
            else:
                raise AssertionError(f"unexpected stream field {name!r}")

    async def rest(self) -> list[Frame]:
        frames = []
        while True:
            frame = await self.next()
            if frame is None:
                return frames
            frames.append(frame)

    async def commented(self, times: int) -> None:
        """Wait until this many comments have come; somebody else has to read."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + PATIENCE
        while len(self.comments) < times:
            assert loop.time() < limit, f"{len(self.comments)} comments of {times}"
            await asyncio.sleep(0.02)

    async def until(self, event_type: str) -> list[Frame]:
        """Read up to and including the first event of this type."""
        frames = []
        while True:
            frame = await self.next()
            assert frame is not None, (
                f"stream ended before {event_type}: {[f.type for f in frames]}"
            )
            frames.append(frame)
            if frame.type == event_type:
                return frames


class Api:
    """Raw access to the protocol, one fresh connection per request."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(PATIENCE * 2),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
        self.started: list[str] = []

    async def close(self) -> None:
        for handler_id in self.started:
            try:
                await self.http.post(f"/handlers/{seg(handler_id)}/cancel")
            except httpx.HTTPError:
                pass
        await self.http.aclose()

    async def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.http.get(path, **kwargs)

    async def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.http.post(path, **kwargs)

    # runs ------------------------------------------------------------------
    async def run(self, workflow: str, **body: Any) -> httpx.Response:
        return await self.post(f"/workflows/{seg(workflow)}/run", json=body)

    async def nowait(self, workflow: str, **body: Any) -> httpx.Response:
        return await self.post(f"/workflows/{seg(workflow)}/run-nowait", json=body)

    async def start(self, workflow: str, **body: Any) -> str:
        """Start without waiting and return the handler id."""
        response = await self.nowait(workflow, **body)
        assert response.status_code == 200, response.text
        handler_id = response.json()["handler_id"]
        self.started.append(handler_id)
        return handler_id

    async def finish(self, workflow: str, **body: Any) -> dict[str, Any]:
        """Run to completion and return the handler record."""
        response = await self.run(workflow, **body)
        assert response.status_code == 200, response.text
        return check_handler(response.json())

    async def result(self, workflow: str, start_event: Any = None, **body: Any) -> Any:
        """Run to completion and return the bare value of the stop event."""
        if start_event is not None:
            body["start_event"] = start_event
        return (await self.finish(workflow, **body))["result"]["value"]

    # handlers --------------------------------------------------------------
    async def handler(self, handler_id: str) -> httpx.Response:
        return await self.get(f"/handlers/{seg(handler_id)}")

    async def ended(self, handler_id: str) -> dict[str, Any]:
        """Poll until the handler has left the running state."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + PATIENCE
        while True:
            response = await self.handler(handler_id)
            data = check_handler(response.json())
            if data["status"] != "running":
                return data
            assert response.status_code == 202
            assert loop.time() < limit, f"{handler_id} is still running"
            await asyncio.sleep(0.02)

    async def cancel(self, handler_id: str, **params: str) -> httpx.Response:
        return await self.post(f"/handlers/{seg(handler_id)}/cancel", params=params)

    async def handlers(self, query: str = "") -> list[dict[str, Any]]:
        response = await self.get("/handlers" + query)
        assert response.status_code == 200, response.text
        assert set(response.json()) == {"handlers"}
        return response.json()["handlers"]

    async def listed(self, query: str, among: list[str]) -> list[str]:
        """Which of the given handler ids the filtered list names, in given order."""
        seen = {h["handler_id"] for h in await self.handlers(query)}
        return [h for h in among if h in seen]

    # events ----------------------------------------------------------------
    @asynccontextmanager
    async def stream(
        self,
        handler_id: str,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> AsyncIterator[EventReader]:
        async with self.http.stream(
            "GET",
            f"/events/{seg(handler_id)}",
            params={k: str(v) for k, v in params.items()},
            headers=headers,
        ) as response:
            assert response.status_code == 200, response.status_code
            yield EventReader(response)

    async def frames(
        self,
        handler_id: str,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> list[Frame]:
        """The whole stream; from the start unless a cursor is given."""
        params.setdefault("after_sequence", -1)
        async with self.stream(handler_id, headers, **params) as reader:
            return await reader.rest()

    async def internal(self, handler_id: str) -> list[Frame]:
        return await self.frames(handler_id, include_internal="true")

    async def seen(self, handler_id: str, event_type: str) -> Frame:
        """Wait until an event of this type is in the stream; return the first one."""
        async with self.stream(handler_id, after_sequence=-1, include_internal="true") as reader:
            return (await reader.until(event_type))[-1]

    async def count(self, handler_id: str, event_type: str, times: int) -> None:
        """Wait until this many events of this type are in the stream."""
        async with self.stream(handler_id, after_sequence=-1, include_internal="true") as reader:
            for _ in range(times):
                await reader.until(event_type)

    async def raw_events(self, handler_id: str, query: str = "", **kwargs: Any) -> httpx.Response:
        return await self.get(f"/events/{seg(handler_id)}{query}", **kwargs)

    async def send_raw(self, handler_id: str, body: Any) -> httpx.Response:
        return await self.post(f"/events/{seg(handler_id)}", json=body)

    async def send(
        self, handler_id: str, event_type: str, step: str | None = None, **value: Any
    ) -> None:
        body: dict[str, Any] = {"event": {"type": event_type, "value": value}}
        if step is not None:
            body["step"] = step
        response = await self.send_raw(handler_id, body)
        assert response.status_code == 200, response.text
        assert response.json() == {"status": "sent"}


class CuttingProxy:
    """A TCP relay that drops the connection while an event stream is being read.

    Every entry of ``cuts`` is the number of complete frames to let pass on one
    event-stream connection before it is reset; connections after the last entry
    are relayed untouched.  With ``inside`` the reset comes in the middle of the
    following frame.
    """

    def __init__(self, target: str, cuts: list[int], inside: bool = False) -> None:
        parts = urlsplit(target)
        self.host, self.port = parts.hostname, parts.port or 80
        self.cuts = list(cuts)
        self.inside = inside
        self.requests: list[str] = []

    async def __aenter__(self) -> "CuttingProxy":
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self.host, self.port)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line = head.split(b"\r\n", 1)[0].decode()
            self.requests.append(line)
            lines = [
                text for text in head.split(b"\r\n") if not text.lower().startswith(b"connection:")
            ]
            up_writer.write(b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]))
            cut = self.cuts.pop(0) if " /events/" in line and self.cuts else None
            up_task = asyncio.create_task(self._pump(reader, up_writer))
            passed, pending = 0, b""
            while True:
                chunk = await up_reader.read(65536)
                if not chunk:
                    break
                if cut is None:
                    writer.write(chunk)
                    await writer.drain()
                    continue
                pending += chunk
                while b"\n\n" in pending and passed < cut:
                    frame, pending = pending.split(b"\n\n", 1)
                    writer.write(frame + b"\n\n")
                    if b"data:" in frame:
                        passed += 1
                await writer.drain()
                if passed >= cut and (not self.inside or len(pending) > 12):
                    if self.inside:
                        writer.write(pending[: len(pending) // 2])
                        await writer.drain()
                    await asyncio.sleep(0.05)  # let the frames reach the reader
                    self._reset(writer)
                    break
            up_task.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            up_writer.close()
            writer.close()

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            chunk = await reader.read(65536)
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()

    @staticmethod
    def _reset(writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
