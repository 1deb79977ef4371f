"""The flows of the client's documentation, through the published Python client."""

import asyncio

import httpx
import pytest
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent

import fixtures
from kit import WORKFLOWS, uid


async def test_health_and_list(client):
    assert (await client.is_healthy()).status == "healthy"
    assert WORKFLOWS <= set((await client.list_workflows()).workflows)


async def test_run_with_an_untyped_start_event(client):
    handler = await client.run_workflow("hello", start_event=StartEvent(name="John"))
    assert handler.status == "completed"
    assert handler.result.value == {"result": "Hello, John!"}


async def test_run_with_a_typed_start_event(client):
    event = fixtures.GreetStart(name="Typed")
    handler = await client.run_workflow("greet", start_event=event)
    assert handler.result.value == {"result": "Hello, Typed!"}


async def test_run_with_a_dict_and_without_a_start_event(client):
    handler = await client.run_workflow("greet", start_event={"name": "D"})
    assert handler.result.value == {"result": "Hello, D!"}
    handler = await client.run_workflow("greet")
    assert handler.result.value == {"result": "Hello, World!"}


async def test_nowait_stream_and_get_handler(client):
    started = await client.run_workflow_nowait("hello", start_event=StartEvent(name="John"))
    assert started.status == "running"
    events = [e async for e in client.get_workflow_events(started.handler_id)]
    assert [(e.type, e.value) for e in events] == [
        ("StreamEvent", {"sequence": 0}),
        ("StreamEvent", {"sequence": 1}),
        ("StreamEvent", {"sequence": 2}),
        ("StopEvent", {"result": "Hello, John!"}),
    ]
    handler = await client.get_handler(started.handler_id)
    assert handler.status == "completed"
    assert handler.result.value == {"result": "Hello, John!"}


async def test_nowait_with_a_typed_start_event(client):
    started = await client.run_workflow_nowait("greet", start_event=fixtures.GreetStart(name="T"))
    events = [e async for e in client.get_workflow_events(started.handler_id)]
    assert events[-1].value == {"result": "Hello, T!"}


async def test_stream_position_can_be_saved_and_resumed(client):
    handler = await client.run_workflow("greet")
    stream = client.get_workflow_events(handler.handler_id)
    seen = []
    async for event in stream:
        seen.append((stream.last_sequence, event.value))
    assert len(seen) == 4
    for i, (sequence, _) in enumerate(seen[:-1]):
        stream = client.get_workflow_events(handler.handler_id, after_sequence=sequence)
        assert [e.value async for e in stream] == [v for _, v in seen[i + 1 :]]


async def test_now_on_a_finished_run_ends_at_once(client):
    handler = await client.run_workflow("greet")
    stream = client.get_workflow_events(handler.handler_id, after_sequence="now")
    assert [e async for e in stream] == []


async def test_stream_of_an_unknown_handler_raises(client):
    with pytest.raises(ValueError, match="Handler not found"):
        async for _ in client.get_workflow_events("missing"):
            pass


async def test_internal_events_through_the_client(client):
    handler = await client.run_workflow("greet")
    stream = client.get_workflow_events(handler.handler_id, include_internal_events=True)
    assert [e.type async for e in stream][0] == "StepStateChanged"


async def test_human_in_the_loop(client):
    started = await client.run_workflow_nowait("human")
    async for event in client.get_workflow_events(started.handler_id):
        if event.type == "RequestEvent":
            assert event.value["prompt"] == "What is your name?"
            sent = await client.send_event(
                started.handler_id, event=fixtures.ResponseEvent(response="Bob")
            )
            assert sent.status == "sent"
    handler = await client.get_handler(started.handler_id)
    assert fixtures.OutEvent.model_validate(handler.result.value).output == "Hello, Bob"


async def test_load_event_by_qualified_name_and_by_registry(client):
    started = await client.run_workflow_nowait("human")
    kinds = []
    async for event in client.get_workflow_events(started.handler_id):
        loaded = event.load_event()
        kinds.append(type(loaded))
        if isinstance(loaded, fixtures.RequestEvent):
            assert event.load_event(registry=[fixtures.RequestEvent]) == loaded
            await client.send_event(
                started.handler_id, {"type": "ResponseEvent", "value": {"response": "x"}}
            )
    assert kinds == [fixtures.RequestEvent, fixtures.OutEvent]


async def test_send_event_to_a_step(client):
    started = await client.run_workflow_nowait("human")
    async for event in client.get_workflow_events(started.handler_id):
        if event.type == "RequestEvent":
            await client.send_event(
                started.handler_id,
                fixtures.ResponseEvent(response="S"),
                step="greet_human",
            )
    handler = await client.get_handler(started.handler_id)
    assert handler.result.value == {"output": "Hello, S"}


async def test_handler_id_continues_a_previous_run(client):
    handler_id = uid()
    for total in (1, 2, 3):
        handler = await client.run_workflow("counter", handler_id=handler_id)
        assert handler.handler_id == handler_id
        assert handler.result.value["result"] == {"total": total, "runs": total}


async def test_cancel_and_purge(client):
    started = await client.run_workflow_nowait("slow", start_event=fixtures.SlowStart())
    assert (await client.cancel_handler(started.handler_id)).status == "cancelled"
    deleted = await client.cancel_handler(started.handler_id, purge=True)
    assert deleted.status == "deleted"
    with pytest.raises(httpx.HTTPStatusError) as error:
        await client.get_handler(started.handler_id)
    assert error.value.response.status_code == 404


async def test_get_handlers_with_filters(client):
    done = await client.run_workflow("quiet")
    listed = await client.get_handlers(status=["completed"], workflow_name=["quiet"])
    assert done.handler_id in {h.handler_id for h in listed.handlers}
    assert {h.workflow_name for h in listed.handlers} == {"quiet"}
    everything = await client.get_handlers()
    assert done.handler_id in {h.handler_id for h in everything.handlers}


async def test_failed_run_raises_a_status_error_with_the_record(client):
    with pytest.raises(httpx.HTTPStatusError) as error:
        await client.run_workflow("fail", start_event={"message": "oh no"})
    assert error.value.response.status_code == 500
    assert error.value.response.json()["error"] == "oh no"


async def test_wait_for_handler_returns_the_completed_record(client):
    started = await client.run_workflow_nowait("slow", start_event={"ticks": 4, "interval": 0.05})
    handler = await client.wait_for_handler(started.handler_id, timeout=20, poll_interval=0.05)
    assert handler.status == "completed"
    assert handler.result.value == {"result": "finished"}


async def test_schema_events_and_graph_parse_as_client_models(client):
    schema = await client.get_workflow_schema("human")
    assert schema.stop["title"] == "OutEvent"
    events = await client.get_workflow_events_schema("human")
    assert len(events.events) == 4
    graph = (await client.get_workflow_graph("human")).graph
    assert graph.name == "HumanWorkflow"
    by_id = {n.id: n for n in graph.nodes}
    assert by_id["OutEvent"].is_subclass_of("StopEvent")
    assert by_id["external_step"].node_type == "external"
    assert {e.source for e in graph.edges if e.target == "external_step"} == {"RequestEvent"}


async def test_client_on_a_shared_http_client(base_url):
    async with httpx.AsyncClient(
        base_url=base_url, headers={"Authorization": "Bearer x"}
    ) as shared:
        own = WorkflowClient(httpx_client=shared)
        handlers = await asyncio.gather(
            *[own.run_workflow("greet", start_event={"name": str(i)}) for i in range(5)]
        )
    assert [h.result.value["result"] for h in handlers] == [f"Hello, {i}!" for i in range(5)]
