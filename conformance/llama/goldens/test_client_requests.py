"""The published client sends what it was recorded to send, and is content with the answers."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import fixtures
import httpx
import pytest
import pytest_asyncio
from exchanges import FOLDER
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent

from kit import Api

RECORDED = json.loads((FOLDER / "client-requests.json").read_text(encoding="utf-8"))["calls"]


async def drained(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]


# What was called; `golden-k` and `golden-kh` are handlers of the recording.
CALLS: dict[str, Callable[[WorkflowClient], Any]] = {
    "is_healthy()": lambda c: c.is_healthy(),
    "list_workflows()": lambda c: c.list_workflows(),
    "get_workflow_schema('greet')": lambda c: c.get_workflow_schema("greet"),
    "get_workflow_events_schema('greet')": lambda c: c.get_workflow_events_schema("greet"),
    "get_workflow_graph('greet')": lambda c: c.get_workflow_graph("greet"),
    "run_workflow('hello')": lambda c: c.run_workflow("hello"),
    "run_workflow('hello', start_event=StartEvent(name='John'))": lambda c: c.run_workflow(
        "hello", start_event=StartEvent(name="John")
    ),
    "run_workflow('greet', start_event=GreetStart(name='T'), handler_id='golden-k')": (
        lambda c: c.run_workflow(
            "greet", start_event=fixtures.GreetStart(name="T"), handler_id="golden-k"
        )
    ),
    "run_workflow('greet', start_event={'name': 'D'})": lambda c: c.run_workflow(
        "greet", start_event={"name": "D"}
    ),
    "run_workflow_nowait('greet', start_event=GreetStart(name='T'))": (
        lambda c: c.run_workflow_nowait("greet", start_event=fixtures.GreetStart(name="T"))
    ),
    "run_workflow_nowait('human', handler_id='golden-kh')": lambda c: c.run_workflow_nowait(
        "human", handler_id="golden-kh"
    ),
    "send_event(id, ResponseEvent(response='x'), step='greet_human')": lambda c: c.send_event(
        "golden-kh", fixtures.ResponseEvent(response="x"), step="greet_human"
    ),
    "get_workflow_events(id)": lambda c: drained(c.get_workflow_events("golden-kh")),
    "get_workflow_events(id, include_internal_events=True, after_sequence=2)": (
        lambda c: drained(
            c.get_workflow_events("golden-kh", include_internal_events=True, after_sequence=2)
        )
    ),
    "get_handler(id)": lambda c: c.get_handler("golden-kh"),
    "get_handlers()": lambda c: c.get_handlers(),
    "get_handlers(status=['failed', 'running'], workflow_name=['human'])": (
        lambda c: c.get_handlers(status=["failed", "running"], workflow_name=["human"])
    ),
    "cancel_handler(id)": lambda c: c.cancel_handler("golden-kh"),
    "cancel_handler(id, purge=True)": lambda c: c.cancel_handler("golden-kh", purge=True),
}

# Calls that the server has to refuse.
REFUSED = {
    # The handler has ended.
    "cancel_handler(id)": 404,
}


@pytest_asyncio.fixture
async def requests(base_url: str) -> dict[str, list[dict[str, Any]]]:
    """What the client sends for each call, made in the order of the recording."""
    sent: list[dict[str, Any]] = []

    async def note(request: httpx.Request) -> None:
        body = await request.aread()
        path = request.url.raw_path.decode()
        sent.append(
            {"method": request.method, "path": path, "json": json.loads(body) if body else None}
        )

    requests = {}
    api = Api(base_url)
    async with httpx.AsyncClient(base_url=base_url, event_hooks={"request": [note]}) as http:
        client = WorkflowClient(httpx_client=http)
        for name, call in CALLS.items():
            sent.clear()
            if name in REFUSED:
                with pytest.raises(httpx.HTTPStatusError) as refused:
                    await call(client)
                assert refused.value.response.status_code == REFUSED[name]
            else:
                await call(client)
            requests[name] = list(sent)
            if name.startswith("run_workflow_nowait('human'"):
                await api.seen("golden-kh", "WorkflowIdleEvent")
    await api.close()
    return requests


async def test_the_client_sends_what_it_was_recorded_to_send(requests) -> None:
    assert requests == {entry["call"]: entry["requests"] for entry in RECORDED}
    assert list(requests) == [entry["call"] for entry in RECORDED]
