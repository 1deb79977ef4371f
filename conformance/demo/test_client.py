"""What the documentation of the published client shows, on `greet`."""

import asyncio

import httpx
import pytest
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent, StopEvent

from demo_events import StreamEvent
from server import PATIENCE, WORKFLOWS, Server
from wire import Api, greeting, instant, progress


async def test_the_server_is_healthy(client: WorkflowClient) -> None:
    assert (await client.is_healthy()).status == "healthy"


async def test_the_demo_serves_its_three_workflows(client: WorkflowClient) -> None:
    names = (await client.list_workflows()).workflows
    assert len(names) == len(set(names))
    assert set(names) == WORKFLOWS


async def test_run_workflow_returns_the_greeting(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet", start_event=StartEvent(name="John"))
    assert handler.status == "completed"
    assert handler.workflow_name == "greet"
    assert handler.error is None
    assert handler.result.value == {"result": "Hello, John!"}


async def test_greet_takes_its_time_so_that_one_can_watch_it(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet")
    took = instant(handler.completed_at) - instant(handler.started_at)
    assert took.total_seconds() >= 0.5


@pytest.mark.parametrize("start_event", [None, StartEvent(), {}])
async def test_without_a_name_the_world_is_greeted(
    client: WorkflowClient, start_event: StartEvent | dict | None
) -> None:
    handler = await client.run_workflow("greet", start_event=start_event)
    assert handler.result.value == {"result": "Hello, World!"}


@pytest.mark.parametrize(
    "start_event",
    [
        {"name": "John"},
        {"_data": {"name": "John"}},
        {"type": "StartEvent", "value": {"name": "John"}},
        {"type": "StartEvent", "value": {"_data": {"name": "John"}}},
        {"qualified_name": "workflows.events.StartEvent", "value": {"name": "John"}},
    ],
)
async def test_the_name_may_come_bare_or_in_an_envelope(
    client: WorkflowClient, start_event: dict
) -> None:
    handler = await client.run_workflow("greet", start_event=start_event)
    assert handler.result.value == {"result": "Hello, John!"}


async def test_run_workflow_nowait_can_be_streamed_and_looked_up(client: WorkflowClient) -> None:
    started = await client.run_workflow_nowait("greet", start_event=StartEvent(name="John"))
    assert started.status == "running"
    assert started.result is None

    events = [event async for event in client.get_workflow_events(started.handler_id)]
    expected = [*map(progress, range(3)), greeting("John")]
    assert [event.model_dump() for event in events] == expected

    handler = await client.get_handler(started.handler_id)
    assert handler.status == "completed"
    assert handler.run_id == started.run_id
    assert handler.result.value == {"result": "Hello, John!"}


async def test_nowait_without_a_start_event_greets_the_world(client: WorkflowClient) -> None:
    started = await client.run_workflow_nowait("greet")
    events = [event async for event in client.get_workflow_events(started.handler_id)]
    assert events[-1].value == {"result": "Hello, World!"}


async def test_wait_for_handler_returns_the_ended_run(client: WorkflowClient) -> None:
    started = await client.run_workflow_nowait("greet", start_event=StartEvent(name="Ada"))
    handler = await client.wait_for_handler(
        started.handler_id, timeout=PATIENCE, poll_interval=0.05
    )
    assert handler.result.value == {"result": "Hello, Ada!"}


async def test_loaded_events_are_of_the_registered_classes(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet", start_event=StartEvent(name="Ada"))
    stream = client.get_workflow_events(handler.handler_id)
    loaded = [event.load_event(registry=[StreamEvent]) async for event in stream]
    assert loaded[:3] == [StreamEvent(sequence=n) for n in range(3)]
    assert type(loaded[3]) is StopEvent
    assert loaded[3].result == "Hello, Ada!"


async def test_a_saved_position_resumes_the_stream_behind_it(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet")
    stream = client.get_workflow_events(handler.handler_id)
    seen = [(stream.last_sequence, event) async for event in stream]
    assert len(seen) == 4
    for index, (position, _) in enumerate(seen):
        stream = client.get_workflow_events(handler.handler_id, after_sequence=position)
        assert [event async for event in stream] == [event for _, event in seen[index + 1 :]]


async def test_a_stream_can_be_read_again_after_the_end(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet")
    readings = []
    for _ in range(3):
        events = client.get_workflow_events(handler.handler_id, after_sequence=-1)
        readings.append([event async for event in events])
    assert [event.type for event in readings[0]] == [*["StreamEvent"] * 3, "StopEvent"]
    assert readings[1] == readings[2] == readings[0]


async def test_now_on_an_ended_run_ends_at_once(client: WorkflowClient) -> None:
    handler = await client.run_workflow("greet")
    stream = client.get_workflow_events(handler.handler_id, after_sequence="now")
    assert [event async for event in stream] == []
    assert stream.last_sequence == "now"


async def test_now_on_a_live_run_tells_only_what_comes_later(server: Server, http: Api) -> None:
    handler_id = await http.asked()
    opened = asyncio.Event()

    async def note(response: httpx.Response) -> None:
        if response.request.method == "GET":
            opened.set()

    # The client opens its stream in the background: the answer must not overtake it.
    async with httpx.AsyncClient(
        base_url=server.base_url, event_hooks={"response": [note]}
    ) as shared:
        client = WorkflowClient(httpx_client=shared)
        stream = client.get_workflow_events(handler_id, after_sequence="now")
        await asyncio.wait_for(opened.wait(), PATIENCE)
        await client.send_event(handler_id, {"type": "ResponseEvent", "value": {"response": "Kim"}})
        assert [event.type async for event in stream] == ["OutEvent"]


async def test_internal_events_are_told_only_on_request(client: WorkflowClient) -> None:
    handler_id = (await client.run_workflow("greet")).handler_id
    public = [event async for event in client.get_workflow_events(handler_id)]
    stream = client.get_workflow_events(handler_id, include_internal_events=True)
    everything = [event async for event in stream]
    internal = [event for event in everything if "InternalDispatchEvent" in (event.types or [])]
    assert {event.type for event in internal} == {"StepStateChanged"}
    assert [event.load_event().step_state.value for event in internal] == ["running", "not_running"]
    assert [event for event in everything if event not in internal] == public


async def test_the_stream_of_an_unknown_handler_is_an_error(client: WorkflowClient) -> None:
    with pytest.raises(ValueError, match="Handler not found"):
        async for _ in client.get_workflow_events("missing"):
            pass


async def test_handlers_can_be_filtered_by_status_and_workflow(
    client: WorkflowClient, http: Api
) -> None:
    waiting = await http.asked()
    ended = (await client.run_workflow("greet")).handler_id

    async def listed(**filters: list[str]) -> set[str]:
        handlers = (await client.get_handlers(**filters)).handlers
        return {handler.handler_id for handler in handlers} & {waiting, ended}

    assert await listed() == {waiting, ended}
    assert await listed(status=["running"]) == {waiting}
    assert await listed(status=["completed"]) == {ended}
    assert await listed(status=["running", "completed"]) == {waiting, ended}
    assert await listed(workflow_name=["human"]) == {waiting}
    assert await listed(status=["completed"], workflow_name=["human"]) == set()


async def test_a_handler_id_of_ones_own_is_kept_and_can_be_reused(client: WorkflowClient) -> None:
    first = await client.run_workflow("greet", handler_id="my own id")
    again = await client.run_workflow("greet", handler_id="my own id")
    assert first.handler_id == again.handler_id == "my own id"
    assert first.run_id != again.run_id
    listed = (await client.get_handlers(workflow_name=["greet"])).handlers
    assert [h.run_id for h in listed if h.handler_id == "my own id"] == [again.run_id]


@pytest.mark.parametrize("name", ["Zoë", "世界", "a\u0085b\u2028c\u2029d", "\U0001f600", '"\\\n'])
async def test_any_name_survives_the_way_through_the_stream(
    client: WorkflowClient, name: str
) -> None:
    started = await client.run_workflow_nowait("greet", start_event=StartEvent(name=name))
    events = [event async for event in client.get_workflow_events(started.handler_id)]
    assert events[-1].value == {"result": f"Hello, {name}!"}


async def test_a_hundred_runs_at_once_all_end_with_their_own_greeting(http: Api) -> None:
    names = [f"N{index}" for index in range(100)]
    handlers = await asyncio.gather(
        *[http.begin("greet", start_event={"name": name}) for name in names]
    )
    assert len(set(handlers)) == len(names)
    logs = await asyncio.gather(*[http.log(handler_id) for handler_id in handlers])
    for name, log in zip(names, logs, strict=True):
        assert [f.event for f in log] == [*map(progress, range(3)), greeting(name)]
