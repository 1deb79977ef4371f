"""POST /handlers/{id}/cancel."""

import pytest

from kit import check_handler, detail


async def running(api):
    handler_id = await api.start("slow")
    await api.seen(handler_id, "SlowTick")
    return handler_id


async def test_cancel_answers_cancelled(api):
    response = await api.cancel(await running(api))
    assert response.status_code == 200
    assert response.json() == {"status": "cancelled"}


@pytest.mark.parametrize("purge", ["false", "FALSE", "no"])
async def test_cancel_without_true_purge_keeps_the_handler(api, purge):
    handler_id = await running(api)
    response = await api.cancel(handler_id, purge=purge)
    assert response.json() == {"status": "cancelled"}
    assert (await api.handler(handler_id)).json()["status"] == "cancelled"


async def test_record_is_final_as_soon_as_cancel_has_answered(api):
    handler_id = await running(api)
    await api.cancel(handler_id)
    data = check_handler((await api.handler(handler_id)).json())
    assert data["status"] == "cancelled"
    assert data["completed_at"] is not None


async def test_cancelled_run_makes_no_more_events(api):
    handler_id = await running(api)
    await api.cancel(handler_id)
    first = await api.frames(handler_id)
    assert first[-1].type == "WorkflowCancelledEvent"
    assert await api.frames(handler_id) == first


async def test_second_cancel_is_404(api):
    handler_id = await running(api)
    await api.cancel(handler_id)
    response = await api.cancel(handler_id)
    assert response.status_code == 404
    assert detail(response) == "Handler not found"


@pytest.mark.parametrize("workflow", ["quiet", "fail"])
async def test_cancel_of_an_ended_run_is_404_and_changes_nothing(api, workflow):
    handler_id = await api.start(workflow)
    before = await api.ended(handler_id)
    response = await api.cancel(handler_id)
    assert response.status_code == 404
    assert (await api.handler(handler_id)).json() == before


@pytest.mark.parametrize("params", [{}, {"purge": "true"}])
async def test_cancel_of_an_unknown_handler_is_404(api, params):
    response = await api.cancel("missing", **params)
    assert response.status_code == 404
    assert detail(response) == "Handler not found"


@pytest.mark.parametrize("purge", ["true", "TRUE"])
async def test_purge_of_a_running_handler_deletes_it(api, purge):
    handler_id = await running(api)
    response = await api.cancel(handler_id, purge=purge)
    assert response.status_code == 200
    assert response.json() == {"status": "deleted"}
    assert (await api.handler(handler_id)).status_code == 404


@pytest.mark.parametrize("workflow", ["quiet", "fail", "timeout"])
async def test_purge_of_an_ended_handler_deletes_it(api, workflow):
    handler_id = await api.start(workflow)
    await api.ended(handler_id)
    response = await api.cancel(handler_id, purge="true")
    assert response.status_code == 200
    assert response.json() == {"status": "deleted"}
    assert (await api.handler(handler_id)).status_code == 404


async def test_purge_of_a_cancelled_handler_deletes_it(api):
    handler_id = await running(api)
    await api.cancel(handler_id)
    assert (await api.cancel(handler_id, purge="true")).json() == {"status": "deleted"}
    assert (await api.handler(handler_id)).status_code == 404


async def test_cancelled_run_refuses_events_with_409(api):
    handler_id = await running(api)
    await api.cancel(handler_id)
    response = await api.send_raw(handler_id, {"event": {"type": "StopEvent", "value": {}}})
    assert response.status_code == 409


async def test_cancel_of_a_waiting_run(api):
    handler_id = await api.start("wait")
    await api.seen(handler_id, "WorkflowIdleEvent")
    assert (await api.cancel(handler_id)).json() == {"status": "cancelled"}
    assert [f.type for f in await api.frames(handler_id)] == [
        "ApprovalRequest",
        "WorkflowCancelledEvent",
    ]


async def test_open_stream_of_a_cancelled_run_ends(api):
    handler_id = await api.start("slow")
    async with api.stream(handler_id, after_sequence=-1) as reader:
        await reader.next()
        await api.cancel(handler_id)
        assert (await reader.rest())[-1].type == "WorkflowCancelledEvent"
