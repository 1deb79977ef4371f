"""Requests that start no run: each gets its documented answer, and the server lives on."""

import pytest

from wire import MALFORMED, NOT_AN_OBJECT, QUESTION, Api, answer, answered, detail

pytestmark = pytest.mark.usefixtures("the_server_lives_on")

FOR_START = "Validation error for 'start_event': "


@pytest.mark.parametrize("body", MALFORMED)
@pytest.mark.parametrize("endpoint", ["run", "run-nowait"])
async def test_a_start_that_is_not_json_is_400(http: Api, endpoint: str, body: bytes) -> None:
    response = await http.post(f"/workflows/greet/{endpoint}", content=body)
    assert detail(response, 400).startswith("Invalid JSON body: ")


@pytest.mark.parametrize("endpoint", ["run", "run-nowait"])
async def test_a_start_that_nests_without_end_is_400(http: Api, endpoint: str) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"start_event":', b"}")):
        for body in (opening * 200_000, opening * 100_000 + b"1" + closing * 100_000):
            response = await http.post(f"/workflows/greet/{endpoint}", content=body)
            detail(response, 400)


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", "true"])
@pytest.mark.parametrize("endpoint", ["run", "run-nowait"])
async def test_a_start_that_is_not_an_object_is_400(http: Api, endpoint: str, body: str) -> None:
    response = await http.post(f"/workflows/greet/{endpoint}", content=body)
    assert detail(response, 400).startswith("Error processing request body: ")


@pytest.mark.parametrize(
    ("workflow", "event", "text"),
    [
        ("greet", 5, NOT_AN_OBJECT),
        ("greet", [1], NOT_AN_OBJECT),
        ("greet", "not json", NOT_AN_OBJECT),
        ("greet", "[1]", NOT_AN_OBJECT),
        ("greet", '"{}"', NOT_AN_OBJECT),
        ("greet", {"type": "Nope", "value": {}}, "Invalid event type: Nope. Expected one of "),
        ("greet", {"value": {}}, "Invalid client data. Must have a type or a qualified name, "),
        (
            "greet",
            {"qualified_name": "os.path.Nope", "value": {}},
            "Event type os.path.Nope is not declared by this workflow.",
        ),
        ("greet", {"type": "StartEvent", "value": 5}, "Failed to deserialize event: "),
        ("fan-out", {"count": "many"}, "Failed to deserialize event: "),
        ("fan-out", {"count": None}, "Failed to deserialize event: "),
        ("fan-out", {"count": 1.5}, "Failed to deserialize event: "),
        ("fan-out", {"count": [1]}, "Failed to deserialize event: "),
        ("fan-out", {"count": {}}, "Failed to deserialize event: "),
        (
            "fan-out",
            {"type": "FanOutStart", "value": {"count": "many"}},
            "Failed to deserialize event: ",
        ),
    ],
)
async def test_a_bad_start_event_is_400_and_says_why(
    http: Api, workflow: str, event: object, text: str
) -> None:
    response = await http.post(f"/workflows/{workflow}/run", json={"start_event": event})
    assert detail(response, 400).startswith(FOR_START + text)


async def test_a_bad_field_is_named(http: Api) -> None:
    response = await http.post("/workflows/fan-out/run", json={"start_event": {"count": "many"}})
    text = detail(response, 400)
    assert "FanOutStart" in text
    assert "count" in text


async def test_an_event_that_cannot_start_the_workflow_is_400(http: Api) -> None:
    event = {"type": "ResponseEvent", "value": {"response": "x"}}
    response = await http.post("/workflows/human/run", json={"start_event": event})
    text = "Start event must be an instance of <class 'workflows.events.StartEvent'>"
    assert detail(response, 400) == text


@pytest.mark.parametrize("handler_id", [5, 1.5, True, ["a"], {"a": 1}])
async def test_a_handler_id_that_is_no_text_is_400(http: Api, handler_id: object) -> None:
    response = await http.post("/workflows/greet/run-nowait", json={"handler_id": handler_id})
    detail(response, 400)


async def test_a_context_is_refused(http: Api) -> None:
    body = {"context": {"state": {"state_data": {}}}}
    response = await http.post("/workflows/greet/run", json=body)
    assert detail(response, 400).startswith("Context API is disabled.")


async def test_a_refused_start_leaves_no_handler_behind(http: Api) -> None:
    bad = {"handler_id": "never-started", "start_event": 5}
    detail(await http.post("/workflows/greet/run-nowait", json=bad), 400)
    assert detail(await http.get("/handlers/never-started"), 404) == "Handler not found"


async def test_an_id_in_use_is_409_and_its_run_goes_on(http: Api) -> None:
    handler_id = await http.asked()
    for endpoint in ("run", "run-nowait"):
        body = {"handler_id": handler_id}
        response = await http.post(f"/workflows/greet/{endpoint}", json=body)
        assert detail(response, 409) == f"Handler '{handler_id}' is already running"
    await http.tell(handler_id, answer("Ada"))
    assert [f.event for f in await http.log(handler_id)] == [QUESTION, answered("Ada")]
