"""A thousand runs of the demo at once, each read by a stream of its own to the end.

`cargo xtask crowd` does more of this with workflows that are made for it.
"""

import asyncio
import json
import resource
from typing import Any

import pytest

from server import Server
from wire import QUESTION, answer, answered, greeting, progress

RUNS = 1000


@pytest.fixture(autouse=True)
def as_many_files_as_there_may_be() -> None:
    """Each connection is a file, and a shell's limit is often as low as the number of runs."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Crowd:
    """What the runs share. Connections are bare: a thousand clients would be slower than runs."""

    def __init__(self, server: Server) -> None:
        host, port = server.base_url.removeprefix("http://").split(":")
        self._address = (host, int(port))
        self._asked = 0
        self.all_asked = asyncio.Event()

    async def send(self, method: str, path: str, body: Any = None) -> bytes:
        """Sends a request and returns the whole answer, which must be 200."""
        reader, writer = await asyncio.open_connection(*self._address)
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        received, asked = b"", False
        while chunk := await reader.read(65536):
            received += chunk
            if not asked and b'"type":"RequestEvent"' in received:
                asked = True
                self._asked += 1
                if self._asked == RUNS:
                    self.all_asked.set()
        writer.close()
        assert received.startswith(b"HTTP/1.1 200 "), received
        return received

    async def read(self, handler_id: str) -> list[Any]:
        """The events of a run, whose stream must end in order."""
        path = f"/events/{handler_id}?after_sequence=-1&sse=false"
        received = await self.send("GET", path)
        assert received.endswith(b"\r\n0\r\n\r\n"), "the stream was cut"
        return [json.loads(line) for line in received.splitlines() if line.startswith(b'{"value"')]

    async def greet(self, name: str) -> None:
        body = {"handler_id": name, "start_event": {"name": name}}
        await self.send("POST", "/workflows/greet/run-nowait", body)
        events = [progress(0), progress(1), progress(2), greeting(name)]
        assert await self.read(name) == events

    async def ask(self, name: str, all_are_alive: asyncio.Event) -> None:
        await self.send("POST", "/workflows/human/run-nowait", {"handler_id": name})
        reading = asyncio.create_task(self.read(name))
        await all_are_alive.wait()
        await self.send("POST", f"/events/{name}", answer(name))
        assert await reading == [QUESTION, answered(name)]


async def test_a_thousand_runs_are_alive_and_read_at_once(own_server: Server) -> None:
    crowd = Crowd(own_server)
    all_are_alive = asyncio.Event()
    asks = asyncio.gather(*[crowd.ask(f"run-{number}", all_are_alive) for number in range(RUNS)])
    asked = asyncio.create_task(crowd.all_asked.wait())
    await asyncio.wait([asks, asked], return_when=asyncio.FIRST_COMPLETED)
    assert not asks.done(), asks.exception()
    received = await crowd.send("GET", "/handlers?status=running")
    handlers = json.loads(received.split(b"\r\n\r\n", 1)[1])["handlers"]
    assert len({handler["run_id"] for handler in handlers}) == RUNS
    all_are_alive.set()
    await asks


async def test_a_thousand_runs_publish_at_once(own_server: Server) -> None:
    crowd = Crowd(own_server)
    await asyncio.gather(*[crowd.greet(f"run-{number}") for number in range(RUNS)])
