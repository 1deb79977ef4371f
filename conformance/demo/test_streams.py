"""The bytes of an event stream: framing, cursors, and the answers without a stream."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from server import Server
from wire import (
    QUESTION,
    Api,
    Frame,
    answer,
    answered,
    detail,
    greeting,
    is_internal,
    parse_frame,
    progress,
)

GREETING = [*map(progress, range(3)), greeting("Zoë")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def greeted(server: Server) -> str:
    """The handler id of a run of `greet` that has ended."""
    async with Api(base_url=server.base_url) as http:
        handler_id = await http.begin("greet", start_event={"name": "Zoë"})
        await http.log(handler_id)
        return handler_id


async def frames_of(http: Api, handler_id: str, query: str = "", **headers: str) -> list[Frame]:
    """The frames of a whole answer, of which no byte may be anything but a frame."""
    response = await http.get(
        f"/events/{handler_id}?after_sequence=-1{query}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.content.endswith(b"\n\n")
    return [parse_frame(raw + b"\n\n") for raw in response.content[:-2].split(b"\n\n")]


# Framing -------------------------------------------------------------------------------


async def test_a_frame_is_an_id_line_and_a_data_line(http: Api, greeted: str) -> None:
    assert [frame.event for frame in await frames_of(http, greeted)] == GREETING


async def test_text_beyond_ascii_is_sent_raw(http: Api, greeted: str) -> None:
    response = await http.get(f"/events/{greeted}?after_sequence=-1")
    assert "Hello, Zoë!".encode() in response.content


@pytest.mark.parametrize("sse", ["false", "0", "1", "yes", ""])
async def test_ndjson_is_one_envelope_per_line(http: Api, greeted: str, sse: str) -> None:
    response = await http.get(f"/events/{greeted}?after_sequence=-1&sse={sse}")
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == "application/x-ndjson"
    assert response.content.endswith(b"\n")
    lines = response.content[:-1].split(b"\n")
    assert [json.loads(line) for line in lines] == GREETING


@pytest.mark.parametrize("name", ["a\u0085b", "a\u2028b", "a\u2029b"])
async def test_line_breaks_of_unicode_are_escaped_in_frames(http: Api, name: str) -> None:
    handler_id = await http.begin("human")
    await http.tell(handler_id, answer(name))
    assert (await http.log(handler_id))[-1].event == answered(name)
    for sse in ("true", "false"):
        response = await http.get(f"/events/{handler_id}?after_sequence=-1&sse={sse}")
        assert name[1].encode() not in response.content


async def test_without_qualified_names_the_member_is_null(http: Api, greeted: str) -> None:
    frames = await frames_of(http, greeted, "&include_qualified_name=false")
    assert [frame.event for frame in frames] == [{**e, "qualified_name": None} for e in GREETING]


async def test_internal_events_share_the_numbers_of_the_public_ones(
    http: Api, greeted: str
) -> None:
    public = await frames_of(http, greeted, "&include_internal=false")
    everything = await frames_of(http, greeted, "&include_internal=true")
    assert [frame.id for frame in everything] == list(range(len(everything)))
    assert [frame for frame in everything if not is_internal(frame.event)] == public
    internal = [frame.event for frame in everything if is_internal(frame.event)]
    assert [event["value"]["step_state"] for event in internal] == ["running", "not_running"]
    assert {event["qualified_name"] for event in internal} == {"workflows.events.StepStateChanged"}
    assert {event["types"][0] for event in internal} == {"InternalDispatchEvent"}


async def test_an_idle_run_says_so_among_the_internal_events(http: Api) -> None:
    handler_id = await http.begin("human")
    async with http.stream_of(handler_id, after_sequence=-1, include_internal="true") as reader:
        frames = await reader.until("WorkflowIdleEvent")
    assert [frame.event for frame in frames if not is_internal(frame.event)] == [QUESTION]
    assert [frame.id for frame in frames] == list(range(len(frames)))


# Cursors -------------------------------------------------------------------------------


async def test_a_cursor_skips_what_it_names(http: Api, greeted: str) -> None:
    frames = await http.log(greeted)
    for index, frame in enumerate(frames[:-1]):
        later = await http.get(f"/events/{greeted}?after_sequence={frame.id}")
        raw = [part + b"\n\n" for part in later.content[:-2].split(b"\n\n")]
        assert [parse_frame(part) for part in raw] == frames[index + 1 :]


async def test_a_cursor_holds_for_ndjson_too(http: Api, greeted: str) -> None:
    frames = await http.log(greeted)
    response = await http.get(f"/events/{greeted}?sse=false&after_sequence={frames[1].id}")
    lines = response.content[:-1].split(b"\n")
    assert [json.loads(line) for line in lines] == [frame.event for frame in frames[2:]]


async def test_last_event_id_overrides_the_cursor(http: Api, greeted: str) -> None:
    frames = await frames_of(http, greeted)
    later = await frames_of(http, greeted, Last_Event_ID=str(frames[1].id))
    assert later == frames[2:]


@pytest.mark.parametrize("text", ["", "abc", "1.5"])
async def test_a_last_event_id_that_is_no_number_is_ignored(
    http: Api, greeted: str, text: str
) -> None:
    frames = await frames_of(http, greeted, Last_Event_ID=text)
    assert [frame.event for frame in frames] == GREETING


async def test_last_event_id_means_nothing_to_ndjson(http: Api, greeted: str) -> None:
    last = (await http.log(greeted))[-1].id
    response = await http.get(
        f"/events/{greeted}?sse=false&after_sequence=-1", headers={"Last-Event-ID": str(last)}
    )
    assert response.content.count(b"\n") == len(GREETING)


@pytest.mark.parametrize("query", ["", "?after_sequence=now", "?after_sequence=NOW"])
async def test_now_on_a_live_run_tells_only_what_comes_later(http: Api, query: str) -> None:
    handler_id = await http.asked()
    async with http.stream("GET", f"/events/{handler_id}{query}") as response:
        assert response.status_code == 200
        await http.tell(handler_id, answer("Kim"))
        body = await response.aread()
    assert parse_frame(body).event == answered("Kim")


async def test_a_cursor_past_the_end_of_a_live_run_never_tells_what_lies_before(
    http: Api,
) -> None:
    handler_id = await http.asked()
    async with http.stream_of(handler_id, after_sequence=1_000_000) as reader:
        await http.tell(handler_id, answer("Kim"))
        assert await reader.rest() == []
    assert (await http.log(handler_id))[-1].event == answered("Kim")


# Answers without a stream --------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "?after_sequence=now", "?sse=false", "?sse=false&after_sequence=now"]
)
async def test_now_on_an_ended_run_is_204_without_a_body(
    http: Api, greeted: str, query: str
) -> None:
    response = await http.get(f"/events/{greeted}{query}")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("beyond", [0, 1, 1_000_000])
@pytest.mark.parametrize("sse", ["true", "false"])
async def test_a_cursor_at_or_past_the_end_of_an_ended_run_is_204(
    http: Api, greeted: str, beyond: int, sse: str
) -> None:
    cursor = (await http.log(greeted))[-1].id + beyond
    response = await http.get(f"/events/{greeted}?after_sequence={cursor}&sse={sse}")
    assert (response.status_code, response.content) == (204, b"")


async def test_last_event_id_at_the_end_is_204(http: Api, greeted: str) -> None:
    last = (await http.log(greeted))[-1].id
    response = await http.get(
        f"/events/{greeted}?after_sequence=-1", headers={"Last-Event-ID": str(last)}
    )
    assert (response.status_code, response.content) == (204, b"")


async def test_a_connection_stays_usable_after_204(server: Server, greeted: str) -> None:
    connection = HTTPConnection(urlsplit(server.base_url).netloc, timeout=30)
    connection.connect()
    connection.auto_open = False  # a dropped connection is an error, not a reason to reconnect
    for path, status in ((f"/events/{greeted}", 204), ("/health", 200)):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


@pytest.mark.parametrize("cursor", ["abc", "1.5", "", "0x1", "1e3", "nowish"])
async def test_a_cursor_that_is_no_number_is_400(http: Api, greeted: str, cursor: str) -> None:
    for path in (f"/events/{greeted}", "/events/missing"):
        for headers in ({}, {"Last-Event-ID": "1"}):
            response = await http.get(f"{path}?after_sequence={cursor}", headers=headers)
            assert detail(response, 400) == f"Invalid after_sequence: '{cursor}'"


@pytest.mark.parametrize("query", ["", "?after_sequence=-1", "?sse=false&after_sequence=0"])
async def test_the_stream_of_an_unknown_handler_is_404(http: Api, query: str) -> None:
    assert detail(await http.get(f"/events/missing{query}"), 404) == "Handler not found"
