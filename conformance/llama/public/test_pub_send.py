"""POST /events/{id}."""

import pytest

from kit import detail, is_internal


async def waiting_human(api):
    handler_id = await api.start("human")
    await api.seen(handler_id, "RequestEvent")
    return handler_id


async def answered(api, event):
    """Post this event to a waiting run and return the final output."""
    handler_id = await waiting_human(api)
    response = await api.send_raw(handler_id, {"event": event})
    assert response.status_code == 200, response.text
    assert response.json() == {"status": "sent"}
    return (await api.ended(handler_id))["result"]["value"]["output"]


async def test_event_object_by_type(api):
    event = {"type": "ResponseEvent", "value": {"response": "Ann"}}
    assert await answered(api, event) == "Hello, Ann"


async def test_event_object_by_qualified_name(api):
    event = {"qualified_name": "fixtures.ResponseEvent", "value": {"response": "Qn"}}
    assert await answered(api, event) == "Hello, Qn"


async def test_event_object_with_both_names(api):
    event = {
        "type": "ResponseEvent",
        "qualified_name": "fixtures.ResponseEvent",
        "value": {"response": "Both"},
    }
    assert await answered(api, event) == "Hello, Both"


async def test_event_as_json_string(api):
    event = '{"type": "ResponseEvent", "value": {"response": "Str"}}'
    assert await answered(api, event) == "Hello, Str"


async def test_event_with_legacy_data_key(api):
    event = {"type": "ResponseEvent", "data": {"response": "Old"}}
    assert await answered(api, event) == "Hello, Old"


async def test_result_of_the_answered_run_is_the_custom_stop_event(api):
    handler_id = await waiting_human(api)
    await api.send(handler_id, "ResponseEvent", response="Ann")
    assert (await api.ended(handler_id))["result"] == {
        "value": {"output": "Hello, Ann"},
        "qualified_name": "fixtures.OutEvent",
        "type": "OutEvent",
        "types": ["StopEvent"],
    }


async def test_run_keeps_running_until_it_is_answered(api):
    handler_id = await waiting_human(api)
    assert (await api.handler(handler_id)).status_code == 202


async def test_two_questions_in_sequence(api):
    handler_id = await api.start("two-human")
    first = await api.seen(handler_id, "FirstQuestion")
    assert first.value == {"question": "first?"}
    await api.send(handler_id, "FirstAnswer", answer="one")
    second = await api.seen(handler_id, "SecondQuestion")
    assert second.value == {"question": "second?"}
    await api.send(handler_id, "SecondAnswer", answer="two")
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"first": "one", "second": "two"}
    assert [f.type for f in await api.frames(handler_id)] == [
        "FirstQuestion",
        "SecondQuestion",
        "TwoHumanStop",
    ]


async def test_untyped_human_events_carry_dynamic_fields_under_data_key(api):
    handler_id = await api.start("classic-human")
    frame = await api.seen(handler_id, "InputRequiredEvent")
    assert frame.event == {
        "value": {"_data": {"prefix": "What's your name? "}},
        "qualified_name": "workflows.events.InputRequiredEvent",
        "type": "InputRequiredEvent",
        "types": None,
    }
    await api.send(handler_id, "HumanResponseEvent", response="me")
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"result": "me"}


async def test_untyped_human_response_is_accepted_under_data_key(api):
    handler_id = await api.start("classic-human")
    await api.seen(handler_id, "InputRequiredEvent")
    await api.send(handler_id, "HumanResponseEvent", _data={"response": "me"})
    assert (await api.ended(handler_id))["result"]["value"] == {"result": "me"}


async def test_step_that_waits_for_an_event_is_resumed_by_it(api):
    handler_id = await api.start("wait", start_event={"ticket": "A"})
    request = await api.seen(handler_id, "ApprovalRequest")
    assert request.value == {"ticket": "A"}
    await api.send(handler_id, "Approval", ticket="A", approved=True)
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"result": {"ticket": "A", "approved": True}}
    assert [f.type for f in await api.frames(handler_id)] == [
        "ApprovalRequest",
        "StopEvent",
    ]


# step targeting ------------------------------------------------------------
async def test_event_for_one_step_reaches_only_that_step(api):
    handler_id = await api.start("steps-target")
    await api.seen(handler_id, "TargetReady")
    await api.send(handler_id, "Ping", step="left", tag="a")
    await api.seen(handler_id, "Hit")
    await api.send(handler_id, "Finish")
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"result": {"left": 1, "right": 0}}


async def test_event_without_step_reaches_every_accepting_step(api):
    handler_id = await api.start("steps-target")
    await api.seen(handler_id, "TargetReady")
    await api.send(handler_id, "Ping", tag="b")
    await api.count(handler_id, "Hit", 2)
    await api.send(handler_id, "Finish", step="finish")
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"result": {"left": 1, "right": 1}}
    hits = [f.value for f in await api.frames(handler_id) if f.type == "Hit"]
    assert sorted(h["step"] for h in hits) == ["left", "right"]
    assert {h["tag"] for h in hits} == {"b"}


async def test_unknown_step_is_500_and_named(api):
    handler_id = await waiting_human(api)
    event = {"type": "ResponseEvent", "value": {"response": "x"}}
    response = await api.send_raw(handler_id, {"event": event, "step": "nostep"})
    assert response.status_code == 500
    assert detail(response) == "Failed to send event: Step nostep does not exist"
    assert (await api.handler(handler_id)).status_code == 202


async def test_step_that_does_not_accept_the_event_is_500(api):
    handler_id = await waiting_human(api)
    event = {"type": "ResponseEvent", "value": {"response": "x"}}
    response = await api.send_raw(handler_id, {"event": event, "step": "prompt_human"})
    assert response.status_code == 500
    text = detail(response)
    assert text.startswith("Failed to send event: Step prompt_human does not accept event of type ")
    assert "ResponseEvent" in text


# refusals ------------------------------------------------------------------
@pytest.mark.parametrize(
    "body", [{}, {"event": None}, {"event": {}}, {"event": ""}, {"step": "greet_human"}]
)
async def test_missing_event_is_400(api, body):
    handler_id = await waiting_human(api)
    response = await api.send_raw(handler_id, body)
    assert response.status_code == 400
    assert detail(response) == "Event data is required"


@pytest.mark.parametrize("content", [b"", b"not json"])
async def test_malformed_body_is_400(api, content):
    handler_id = await waiting_human(api)
    response = await api.post(f"/events/{handler_id}", content=content)
    assert response.status_code == 400
    assert detail(response).startswith("Error processing request: ")


async def test_unknown_event_type_is_400_and_lists_the_known_ones(api):
    handler_id = await waiting_human(api)
    response = await api.send_raw(handler_id, {"event": {"type": "Nope", "value": {}}})
    assert response.status_code == 400
    prefix = "Invalid event type: Nope. Expected one of "
    text = detail(response)
    assert text.startswith(prefix)
    assert set(text[len(prefix) :].split(", ")) == {
        "StartEvent",
        "RequestEvent",
        "ResponseEvent",
        "OutEvent",
    }


async def test_undeclared_qualified_name_is_400_and_named(api):
    handler_id = await waiting_human(api)
    event = {"qualified_name": "fixtures.GreetStart", "value": {}}
    response = await api.send_raw(handler_id, {"event": event})
    assert response.status_code == 400
    assert "fixtures.GreetStart" in detail(response)


@pytest.mark.parametrize("value", [{}, {"response": 5}, {"response": None}])
async def test_invalid_event_fields_are_400_and_named(api, value):
    handler_id = await waiting_human(api)
    event = {"type": "ResponseEvent", "value": value}
    response = await api.send_raw(handler_id, {"event": event})
    assert response.status_code == 400
    text = detail(response)
    assert text.startswith("Failed to deserialize event")
    assert "response" in text
    assert (await api.handler(handler_id)).status_code == 202


@pytest.mark.parametrize("event", ["not json", 5, [1]])
async def test_event_that_is_not_an_object_is_400(api, event):
    handler_id = await waiting_human(api)
    response = await api.send_raw(handler_id, {"event": event})
    assert response.status_code == 400
    assert detail(response).startswith("Failed to deserialize event")


async def test_unknown_handler_is_404(api):
    event = {"type": "ResponseEvent", "value": {"response": "x"}}
    response = await api.send_raw("missing", {"event": event})
    assert response.status_code == 404
    assert detail(response) == "Handler not found"


@pytest.mark.parametrize("workflow", ["quiet", "fail", "timeout"])
async def test_ended_run_is_409(api, workflow):
    handler_id = await api.start(workflow)
    await api.ended(handler_id)
    event = {"type": "StopEvent", "value": {}}
    response = await api.send_raw(handler_id, {"event": event})
    assert response.status_code == 409
    assert detail(response) == "Workflow already completed"


async def test_refused_events_leave_no_trace_in_the_stream(api):
    handler_id = await waiting_human(api)
    await api.send_raw(handler_id, {"event": {"type": "Nope", "value": {}}})
    await api.send(handler_id, "ResponseEvent", response="ok")
    await api.ended(handler_id)
    visible = [f.type for f in await api.internal(handler_id) if not is_internal(f.event)]
    assert visible == ["RequestEvent", "OutEvent"]


async def test_dynamic_fields_keep_their_json_types(api):
    handler_id = await api.start("classic-human")
    await api.seen(handler_id, "InputRequiredEvent")
    answer = {"list": [1, 2.5, None, True, "x"], "nested": {"a": {"b": []}}}
    await api.send(handler_id, "HumanResponseEvent", response=answer)
    assert (await api.ended(handler_id))["result"]["value"] == {"result": answer}
