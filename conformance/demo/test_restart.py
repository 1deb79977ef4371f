"""What was acknowledged survives the death of the server: `kill -9`, then a new start."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from llama_agents.client import WorkflowClient

from demo_events import ResponseEvent
from server import PATIENCE, PROMPT, Server
from wire import (
    CANCELLED,
    QUESTION,
    Api,
    Frame,
    answer,
    answered,
    builtin,
    greeting,
    is_internal,
    progress,
)


def api(server: Server) -> Api:
    return Api(base_url=server.base_url, timeout=PATIENCE)


async def seen_until(http: Api, handler_id: str, event_type: str) -> list[Frame]:
    async with http.stream_of(handler_id, after_sequence=-1) as reader:
        return await reader.until(event_type)


async def check_log(http: Api, handler_id: str, before: list[Frame], events: list[dict]) -> None:
    """Waits for the end; the log is what it should be and goes on from what was seen before."""
    log = await http.log(handler_id)
    assert [frame.event for frame in log] == events
    assert log[: len(before)] == before
    everything = await http.log(handler_id, include_internal="true")
    assert [frame.id for frame in everything] == list(range(len(everything)))
    assert [frame for frame in everything if not is_internal(frame.event)] == log


# kill -9 -------------------------------------------------------------------------------


async def test_a_run_that_waits_survives_kill_9_and_can_be_answered(own_server: Server) -> None:
    async with api(own_server) as http:
        handler_id = await http.begin("human")
        before = await seen_until(http, handler_id, "RequestEvent")
        record = await http.record(handler_id, 202)

    own_server.kill()
    own_server.start()

    client = WorkflowClient(base_url=own_server.base_url)
    async with api(own_server) as http:
        again = await http.record(handler_id, 202)
        assert (again["run_id"], again["started_at"]) == (record["run_id"], record["started_at"])
        await client.send_event(handler_id, ResponseEvent(response="Ada"))
        await check_log(http, handler_id, before, [QUESTION, answered("Ada")])
        assert (await http.record(handler_id, 200))["result"] == answered("Ada")


async def test_an_acknowledged_answer_survives_kill_9(own_server: Server) -> None:
    async with api(own_server) as http:
        handlers = [await http.asked() for _ in range(5)]
        await asyncio.gather(*[http.tell(h, answer(h)) for h in handlers])

    own_server.kill()
    own_server.start()

    async with api(own_server) as http:
        for handler_id in handlers:
            await check_log(http, handler_id, [], [QUESTION, answered(handler_id)])


async def test_an_acknowledged_start_survives_kill_9(own_server: Server) -> None:
    async with api(own_server) as http:
        handlers = [await http.begin("greet", start_event={"name": f"N{n}"}) for n in range(5)]

    own_server.kill()
    own_server.start()

    async with api(own_server) as http:
        for number, handler_id in enumerate(handlers):
            events = [*map(progress, range(3)), greeting(f"N{number}")]
            await check_log(http, handler_id, [], events)


async def test_an_acknowledged_cancel_survives_kill_9(own_server: Server) -> None:
    async with api(own_server) as http:
        handler_id = await http.asked()
        assert (await http.post(f"/handlers/{handler_id}/cancel")).status_code == 200

    own_server.kill()
    own_server.start()

    async with api(own_server) as http:
        assert (await http.record(handler_id, 500))["status"] == "cancelled"
        await check_log(http, handler_id, [], [QUESTION, CANCELLED])


async def test_a_step_that_was_cut_off_runs_again_and_tells_nothing_twice(
    own_server: Server,
) -> None:
    async with api(own_server) as http:
        handler_id = await http.begin("greet", start_event={"name": "Ada"})
        async with http.stream_of(handler_id, after_sequence=-1) as reader:
            before = [await reader.next(), await reader.next()]
            own_server.kill()

    own_server.start()

    async with api(own_server) as http:
        assert [frame.event for frame in before] == [progress(0), progress(1)]
        events = [*map(progress, range(3)), greeting("Ada")]
        await check_log(http, handler_id, before, events)


async def test_a_fan_out_that_was_cut_off_counts_every_item_once(own_server: Server) -> None:
    async with api(own_server) as http:
        handler_id = await http.begin("fan-out", start_event={"count": 2000})

    own_server.kill()
    own_server.start()

    async with api(own_server) as http:
        result = {"count": 2000, "sum": sum(n * n for n in range(2000))}
        await check_log(http, handler_id, [], [builtin("StopEvent", {"result": result})])


async def test_an_ended_run_is_the_same_after_kill_9(own_server: Server) -> None:
    async with api(own_server) as http:
        response = await http.post("/workflows/greet/run", json={})
        record = response.json()
        log = await http.get(f"/events/{record['handler_id']}?after_sequence=-1")

    own_server.kill()
    own_server.start()

    async with api(own_server) as http:
        assert await http.record(record["handler_id"], 200) == record
        again = await http.get(f"/events/{record['handler_id']}?after_sequence=-1")
        assert again.content == log.content
        assert (await http.get("/handlers")).json() == {"handlers": [record]}


async def test_a_position_saved_before_kill_9_still_holds(own_server: Server) -> None:
    async with api(own_server) as http:
        handler_id = await http.asked()
    stream = WorkflowClient(base_url=own_server.base_url).get_workflow_events(handler_id)
    async for event in stream:
        assert event.model_dump() == QUESTION
        break
    position = stream.last_sequence
    await stream.aclose()

    own_server.kill()
    own_server.start()

    client = WorkflowClient(base_url=own_server.base_url)
    stream = client.get_workflow_events(handler_id, after_sequence=position)
    await client.send_event(handler_id, ResponseEvent(response="Ada"))
    assert [event.model_dump() async for event in stream] == [answered("Ada")]


async def test_a_run_survives_one_kill_after_another(own_server: Server) -> None:
    async with api(own_server) as http:
        handler_id = await http.begin("human")
        before = await seen_until(http, handler_id, "RequestEvent")
    for _ in range(5):
        own_server.kill()
        own_server.start()
        async with api(own_server) as http:
            assert await seen_until(http, handler_id, "RequestEvent") == before
    async with api(own_server) as http:
        await http.tell(handler_id, answer("Ada"))
        await check_log(http, handler_id, before, [QUESTION, answered("Ada")])


# Orderly ends --------------------------------------------------------------------------


@asynccontextmanager
async def until_the_server_is_gone(http: Api, handler_id: str) -> AsyncIterator[None]:
    """Holds a stream open while the body ends the server, and reads it out then.

    The stream may end or break, but it must not pretend that the run is over.
    """
    async with http.stream_of(handler_id, after_sequence=-1) as reader:
        await reader.until("RequestEvent")
        rest = asyncio.create_task(reader.rest())
        yield
        try:
            assert await asyncio.wait_for(rest, PROMPT) == []
        except httpx.TransportError:
            pass


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_in_order_and_the_runs_go_on_later(
    own_server: Server, with_signal: signal.Signals
) -> None:
    async with api(own_server) as http:
        waiting = await http.asked()
        before = await seen_until(http, waiting, "RequestEvent")
        working = await http.begin("greet", start_event={"name": "Ada"})
        seen = await seen_until(http, working, "StreamEvent")
        blocked = asyncio.create_task(
            http.post("/workflows/human/run", json={"handler_id": "blocked"})
        )
        while (await http.get("/handlers/blocked")).status_code == 404:
            assert not blocked.done()

        async with until_the_server_is_gone(http, waiting):
            assert await asyncio.to_thread(own_server.stop, with_signal) == 0
        [outcome] = await asyncio.gather(blocked, return_exceptions=True)
        if isinstance(outcome, httpx.Response):
            assert outcome.status_code >= 500
        else:
            assert isinstance(outcome, httpx.TransportError)

    own_server.start()

    async with api(own_server) as http:
        await http.tell(waiting, answer("Ada"))
        await check_log(http, waiting, before, [QUESTION, answered("Ada")])
        await check_log(http, working, seen, [*map(progress, range(3)), greeting("Ada")])
        await seen_until(http, "blocked", "RequestEvent")
        await http.tell("blocked", answer("Bob"))
        await check_log(http, "blocked", [], [QUESTION, answered("Bob")])


def test_an_idle_server_stops_at_once_and_starts_again(own_server: Server) -> None:
    for _ in range(3):
        assert own_server.stop() == 0
        own_server.start()
        assert httpx.get(f"{own_server.base_url}/health").json() == {"status": "healthy"}


def test_a_second_server_on_the_same_data_is_refused(own_server: Server) -> None:
    second = subprocess.run(
        own_server.command,
        env=own_server.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert second.returncode != 0
    assert second.stderr.strip() and "panicked" not in second.stderr
    assert "listening on" not in second.stdout
    assert httpx.get(f"{own_server.base_url}/health").json() == {"status": "healthy"}
