"""Events that no run can take: each gets its documented answer, and the run goes on."""

import pytest

from wire import MALFORMED, NOT_AN_OBJECT, QUESTION, Api, answer, answered, detail

pytestmark = pytest.mark.usefixtures("the_server_lives_on")


@pytest.mark.parametrize("body", MALFORMED)
async def test_an_event_that_is_not_json_is_400(http: Api, body: bytes) -> None:
    response = await http.post("/events/missing", content=body)
    assert detail(response, 400).startswith("Error processing request: ")


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null"])
async def test_a_sent_body_that_is_not_an_object_is_400(http: Api, body: str) -> None:
    detail(await http.post("/events/missing", content=body), 400)


@pytest.mark.parametrize("event", [None, {}, "", [], 0])
async def test_an_empty_event_is_400(http: Api, event: object) -> None:
    for body in ({"event": event}, {"step": "any"}):
        response = await http.post("/events/missing", json=body)
        assert detail(response, 400) == "Event data is required"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (5, NOT_AN_OBJECT),
        ([1], NOT_AN_OBJECT),
        ("not json", NOT_AN_OBJECT),
        ({"type": "Nope", "value": {}}, "Invalid event type: Nope. Expected one of "),
        (
            {"qualified_name": "builtins.object", "value": {}},
            "Event type builtins.object is not declared by this workflow.",
        ),
        ({"value": {}}, "Invalid client data. Must have a type or a qualified name, "),
        ({"response": "bare"}, ""),
        ({"type": "ResponseEvent"}, ""),
        ({"type": "ResponseEvent", "value": {}}, "Failed to deserialize event: "),
        ({"type": "ResponseEvent", "value": {"response": 5}}, "Failed to deserialize event: "),
        ({"type": "ResponseEvent", "value": {"response": None}}, "Failed to deserialize event: "),
        ({"type": "ResponseEvent", "value": "text"}, "Failed to deserialize event: "),
        ({"type": "ResponseEvent", "value": None}, "Failed to deserialize event: "),
    ],
)
async def test_an_unreadable_event_is_400_and_the_run_goes_on_waiting(
    http: Api, event: object, text: str
) -> None:
    handler_id = await http.asked()
    response = await http.post(f"/events/{handler_id}", json={"event": event})
    assert detail(response, 400).startswith(text)
    await http.tell(handler_id, answer("Ada"))
    assert [f.event for f in await http.log(handler_id)] == [QUESTION, answered("Ada")]


async def test_a_step_that_cannot_take_the_event_is_named(http: Api) -> None:
    handler_id = await http.asked()
    graph = (await http.get("/workflows/human/representation")).json()["graph"]
    [other] = [edge["target"] for edge in graph["edges"] if edge["source"] == "StartEvent"]
    for step, text in [
        ("no-such-step", "Step no-such-step does not exist"),
        ("", "Step  does not exist"),
        (
            other,
            f"Step {other} does not accept event of type <class '__main__.ResponseEvent'>",
        ),
    ]:
        body = {**answer("Ada"), "step": step}
        response = await http.post(f"/events/{handler_id}", json=body)
        assert detail(response, 500) == f"Failed to send event: {text}"
    await http.tell(handler_id, {**answer("Ada"), "step": None})
    assert [f.event for f in await http.log(handler_id)] == [QUESTION, answered("Ada")]
