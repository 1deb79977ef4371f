"""POST /workflows/{name}/run."""

import json

import pytest

from kit import check_handler, detail, parse_time, seg, stop_envelope, uid


async def greeting(api, **body):
    return (await api.result("greet", **body))["result"]


# ways to pass the start event ----------------------------------------------
async def test_bare_start_event(api):
    assert await greeting(api, start_event={"name": "Ada"}) == "Hello, Ada!"


async def test_enveloped_start_event_by_type(api):
    event = {"type": "GreetStart", "value": {"name": "Env"}}
    assert await greeting(api, start_event=event) == "Hello, Env!"


async def test_enveloped_start_event_by_qualified_name(api):
    event = {"qualified_name": "fixtures.GreetStart", "value": {"name": "Qn"}}
    assert await greeting(api, start_event=event) == "Hello, Qn!"


async def test_enveloped_start_event_with_type_and_null_qualified_name(api):
    event = {"type": "GreetStart", "qualified_name": None, "value": {"name": "Null"}}
    assert await greeting(api, start_event=event) == "Hello, Null!"


async def test_bare_start_event_as_json_string(api):
    assert await greeting(api, start_event='{"name": "Str"}') == "Hello, Str!"


async def test_enveloped_start_event_as_json_string(api):
    text = json.dumps({"type": "GreetStart", "value": {"name": "EnvStr"}})
    assert await greeting(api, start_event=text) == "Hello, EnvStr!"


async def test_empty_body_object_uses_defaults(api):
    assert await greeting(api) == "Hello, World!"


async def test_null_start_event_uses_defaults(api):
    assert await greeting(api, start_event=None) == "Hello, World!"


async def test_kwargs_build_the_start_event(api):
    assert await greeting(api, kwargs={"name": "Kw"}) == "Hello, Kw!"


async def test_start_event_wins_over_kwargs(api):
    assert await greeting(api, start_event={"name": "Se"}, kwargs={"name": "Kw"}) == "Hello, Se!"


async def test_unknown_start_event_fields_are_accepted(api):
    assert await greeting(api, start_event={"name": "X", "extra": 1}) == "Hello, X!"


async def test_unknown_body_fields_are_ignored(api):
    assert await greeting(api, start_event={"name": "X"}, other=1) == "Hello, X!"


async def test_empty_context_is_accepted(api):
    assert await greeting(api, context={}) == "Hello, World!"
    assert await greeting(api, context=None) == "Hello, World!"


async def test_body_is_json_whatever_its_content_type(api):
    response = await api.post(
        "/workflows/greet/run",
        content=b'{"start_event": {"name": "Plain"}}',
        headers={"content-type": "text/plain"},
    )
    assert response.json()["result"]["value"] == {"result": "Hello, Plain!"}


async def test_untyped_start_event_takes_dynamic_fields(api):
    assert await api.result("hello", {"name": "Dyn"}) == {"result": "Hello, Dyn!"}


async def test_untyped_start_event_takes_dynamic_fields_under_data_key(api):
    event = {"_data": {"name": "Under"}}
    assert await api.result("hello", event) == {"result": "Hello, Under!"}


async def test_untyped_start_event_envelope(api):
    event = {"type": "StartEvent", "value": {"_data": {"name": "Both"}}}
    assert await api.result("hello", event) == {"result": "Hello, Both!"}


# results -------------------------------------------------------------------
async def test_completed_run_returns_the_handler_record(api):
    response = await api.run("greet", start_event={"name": "Ada"})
    assert response.status_code == 200
    data = check_handler(response.json())
    assert data["workflow_name"] == "greet"
    assert data["status"] == "completed"
    assert data["error"] is None
    assert data["result"] == stop_envelope({"result": "Hello, Ada!"})


async def test_completed_run_timestamps_are_ordered(api):
    data = await api.finish("greet")
    started = parse_time(data["started_at"])
    completed = parse_time(data["completed_at"])
    assert 0.05 <= (completed - started).total_seconds() < 10


async def test_stop_event_without_result_has_an_empty_value(api):
    assert (await api.finish("quiet"))["result"] == stop_envelope({})


async def test_custom_stop_event_lists_its_fields_and_its_parent_type(api):
    result = (await api.finish("echo", start_event={"text": "t"}))["result"]
    assert result["type"] == "EchoStop"
    assert result["qualified_name"] == "fixtures.EchoStop"
    assert result["types"] == ["StopEvent"]


async def test_typed_fields_round_trip(api):
    event = {
        "text": 'quote " backslash \\ tab \t',
        "number": -7,
        "ratio": 1.5,
        "flag": True,
        "tags": ["a", "b"],
        "inner": {"id": 1, "note": "n"},
        "children": [{"id": 2, "note": "x"}, {"id": 3, "note": None}],
        "color": "blue",
    }
    assert await api.result("echo", event) == event


async def test_missing_typed_fields_take_their_defaults(api):
    assert await api.result("echo", {"text": "t", "children": [{"id": 1}]}) == {
        "text": "t",
        "number": 0,
        "ratio": None,
        "flag": False,
        "tags": [],
        "inner": None,
        "children": [{"id": 1, "note": None}],
        "color": "red",
    }


async def test_integer_is_accepted_for_a_float_field(api):
    assert (await api.result("echo", {"text": "t", "ratio": 2}))["ratio"] == 2


async def test_fan_out_collects_every_result(api):
    assert await api.result("fanout", {"n": 10}) == {"result": {"count": 10, "sum": 285}}


async def test_retried_step_succeeds_on_its_third_attempt(api):
    assert await api.result("retry") == {"result": {"attempts": 3}}


async def test_given_handler_id_is_used(api):
    handler_id = uid()
    data = await api.finish("quiet", handler_id=handler_id)
    assert data["handler_id"] == handler_id
    assert (await api.handler(handler_id)).json() == data


@pytest.mark.parametrize("handler_id", ["", None])
async def test_empty_handler_id_gets_a_fresh_url_safe_one(api, handler_id):
    first = await api.finish("quiet", handler_id=handler_id)
    second = await api.finish("quiet", handler_id=handler_id)
    assert first["handler_id"] != second["handler_id"]
    assert seg(first["handler_id"]) == first["handler_id"]


# failures ------------------------------------------------------------------
async def test_failing_step_is_500_with_the_handler_record(api):
    response = await api.run("fail", start_event={"message": "it broke"})
    assert response.status_code == 500
    data = check_handler(response.json())
    assert data["status"] == "failed"
    assert data["error"] == "it broke"
    assert data["result"] is None


async def test_timed_out_run_is_500_with_the_handler_record(api):
    response = await api.run("timeout")
    assert response.status_code == 500
    data = check_handler(response.json())
    assert data["status"] == "failed"
    assert data["error"] == "Workflow timed out after 0.3s"


async def test_exhausted_retries_are_500_with_the_last_error(api):
    response = await api.run("retry", start_event={"failures": 9})
    assert response.status_code == 500
    data = check_handler(response.json())
    assert data["status"] == "failed"
    assert data["error"] == "attempt 4 failed"


async def test_unknown_workflow_is_404(api):
    response = await api.run("missing")
    assert response.status_code == 404
    assert detail(response) == "Workflow not found"


@pytest.mark.parametrize("body", [b"not json", b"", b"{", b"{'a': 1}"])
async def test_malformed_body_is_400(api, body):
    response = await api.post("/workflows/greet/run", content=body)
    assert response.status_code == 400
    assert detail(response).startswith("Invalid JSON body: ")


async def test_absent_body_is_400(api):
    response = await api.post("/workflows/greet/run")
    assert response.status_code == 400
    assert detail(response).startswith("Invalid JSON body: ")


@pytest.mark.parametrize("body", [b"[1, 2]", b'"text"', b"null", b"5"])
async def test_body_that_is_not_an_object_is_400(api, body):
    response = await api.post("/workflows/greet/run", content=body)
    assert response.status_code == 400
    assert detail(response)


@pytest.mark.parametrize("event", ["not json", "[1]", [1], 5, True])
async def test_start_event_that_is_not_an_object_is_400(api, event):
    response = await api.run("greet", start_event=event)
    assert response.status_code == 400
    assert detail(response).startswith("Validation error for 'start_event': ")


async def test_missing_required_start_field_is_400_and_named(api):
    response = await api.run("echo", start_event={})
    assert response.status_code == 400
    text = detail(response)
    assert text.startswith("Validation error for 'start_event': ")
    assert "text" in text


async def test_missing_start_event_with_required_fields_is_400(api):
    response = await api.run("echo")
    assert response.status_code == 400
    assert detail(response).startswith("Validation error for 'start_event': ")


@pytest.mark.parametrize(
    "event,field",
    [
        ({"text": "t", "number": "many"}, "number"),
        ({"text": "t", "color": "pink"}, "color"),
        ({"text": "t", "tags": "no list"}, "tags"),
        ({"text": "t", "inner": {"id": "x"}}, "id"),
        ({"text": 5}, "text"),
    ],
)
async def test_wrongly_typed_start_field_is_400_and_named(api, event, field):
    response = await api.run("echo", start_event=event)
    assert response.status_code == 400
    text = detail(response)
    assert text.startswith("Validation error for 'start_event': ")
    assert field in text.split(":", 1)[1]


async def test_unknown_start_event_type_is_400_and_lists_the_known_ones(api):
    response = await api.run("greet", start_event={"type": "Nope", "value": {}})
    assert response.status_code == 400
    text = detail(response)
    prefix = "Validation error for 'start_event': Invalid event type: Nope. Expected one of "
    assert text.startswith(prefix)
    assert set(text[len(prefix) :].split(", ")) == {"GreetStart", "StopEvent"}


async def test_start_event_of_another_registered_type_is_400(api):
    response = await api.run("greet", start_event={"type": "StopEvent", "value": {}})
    assert response.status_code == 400
    text = detail(response)
    assert text.startswith("Start event must be an instance of ")
    assert "GreetStart" in text


async def test_start_event_of_an_undeclared_qualified_name_is_400(api):
    response = await api.run("greet", start_event={"qualified_name": "fixtures.Nope", "value": {}})
    assert response.status_code == 400
    text = detail(response)
    assert text.startswith("Validation error for 'start_event': ")
    assert "fixtures.Nope" in text


async def test_nonempty_context_is_refused_by_default(api):
    response = await api.run("counter", context={"version": 1, "state": {}})
    assert response.status_code == 400
    assert detail(response).startswith("Context API is disabled.")


@pytest.mark.parametrize("event", [False, "", '""', "5", "null", [], 1.5])
async def test_odd_start_events_are_400(api, event):
    response = await api.run("greet", start_event=event)
    assert response.status_code == 400
    assert detail(response).startswith("Validation error for 'start_event': ")


async def test_null_kwargs_use_the_defaults(api):
    assert await api.result("greet", kwargs=None) == {"result": "Hello, World!"}


async def test_kwargs_that_are_no_object_are_400(api):
    response = await api.run("greet", kwargs="x")
    assert response.status_code == 400


async def test_kwargs_are_validated_like_a_start_event(api):
    response = await api.run("echo", kwargs={"number": 1})
    assert response.status_code == 400
    assert "text" in detail(response)
    assert (await api.result("echo", kwargs={"text": "k", "number": 3}))["number"] == 3


async def test_null_start_event_without_required_fields_is_an_error(api):
    response = await api.run("echo", start_event=None)
    assert response.status_code in (400, 500)
    assert detail(response)


async def test_several_invalid_fields_are_all_named(api):
    response = await api.run("echo", start_event={"number": "x", "color": "pink"})
    assert response.status_code == 400
    text = detail(response)
    assert [f for f in ("text", "number", "color") if f in text]


async def test_escaped_surrogate_pair_in_a_body(api):
    response = await api.post(
        "/workflows/echo/run",
        content=b'{"start_event": {"text": "\\ud83d\\ude00 \\u00e9"}}',
    )
    assert response.json()["result"]["value"]["text"] == "\U0001f600 é"


async def test_large_and_small_floats_are_exact(api):
    for ratio in (1e300, 5e-324, 0.1, -1.7976931348623157e308):
        value = await api.result("echo", {"text": "t", "ratio": ratio})
        assert value["ratio"] == ratio
