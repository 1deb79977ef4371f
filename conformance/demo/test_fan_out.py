"""A run that splits its work and gathers the results."""

import httpx
import pytest
from llama_agents.client import WorkflowClient

from server import PATIENCE
from wire import Api, builtin, check_record, detail

LIMIT = 10_000


def sum_of_squares(items: int) -> int:
    return sum(number * number for number in range(items))


async def test_without_a_number_eight_items_are_worked_on(client: WorkflowClient) -> None:
    handler = await client.run_workflow("fan-out")
    assert handler.result.value == {"result": {"count": 8, "sum": 140}}


@pytest.mark.parametrize("items", [0, 1, 4, 5, 100, LIMIT])
async def test_every_item_is_counted_once(http: Api, items: int) -> None:
    body = {"start_event": {"count": items}}
    response = await http.post("/workflows/fan-out/run", json=body, timeout=2 * PATIENCE)
    assert response.status_code == 200, response.text
    result = {"count": items, "sum": sum_of_squares(items)}
    assert response.json()["result"] == builtin("StopEvent", {"result": result})


async def test_the_start_event_may_be_an_envelope_of_its_class(client: WorkflowClient) -> None:
    event = {"type": "FanOutStart", "value": {"count": 3}}
    started = await client.run_workflow_nowait("fan-out", start_event=event)
    events = [event async for event in client.get_workflow_events(started.handler_id)]
    assert events[-1].value == {"result": {"count": 3, "sum": 5}}


async def test_a_null_start_event_means_the_defaults(http: Api) -> None:
    body = {"start_event": None, "kwargs": {"count": 3}}
    response = await http.post("/workflows/fan-out/run", json=body)
    assert response.json()["result"]["value"]["result"]["count"] == 8


async def test_kwargs_stand_in_for_an_absent_start_event(http: Api) -> None:
    response = await http.post("/workflows/fan-out/run", json={"kwargs": {"count": 3}})
    assert response.json()["result"]["value"]["result"]["count"] == 3


@pytest.mark.parametrize("items", [-1, LIMIT + 1, 2**62])
async def test_a_number_out_of_bounds_fails_the_run_and_names_the_limit(
    http: Api, items: int
) -> None:
    response = await http.post("/workflows/fan-out/run", json={"start_event": {"count": items}})
    assert response.status_code == 500
    record = check_record(response.json())
    assert record["status"] == "failed"
    assert str(LIMIT) in record["error"]
    assert await http.record(record["handler_id"], 500) == record

    last = (await http.log(record["handler_id"]))[-1].event
    assert last["type"] == "WorkflowFailedEvent"
    assert last["types"] == ["StopEvent"]
    assert last["value"]["exception"]["exception_message"] == record["error"]


async def test_a_failed_run_raises_in_the_client(client: WorkflowClient) -> None:
    with pytest.raises(httpx.HTTPStatusError) as raised:
        await client.run_workflow("fan-out", start_event={"count": LIMIT + 1})
    assert raised.value.response.status_code == 500
    assert raised.value.response.json()["status"] == "failed"


async def test_a_start_event_of_the_base_class_is_refused(client: WorkflowClient) -> None:
    # Without a start event the client sends an envelope of the base class.
    with pytest.raises(httpx.HTTPStatusError) as raised:
        await client.run_workflow_nowait("fan-out")
    text = detail(raised.value.response, 400)
    assert text.startswith("Validation error for 'start_event': Invalid event type: StartEvent.")


async def test_the_catalog_describes_the_start_event(client: WorkflowClient) -> None:
    schema = await client.get_workflow_schema("fan-out")
    assert schema.start["title"] == "FanOutStart"
    assert schema.start["properties"]["count"]["type"] == "integer"
    assert schema.start["properties"]["count"]["default"] == 8
    assert schema.stop["title"] == "StopEvent"


async def test_the_catalog_describes_the_events_of_human(client: WorkflowClient) -> None:
    schema = await client.get_workflow_schema("human")
    assert (schema.start["title"], schema.stop["title"]) == ("StartEvent", "OutEvent")
    events = (await client.get_workflow_events_schema("human")).events
    declared = {"StartEvent", "RequestEvent", "ResponseEvent", "OutEvent"}
    assert {event["title"] for event in events} == declared
    assert len(events) == len(declared)


@pytest.mark.parametrize("workflow", ["greet", "human", "fan-out"])
async def test_the_graph_leads_from_the_start_event_to_the_stop_event(
    client: WorkflowClient, workflow: str
) -> None:
    schema = await client.get_workflow_schema(workflow)
    graph = (await client.get_workflow_graph(workflow)).graph
    reached, frontier = set(), {schema.start["title"]}
    while frontier:
        reached |= frontier
        frontier = {e.target for e in graph.edges if e.source in frontier} - reached
    assert schema.stop["title"] in reached
    assert {node.id for node in graph.nodes if node.node_type == "step"} <= reached
