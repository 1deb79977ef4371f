"""Bodies that are too large, bytes that are no HTTP, and JSON made up at random."""

import json
import random
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from server import PATIENCE, WORKFLOWS, Server
from wire import QUESTION, Api, answer, answered, detail

pytestmark = pytest.mark.usefixtures("the_server_lives_on")

BODY_LIMIT = 4 * 1024 * 1024


def padded(body: dict, size: int) -> bytes:
    """This body, with a member that nobody reads, as exactly `size` bytes of JSON."""
    bare = len(json.dumps({**body, "padding": ""}))
    content = json.dumps({**body, "padding": "x" * (size - bare)}).encode()
    assert len(content) == size
    return content


# The blocking client, because it still reads an answer that comes before the body is sent.
@pytest.mark.parametrize("path", ["/workflows/human/run-nowait", "/events/missing"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(server: Server, path: str, chunked: bool) -> None:
    for size in (BODY_LIMIT + 1, 4 * BODY_LIMIT):
        content = padded(answer("Ada"), size)
        halves = iter([content[: size // 2], content[size // 2 :]])
        response = httpx.post(
            server.base_url + path, content=halves if chunked else content, timeout=PATIENCE
        )
        assert ("transfer-encoding" in response.request.headers) == chunked
        detail(response, 413)


async def test_a_body_at_the_limit_is_taken(http: Api) -> None:
    content = padded({}, BODY_LIMIT)
    response = await http.post("/workflows/human/run-nowait", content=content)
    assert response.status_code == 200, response.text
    handler_id = response.json()["handler_id"]
    response = await http.post(f"/events/{handler_id}", content=padded(answer("A"), BODY_LIMIT))
    assert response.status_code == 200, response.text
    assert [f.event for f in await http.log(handler_id)] == [QUESTION, answered("A")]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello?\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /workflows/greet/run HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /events/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(
    server: Server, request_bytes: bytes
) -> None:
    address = urlsplit(server.base_url)
    answer_bytes = b""
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(request_bytes)
            while chunk := connection.recv(65536):
                answer_bytes += chunk
        except ConnectionError:
            pass  # refused before all of it was sent
    assert answer_bytes == b"" or answer_bytes.startswith(b"HTTP/1.1 4")


# Made-up requests ----------------------------------------------------------------------


WORDS = [
    "start_event",
    "kwargs",
    "context",
    "handler_id",
    "event",
    "step",
    "type",
    "qualified_name",
    "value",
    "data",
    "_data",
    "types",
    "name",
    "items",
    "response",
    "",
]
VALUES = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    1e300,
    "",
    "\x00",
    "\ud800",
    "{}",
    '{"value": {}}',
    "x" * 5000,
]
CLASSES = ["StartEvent", "StopEvent", "FanOutStart", "RequestEvent", "OutEvent", "Nope", None]


def made_up(dice: random.Random, depth: int = 0) -> Any:
    """A JSON value of the protocol's own words and of values that are hard to swallow."""
    kind = dice.choice(["value", "list", "object", "envelope", "envelope"])
    if depth == 5 or kind == "value":
        return dice.choice(VALUES)
    if kind == "list":
        return [made_up(dice, depth + 1) for _ in range(dice.randrange(3))]
    if kind == "envelope":
        return {"type": dice.choice(CLASSES), "value": made_up(dice, depth + 1)}
    words = dice.sample(WORDS, dice.randrange(4))
    return {word: made_up(dice, depth + 1) for word in words}


@pytest.mark.parametrize("seed", range(5))
async def test_no_made_up_body_is_answered_with_a_server_error(http: Api, seed: int) -> None:
    dice = random.Random(seed)
    waiting = await http.asked()
    for _ in range(200):
        if dice.random() < 0.5:
            path = f"/workflows/{dice.choice(sorted(WORKFLOWS))}/run-nowait"
            body = {dice.choice(["start_event", "kwargs"]): made_up(dice)}
        else:
            path = f"/events/{waiting}"
            body = {"event": made_up(dice)}
        if dice.random() < 0.3:
            body[dice.choice(WORDS)] = made_up(dice)
        response = await http.post(path, content=json.dumps(body))
        if response.status_code == 200:
            assert "handler_id" in response.json() or response.json() == {"status": "sent"}
        elif response.status_code == 500:
            assert detail(response, 500).startswith("Failed to send event: Step "), (path, body)
        else:
            assert response.status_code in {400, 409}, (path, body, response.text)
            detail(response, response.status_code)
