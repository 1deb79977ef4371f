"""The documentation's requests over plain HTTP, byte for byte where they are valid.

The pages describe an older server: what it answered otherwise is in `docs/compatibility.md`.
"""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from server import PATIENCE
from wire import CANCELLED, Api, builtin, check_record, detail, envelope, greeting, progress

# A request body of the documentation, without the comma that it has behind the last member.
START = b"""{
  "start_event": {},
  "context": {},
  "handler_id": ""
}"""
FEEDBACK = b"""{
  "event": {"__is_pydantic": true, "value": {"feedback": "This is great!", "approved": true}, "qualified_name": "__main__.HumanFeedbackEvent"},
  "step": "process_human_feedback"
}"""
# The query of the documentation's stream request.
STREAM = "sse=false&acquire_timeout=1&include_internal=false&include_qualified_name=true"


@pytest_asyncio.fixture
async def greeter(greeting: str) -> AsyncIterator[Api]:
    async with Api(base_url=greeting, timeout=PATIENCE) as api:
        yield api


@pytest_asyncio.fixture
async def reviewer(review: str) -> AsyncIterator[Api]:
    async with Api(base_url=review, timeout=PATIENCE) as api:
        yield api


async def post(api: Api, path: str, body: bytes) -> httpx.Response:
    """What `curl -d` sends: the body as it is, and not called JSON."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await api.post(path, content=body, headers=headers)


def lines(response: httpx.Response) -> list[dict]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.text.endswith("\n")
    return [json.loads(line) for line in response.text.splitlines()]


async def test_health(greeter: Api) -> None:
    response = await greeter.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "healthy"})


async def test_run(greeter: Api) -> None:
    response = await post(greeter, "/workflows/greet/run", START)
    assert response.status_code == 200
    record = check_record(response.json())
    assert (record["status"], record["result"]) == ("completed", greeting("World"))


async def test_run_with_the_comma_that_the_documentation_has(greeter: Api) -> None:
    body = START.replace(b'""\n', b'"",\n')
    response = await post(greeter, "/workflows/greet/run", body)
    assert detail(response, 400).startswith("Invalid JSON body: ")


async def test_run_nowait_and_the_stream(greeter: Api) -> None:
    response = await post(greeter, "/workflows/greet/run-nowait", START)
    assert response.status_code == 200
    record = check_record(response.json())
    assert record["status"] == "running"
    # The request of the documentation reads from the beginning only if it is told to.
    path = f"/events/{record['handler_id']}?{STREAM}&after_sequence=-1"
    events = [progress(0), progress(1), progress(2), greeting("World")]
    assert lines(await greeter.get(path)) == events
    assert lines(await greeter.get(path)) == events, "reading consumes nothing"
    names = path.replace("include_qualified_name=true", "include_qualified_name=false")
    bare = [{**event, "qualified_name": None} for event in events]
    assert lines(await greeter.get(names)) == bare


async def test_a_stream_request_without_a_cursor_is_for_what_is_to_come(greeter: Api) -> None:
    handler_id = await greeter.begin("greet")
    response = await greeter.get(f"/events/{handler_id}?{STREAM}")
    events = [progress(0), progress(1), progress(2), greeting("World")]
    if response.status_code == 204:
        seen = []
    else:
        seen = lines(response)
    assert seen == events[len(events) - len(seen) :]
    # The run has ended, so nothing is to come.
    await greeter.log(handler_id)
    assert (await greeter.get(f"/events/{handler_id}?{STREAM}")).status_code == 204


async def test_a_single_event_of_the_documentation(reviewer: Api) -> None:
    handler_id = await reviewer.begin("math_workflow", start_event={"a": 12, "b": 3})
    [event, _] = lines(await reviewer.get(f"/events/{handler_id}?{STREAM}&after_sequence=-1"))
    # The documentation's `type` is qualified, and its `types` begin with `Event`.
    assert event == envelope("MathEvent", {"result": 12})


async def test_results(reviewer: Api) -> None:
    handler_id = await reviewer.begin("math_workflow", start_event={"a": 12, "b": 3})
    await reviewer.log(handler_id)
    response = await reviewer.get(f"/results/{handler_id}")
    assert response.status_code == 200
    record = check_record(response.json())
    assert record["workflow_name"] == "math_workflow"
    assert record["error"] is None
    assert record["result"] == {"sum": 15, "subtraction": 9, "multiplication": 36, "division": 4}
    # The other route has the envelope.
    record = await reviewer.record(handler_id, 200)
    assert record["result"] == builtin("StopEvent", {"result": response.json()["result"]})


async def test_results_of_a_run_that_goes_on(reviewer: Api) -> None:
    handler_id = await reviewer.begin("feedback")
    response = await reviewer.get(f"/results/{handler_id}")
    assert response.status_code == 202
    assert check_record(response.json())["status"] == "running"


async def test_an_event_in_the_form_of_pythons_serializer_to_a_step(reviewer: Api) -> None:
    handler_id = await reviewer.begin("feedback")
    response = await post(reviewer, f"/events/{handler_id}", FEEDBACK)
    assert (response.status_code, response.json()) == (200, {"status": "sent"})
    verdict = (await reviewer.log(handler_id))[-1].event
    assert verdict["value"] == {"text": "approved: This is great!"}


async def test_the_same_event_to_a_step_that_waits_for_it(reviewer: Api) -> None:
    handler_id = await reviewer.begin("review")
    body = json.loads(FEEDBACK)
    # Who waits cannot be addressed: a step that accepts the class can.
    response = await reviewer.post(f"/events/{handler_id}", json={**body, "step": "review"})
    assert "does not accept event of type" in detail(response, 500)
    await reviewer.tell(handler_id, {"event": body["event"]})
    verdict = (await reviewer.log(handler_id))[-1].event
    assert verdict["value"] == {"text": "approved: This is great!"}


async def test_events_that_a_body_waits_for_are_not_hidden(reviewer: Api) -> None:
    for workflow in ["feedback", "review"]:
        events = (await reviewer.get(f"/workflows/{workflow}/events")).json()["events"]
        [schema] = [event for event in events if event["title"] == "HumanFeedbackEvent"]
        assert set(schema["required"]) == {"feedback", "approved"}


@pytest.mark.parametrize(
    ("query", "status"), [("", "cancelled"), ("?purge=false", "cancelled"), ("?purge=true", "deleted")]
)
async def test_cancel(reviewer: Api, query: str, status: str) -> None:
    handler_id = await reviewer.begin("feedback")
    async with reviewer.stream_of(handler_id, after_sequence=-1) as reader:
        await reader.until("FeedbackRequested")
        response = await reviewer.post(f"/handlers/{handler_id}/cancel{query}")
        assert (response.status_code, response.json()) == (200, {"status": status})
        assert [frame.event for frame in await reader.rest()] == [CANCELLED]
    response = await reviewer.get(f"/handlers/{handler_id}")
    if status == "deleted":
        assert detail(response, 404) == "Handler not found"
    else:
        assert check_record(response.json())["status"] == "cancelled"


async def test_handlers(reviewer: Api) -> None:
    handler_id = await reviewer.begin("feedback")
    handlers = (await reviewer.get("/handlers")).json()["handlers"]
    assert handler_id in {check_record(record)["handler_id"] for record in handlers}
