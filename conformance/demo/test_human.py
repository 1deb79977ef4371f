"""A run that waits for a person: answering it, cancelling it, and who may do so when."""

import asyncio

import httpx
import pytest
from llama_agents.client import WorkflowClient

from demo_events import OutEvent, RequestEvent, ResponseEvent
from wire import CANCELLED, QUESTION, Api, answer, answered, detail


async def test_an_answer_of_a_python_class_completes_the_run(client: WorkflowClient) -> None:
    started = await client.run_workflow_nowait("human")
    seen = []
    async for event in client.get_workflow_events(started.handler_id):
        seen.append(event.model_dump())
        if event.type == "RequestEvent":
            loaded = event.load_event(registry=[RequestEvent])
            assert loaded.prompt == "What is your name?"
            sent = await client.send_event(started.handler_id, ResponseEvent(response="Ada"))
            assert sent.status == "sent"
    assert seen == [QUESTION, answered("Ada")]

    handler = await client.get_handler(started.handler_id)
    assert handler.status == "completed"
    assert handler.result.load_event(registry=[OutEvent]).output == "Hello, Ada"
    assert OutEvent.model_validate(handler.result.value).output == "Hello, Ada"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ResponseEvent", "value": {"response": "Ada"}},
        {"type": "ResponseEvent", "data": {"response": "Ada"}},
        {"qualified_name": "__main__.ResponseEvent", "value": {"response": "Ada"}},
        {
            "type": "Renamed",
            "qualified_name": "__main__.ResponseEvent",
            "value": {"response": "Ada"},
        },
        '{"type": "ResponseEvent", "value": {"response": "Ada"}}',
    ],
)
async def test_an_answer_may_be_spelled_in_every_documented_way(http: Api, event: object) -> None:
    handler_id = await http.asked()
    await http.tell(handler_id, {"event": event})
    assert (await http.log(handler_id))[-1].event == answered("Ada")


async def test_an_answer_may_be_addressed_to_the_step_that_takes_it(
    client: WorkflowClient, http: Api
) -> None:
    graph = (await client.get_workflow_graph("human")).graph
    [step] = [edge.target for edge in graph.edges if edge.source == "ResponseEvent"]
    handler_id = await http.asked()
    await client.send_event(handler_id, ResponseEvent(response="Ada"), step=step)
    assert (await http.log(handler_id))[-1].event == answered("Ada")


async def test_a_run_that_waits_is_running_and_has_no_result(http: Api) -> None:
    handler_id = await http.asked()
    assert (await http.record(handler_id, 202))["status"] == "running"


async def test_twenty_readers_of_one_run_see_the_same(http: Api) -> None:
    handler_id = await http.begin("human")
    asked = asyncio.Semaphore(0)

    async def read() -> list:
        async with http.stream_of(handler_id, after_sequence=-1) as reader:
            first = await reader.until("RequestEvent")
            asked.release()
            return first + await reader.rest()

    readers = [asyncio.create_task(read()) for _ in range(20)]
    for _ in readers:
        await asked.acquire()
    await http.tell(handler_id, answer("Ada"))
    readings = await asyncio.gather(*readers)
    assert [frame.event for frame in readings[0]] == [QUESTION, answered("Ada")]
    assert all(reading == readings[0] for reading in readings)


async def test_a_cancelled_run_ends_its_stream_and_says_so(
    client: WorkflowClient, http: Api
) -> None:
    started = await client.run_workflow_nowait("human")
    seen = []
    async for event in client.get_workflow_events(started.handler_id):
        seen.append(event.model_dump())
        if event.type == "RequestEvent":
            cancelled = await client.cancel_handler(started.handler_id)
            assert cancelled.status == "cancelled"
            assert (await http.record(started.handler_id, 500))["status"] == "cancelled"
    assert seen == [QUESTION, CANCELLED]

    with pytest.raises(httpx.HTTPStatusError) as raised:
        await client.get_handler(started.handler_id)
    assert raised.value.response.status_code == 500
    assert [frame.event for frame in await http.log(started.handler_id)] == seen


async def test_a_run_request_answers_with_the_record_when_it_is_cancelled(http: Api) -> None:
    run = http.post("/workflows/human/run", json={"handler_id": "cancelled-while-run"})
    pending = asyncio.create_task(run)
    # Until the request has been taken up, the id is unknown and cancelling it is a 404.
    while (await http.post("/handlers/cancelled-while-run/cancel")).status_code == 404:
        assert not pending.done()
    response = await pending
    assert response.status_code == 500
    assert response.json() == await http.record("cancelled-while-run", 500)
    assert response.json()["status"] == "cancelled"


async def test_a_purged_run_is_forgotten(client: WorkflowClient, http: Api) -> None:
    handler_id = await http.asked()
    async with http.stream_of(handler_id, after_sequence=-1) as reader:
        assert (await client.cancel_handler(handler_id, purge=True)).status == "deleted"
        assert [frame.event for frame in await reader.rest()] == [QUESTION, CANCELLED]
    for path in (f"/handlers/{handler_id}", f"/results/{handler_id}", f"/events/{handler_id}"):
        assert detail(await http.get(path), 404) == "Handler not found"
    handlers = (await client.get_handlers()).handlers
    assert handler_id not in {handler.handler_id for handler in handlers}


@pytest.mark.parametrize("ending", ["answered", "cancelled"])
async def test_an_ended_run_takes_no_more_events(http: Api, ending: str) -> None:
    handler_id = await http.asked()
    if ending == "answered":
        await http.tell(handler_id, answer("Ada"))
    else:
        assert (await http.post(f"/handlers/{handler_id}/cancel")).status_code == 200
    before = await http.log(handler_id)
    response = await http.post(f"/events/{handler_id}", json=answer("Bob"))
    assert detail(response, 409) == "Workflow already completed"
    assert await http.log(handler_id) == before


async def test_an_ended_run_cannot_be_cancelled(http: Api) -> None:
    handler_id = await http.asked()
    await http.tell(handler_id, answer("Ada"))
    before = await http.log(handler_id)
    assert detail(await http.post(f"/handlers/{handler_id}/cancel"), 404) == "Handler not found"
    assert await http.log(handler_id) == before
    assert (await http.record(handler_id, 200))["status"] == "completed"


async def test_of_many_starts_with_one_new_id_exactly_one_wins(http: Api) -> None:
    responses = await asyncio.gather(
        *[
            http.post("/workflows/human/run-nowait", json={"handler_id": "contended"})
            for _ in range(20)
        ]
    )
    refused = [response for response in responses if response.status_code != 200]
    assert len(refused) == 19
    for response in refused:
        assert detail(response, 409) == "Handler 'contended' is already running"
    await http.tell("contended", answer("Ada"))
    assert [f.event for f in await http.log("contended")] == [QUESTION, answered("Ada")]


async def test_a_reader_that_leaves_does_not_disturb_the_run(http: Api) -> None:
    handler_id = await http.begin("human")
    for _ in range(5):
        async with http.stream_of(handler_id, after_sequence=-1) as reader:
            assert [frame.event for frame in await reader.until("RequestEvent")] == [QUESTION]
    await http.tell(handler_id, answer("Ada"))
    assert [frame.event for frame in await http.log(handler_id)] == [QUESTION, answered("Ada")]
