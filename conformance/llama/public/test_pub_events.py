"""GET /events/{id}."""

import asyncio
import json

import pytest

from kit import (
    HEARTBEAT,
    class_name,
    detail,
    is_internal,
    is_terminal,
    stop_envelope,
)

PROGRESS = [
    {
        "value": {"index": i, "message": f"step {i}"},
        "qualified_name": "fixtures.GreetProgress",
        "type": "GreetProgress",
        "types": None,
    }
    for i in range(3)
]


async def greeted(api, name="Ada"):
    return (await api.finish("greet", start_event={"name": name}))["handler_id"]


# formats -------------------------------------------------------------------
async def test_default_format_is_server_sent_events(api):
    handler_id = await greeted(api)
    response = await api.raw_events(handler_id, "?after_sequence=-1")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")


async def test_sse_frame_is_an_id_line_and_a_data_line(api):
    handler_id = await greeted(api)
    response = await api.raw_events(handler_id, "?after_sequence=-1&sse=true")
    frames = [f for f in response.text.split("\n\n") if f and not f.startswith(":")]
    assert len(frames) == 4
    for frame in frames:
        first, second = frame.split("\n")
        assert first.startswith("id: ")
        assert int(first[4:]) >= 0
        assert second.startswith("data: ")
        assert isinstance(json.loads(second[6:]), dict)


async def test_ndjson_is_one_envelope_per_line(api):
    handler_id = await greeted(api)
    response = await api.raw_events(handler_id, "?after_sequence=-1&sse=false")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert response.text.endswith("\n")
    lines = [json.loads(line) for line in response.text[:-1].split("\n")]
    assert lines == [*PROGRESS, stop_envelope({"result": "Hello, Ada!"})]


async def test_both_formats_carry_the_same_envelopes(api):
    handler_id = await greeted(api)
    sse = await api.frames(handler_id, sse="true")
    ndjson = await api.frames(handler_id, sse="false")
    assert [f.event for f in sse] == [f.event for f in ndjson]


# content -------------------------------------------------------------------
async def test_stream_is_in_order_and_ends_with_the_stop_event(api):
    frames = await api.frames(await greeted(api, "Bo"))
    assert [f.event for f in frames] == [
        *PROGRESS,
        stop_envelope({"result": "Hello, Bo!"}),
    ]


async def test_stop_event_is_the_only_terminal_event_and_the_last(api):
    frames = await api.internal(await greeted(api))
    assert [is_terminal(f.event) for f in frames] == [False] * (len(frames) - 1) + [True]


async def test_internal_events_are_hidden_by_default(api):
    frames = await api.frames(await greeted(api))
    assert not any(is_internal(f.event) for f in frames)
    same = await api.frames((await api.finish("greet"))["handler_id"], include_internal="false")
    assert not any(is_internal(f.event) for f in same)


async def test_include_internal_adds_step_state_changes_in_place(api):
    frames = await api.internal(await greeted(api))
    assert [f.type for f in frames] == [
        "StepStateChanged",
        "GreetProgress",
        "GreetProgress",
        "GreetProgress",
        "StepStateChanged",
        "StopEvent",
    ]
    assert [f.id for f in frames] == [0, 1, 2, 3, 4, 5]


async def test_step_state_changed_payload(api):
    frames = await api.internal(await greeted(api))
    running, stopped = [f.event for f in frames if f.type == "StepStateChanged"]
    for event in (running, stopped):
        assert event["qualified_name"] == "workflows.events.StepStateChanged"
        assert event["types"] == ["InternalDispatchEvent"]
        assert {
            "name",
            "step_state",
            "worker_id",
            "input_event_name",
            "output_event_name",
        } <= set(event["value"])
        assert event["value"]["name"] == "greet"
        assert event["value"]["worker_id"] == "0"
        assert class_name(event["value"]["input_event_name"]) == "GreetStart"
    assert running["value"]["step_state"] == "running"
    assert running["value"]["output_event_name"] is None
    assert stopped["value"]["step_state"] == "not_running"
    assert class_name(stopped["value"]["output_event_name"]) == "StopEvent"


async def test_include_qualified_name_false_sets_it_to_null(api):
    frames = await api.frames(await greeted(api), include_qualified_name="false")
    assert [f.event for f in frames] == [
        *[{**p, "qualified_name": None} for p in PROGRESS],
        {**stop_envelope({"result": "Hello, Ada!"}), "qualified_name": None},
    ]


async def test_custom_stop_event_ends_the_stream(api):
    handler_id = (await api.finish("echo", start_event={"text": "t"}))["handler_id"]
    frames = await api.frames(handler_id)
    assert [f.type for f in frames] == ["EchoStop"]
    assert frames[0].event["types"] == ["StopEvent"]
    assert frames[0].event["qualified_name"] == "fixtures.EchoStop"


async def test_failed_run_ends_with_workflow_failed_event(api):
    handler_id = await api.start("fail", start_event={"message": "bad", "emit": 2})
    frames = await api.frames(handler_id)
    assert [f.type for f in frames] == ["FailNotice", "FailNotice", "WorkflowFailedEvent"]
    last = frames[-1].event
    assert last["qualified_name"] == "workflows.events.WorkflowFailedEvent"
    assert last["types"] == ["StopEvent"]
    assert set(last["value"]) == {
        "step_name",
        "exception",
        "attempts",
        "elapsed_seconds",
    }
    assert last["value"]["step_name"] == "explode"
    assert last["value"]["attempts"] == 1
    assert 0 <= last["value"]["elapsed_seconds"] < 10
    assert set(last["value"]["exception"]) == {"exception_type", "exception_message"}
    assert last["value"]["exception"]["exception_message"] == "bad"


async def test_timed_out_run_ends_with_workflow_timed_out_event(api):
    frames = await api.frames(await api.start("timeout"))
    assert [f.event for f in frames] == [
        {
            "value": {"timeout": 0.3, "active_steps": ["nap"]},
            "qualified_name": "workflows.events.WorkflowTimedOutEvent",
            "type": "WorkflowTimedOutEvent",
            "types": ["StopEvent"],
        }
    ]


async def test_cancelled_run_ends_with_workflow_cancelled_event(api):
    handler_id = await api.start("slow")
    await api.seen(handler_id, "SlowTick")
    await api.cancel(handler_id)
    assert (await api.frames(handler_id))[-1].event == {
        "value": {},
        "qualified_name": "workflows.events.WorkflowCancelledEvent",
        "type": "WorkflowCancelledEvent",
        "types": ["StopEvent"],
    }


async def test_events_of_every_attempt_are_kept(api):
    handler_id = (await api.finish("retry"))["handler_id"]
    frames = await api.frames(handler_id)
    assert [f.type for f in frames] == ["AttemptNotice"] * 3 + ["StopEvent"]
    assert [f.value["attempt"] for f in frames[:3]] == [1, 2, 3]


async def test_input_required_event_is_streamed_when_a_step_returns_it(api):
    handler_id = await api.start("human")
    frame = await api.seen(handler_id, "RequestEvent")
    assert frame.event == {
        "value": {"prompt": "What is your name?"},
        "qualified_name": "fixtures.RequestEvent",
        "type": "RequestEvent",
        "types": ["InputRequiredEvent"],
    }


async def test_waiting_run_reports_idle_as_an_internal_event(api):
    handler_id = await api.start("human")
    frame = await api.seen(handler_id, "WorkflowIdleEvent")
    assert frame.event == {
        "value": {},
        "qualified_name": "workflows.events.WorkflowIdleEvent",
        "type": "WorkflowIdleEvent",
        "types": ["InternalDispatchEvent"],
    }


# cursors -------------------------------------------------------------------
async def test_ids_increase_strictly(api):
    ids = [f.id for f in await api.frames(await greeted(api))]
    assert ids == sorted(set(ids))


async def test_after_sequence_skips_what_was_seen(api):
    handler_id = await greeted(api)
    frames = await api.frames(handler_id)
    for i, frame in enumerate(frames[:-1]):
        later = await api.frames(handler_id, after_sequence=frame.id)
        assert later == frames[i + 1 :]


async def test_after_sequence_works_in_ndjson(api):
    handler_id = await greeted(api)
    frames = await api.frames(handler_id)
    later = await api.frames(handler_id, after_sequence=frames[1].id, sse="false")
    assert [f.event for f in later] == [f.event for f in frames[2:]]


async def test_finished_stream_can_be_read_again_and_again(api):
    handler_id = await greeted(api)
    first = await api.frames(handler_id)
    assert len(first) == 4
    for _ in range(3):
        assert await api.frames(handler_id) == first


@pytest.mark.parametrize("query", ["?after_sequence=now", "", "?sse=false"])
async def test_now_on_a_finished_run_is_204_without_body(api, query):
    response = await api.raw_events(await greeted(api), query)
    assert response.status_code == 204
    assert response.content == b""


async def test_cursor_at_or_past_the_end_of_a_finished_run_is_204(api):
    handler_id = await greeted(api)
    last = (await api.frames(handler_id))[-1].id
    for cursor in (last, last + 1, 999999):
        response = await api.raw_events(handler_id, f"?after_sequence={cursor}")
        assert response.status_code == 204


@pytest.mark.parametrize("params", [{"after_sequence": "now"}, {}])
async def test_now_on_a_waiting_run_gets_only_later_events(api, params):
    handler_id = await api.start("human")
    await api.seen(handler_id, "WorkflowIdleEvent")
    async with api.stream(handler_id, **params) as reader:
        await api.send(handler_id, "ResponseEvent", response="Kim")
        frames = await reader.rest()
    assert [f.type for f in frames] == ["OutEvent"]


@pytest.mark.parametrize("cursor", ["abc", "1.5", "", "0x1"])
async def test_garbage_cursor_is_400(api, cursor):
    response = await api.raw_events(await greeted(api), f"?after_sequence={cursor}")
    assert response.status_code == 400
    assert detail(response) == f"Invalid after_sequence: '{cursor}'"


async def test_last_event_id_resumes_a_stream(api):
    handler_id = await greeted(api)
    frames = await api.frames(handler_id)
    later = await api.frames(handler_id, headers={"Last-Event-ID": str(frames[1].id)})
    assert later == frames[2:]


async def test_last_event_id_at_the_end_is_204(api):
    handler_id = await greeted(api)
    last = (await api.frames(handler_id))[-1].id
    response = await api.raw_events(
        handler_id, "?after_sequence=-1", headers={"Last-Event-ID": str(last)}
    )
    assert response.status_code == 204


async def test_unknown_handler_is_404(api):
    response = await api.raw_events("missing", "?after_sequence=-1")
    assert response.status_code == 404
    assert detail(response) == "Handler not found"


# live streams --------------------------------------------------------------
async def test_events_arrive_while_the_run_goes_on(api):
    handler_id = await api.start("slow")
    async with api.stream(handler_id, after_sequence=-1) as reader:
        for i in range(5):
            frame = await reader.next()
            assert frame.value == {"n": i}
        assert (await api.handler(handler_id)).status_code == 202


async def test_live_stream_closes_after_the_stop_event(api):
    handler_id = await api.start("slow", start_event={"ticks": 5, "interval": 0.05})
    frames = await api.frames(handler_id)
    assert [f.type for f in frames] == ["SlowTick"] * 5 + ["StopEvent"]


async def test_several_readers_get_the_same_stream(api):
    handler_id = await api.start("slow", start_event={"ticks": 8, "interval": 0.05})
    readings = await asyncio.gather(*[api.frames(handler_id) for _ in range(4)])
    assert [f.type for f in readings[0]] == ["SlowTick"] * 8 + ["StopEvent"]
    assert all(r == readings[0] for r in readings)


async def test_reader_that_leaves_does_not_disturb_the_run(api):
    handler_id = await api.start("slow", start_event={"ticks": 6, "interval": 0.05})
    async with api.stream(handler_id, after_sequence=-1) as reader:
        await reader.next()
    assert (await api.ended(handler_id))["status"] == "completed"
    assert len(await api.frames(handler_id)) == 7


async def test_sse_heartbeat_comments_on_an_idle_stream(api):
    handler_id = await api.start("human")
    async with api.stream(handler_id, after_sequence=-1) as reader:
        await reader.until("RequestEvent")
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        pending = asyncio.create_task(reader.next())
        await reader.commented(2)
        # The second one was sent two intervals after the event, which may have come in late.
        assert loop.time() - silent_since > HEARTBEAT
        assert reader.comments == ["heartbeat"] * 2
        await api.send(handler_id, "ResponseEvent", response="x")
        assert (await pending).type == "OutEvent"


async def test_ndjson_stream_has_no_heartbeats(api):
    handler_id = await api.start("human")
    await api.seen(handler_id, "RequestEvent")
    lines = api.http.stream("GET", f"/events/{handler_id}?after_sequence=-1&sse=false")
    async with lines as response, api.stream(handler_id, after_sequence=-1) as other:
        chunks = response.aiter_bytes()
        first = await chunks.__anext__()
        pending = asyncio.ensure_future(chunks.__anext__())
        # As long as it takes the other kind of stream to send two.
        other_pending = asyncio.create_task(other.until("OutEvent"))
        await other.commented(2)
        assert not pending.done()
        await api.send(handler_id, "ResponseEvent", response="x")
        assert json.loads(first)["type"] == "RequestEvent"
        assert json.loads(await pending)["type"] == "OutEvent"
        await other_pending


# query spellings -----------------------------------------------------------
@pytest.mark.parametrize("value", ["true", "TRUE", "True"])
async def test_sse_is_on_for_true_in_any_case(api, value):
    response = await api.raw_events(await greeted(api), f"?after_sequence=-1&sse={value}")
    assert response.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("value", ["1", "0", "yes", "no", ""])
async def test_sse_is_off_for_anything_else(api, value):
    response = await api.raw_events(await greeted(api), f"?after_sequence=-1&sse={value}")
    assert response.headers["content-type"].startswith("application/x-ndjson")


@pytest.mark.parametrize("value,count", [("TRUE", 6), ("1", 4), ("yes", 4)])
async def test_include_internal_is_on_only_for_true(api, value, count):
    frames = await api.frames(await greeted(api), include_internal=value)
    assert len(frames) == count


@pytest.mark.parametrize("value", ["0.5", "abc"])
async def test_legacy_acquire_timeout_is_ignored(api, value):
    handler_id = await greeted(api)
    readings = await asyncio.gather(
        *[api.frames(handler_id, acquire_timeout=value) for _ in range(3)]
    )
    assert all(len(r) == 4 for r in readings)
