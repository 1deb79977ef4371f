"""POST /workflows/{name}/run-nowait, GET /handlers/{id}, GET /results/{id}."""

import pytest

from kit import check_handler, detail, parse_time, stop_envelope, uid


async def test_nowait_returns_the_running_record_at_once(api):
    response = await api.nowait("slow", start_event={"ticks": 40})
    assert response.status_code == 200
    data = check_handler(response.json())
    api.started.append(data["handler_id"])
    assert data["status"] == "running"
    assert data["workflow_name"] == "slow"
    assert data["result"] is None
    assert data["error"] is None
    assert data["completed_at"] is None


async def test_running_handler_is_202(api):
    handler_id = await api.start("slow")
    response = await api.handler(handler_id)
    assert response.status_code == 202
    assert check_handler(response.json())["status"] == "running"


async def test_completed_handler_is_200_with_the_result_envelope(api):
    handler_id = await api.start("greet", start_event={"name": "Bo"})
    data = await api.ended(handler_id)
    response = await api.handler(handler_id)
    assert response.status_code == 200
    assert response.json() == data
    assert data["status"] == "completed"
    assert data["result"] == stop_envelope({"result": "Hello, Bo!"})


async def test_record_keeps_ids_and_start_time_to_the_end(api):
    first = (await api.nowait("greet")).json()
    last = await api.ended(first["handler_id"])
    for key in ("handler_id", "run_id", "workflow_name"):
        assert last[key] == first[key]
    assert parse_time(last["started_at"]) == parse_time(first["started_at"])


async def test_failed_handler_is_500_with_the_record(api):
    handler_id = await api.start("fail", start_event={"message": "kaput"})
    await api.ended(handler_id)
    response = await api.handler(handler_id)
    assert response.status_code == 500
    data = check_handler(response.json())
    assert data["status"] == "failed"
    assert data["error"] == "kaput"


async def test_timed_out_handler_is_500_and_failed(api):
    handler_id = await api.start("timeout")
    data = await api.ended(handler_id)
    assert (await api.handler(handler_id)).status_code == 500
    assert data["status"] == "failed"
    assert data["error"] == "Workflow timed out after 0.3s"


async def test_cancelled_handler_is_500_without_error(api):
    handler_id = await api.start("slow")
    await api.cancel(handler_id)
    response = await api.handler(handler_id)
    assert response.status_code == 500
    data = check_handler(response.json())
    assert data["status"] == "cancelled"
    assert data["error"] is None
    assert data["result"] is None


async def test_unknown_handler_is_404(api):
    response = await api.handler("missing")
    assert response.status_code == 404
    assert detail(response) == "Handler not found"


async def test_nowait_unknown_workflow_is_404(api):
    response = await api.nowait("missing")
    assert response.status_code == 404
    assert detail(response) == "Workflow not found"


async def test_nowait_malformed_body_is_400(api):
    response = await api.post("/workflows/greet/run-nowait", content=b"not json")
    assert response.status_code == 400
    assert detail(response).startswith("Invalid JSON body: ")


async def test_nowait_invalid_start_event_is_400_and_starts_nothing(api):
    handler_id = uid()
    response = await api.nowait("echo", handler_id=handler_id, start_event={"number": 1})
    assert response.status_code == 400
    assert detail(response).startswith("Validation error for 'start_event': ")
    assert (await api.handler(handler_id)).status_code == 404


async def test_nowait_refuses_a_context_by_default(api):
    response = await api.nowait("counter", context={"version": 1})
    assert response.status_code == 400
    assert detail(response).startswith("Context API is disabled.")


# reuse of a handler id -----------------------------------------------------
async def test_reused_handler_id_continues_the_state(api):
    handler_id = uid()
    first = await api.finish("counter", handler_id=handler_id, start_event={"increment": 5})
    second = await api.finish("counter", handler_id=handler_id, start_event={"increment": 2})
    third = await api.finish("counter", handler_id=handler_id)
    assert first["result"]["value"]["result"] == {"total": 5, "runs": 1}
    assert second["result"]["value"]["result"] == {"total": 7, "runs": 2}
    assert third["result"]["value"]["result"] == {"total": 8, "runs": 3}


async def test_reused_handler_id_keeps_the_id_and_gets_a_new_run_id(api):
    handler_id = uid()
    first = await api.finish("counter", handler_id=handler_id)
    second = await api.finish("counter", handler_id=handler_id)
    assert first["handler_id"] == second["handler_id"] == handler_id
    assert first["run_id"] != second["run_id"]
    assert parse_time(second["started_at"]) >= parse_time(first["completed_at"])


async def test_reused_handler_id_works_across_both_run_routes(api):
    handler_id = uid()
    await api.finish("counter", handler_id=handler_id, start_event={"increment": 3})
    await api.start("counter", handler_id=handler_id, start_event={"increment": 4})
    data = await api.ended(handler_id)
    assert data["result"]["value"]["result"] == {"total": 7, "runs": 2}


async def test_different_handler_ids_do_not_share_state(api):
    for _ in range(2):
        value = await api.result("counter", handler_id=uid())
        assert value["result"] == {"total": 1, "runs": 1}


@pytest.mark.parametrize("route", ["run", "run-nowait"])
async def test_active_handler_id_is_409(api, route):
    handler_id = await api.start("slow", handler_id=uid())
    response = await api.post(f"/workflows/counter/{route}", json={"handler_id": handler_id})
    assert response.status_code == 409
    assert detail(response) == f"Handler '{handler_id}' is already running"


# legacy results ------------------------------------------------------------
async def test_results_of_a_running_handler_is_202(api):
    handler_id = await api.start("slow")
    response = await api.get(f"/results/{handler_id}")
    assert response.status_code == 202
    data = response.json()
    assert data["status"] == "running"
    assert data["result"] is None


async def test_results_unwraps_the_builtin_stop_event(api):
    data = await api.finish("greet", start_event={"name": "Ed"})
    response = await api.get(f"/results/{data['handler_id']}")
    assert response.status_code == 200
    assert response.json() == {**data, "result": "Hello, Ed!"}


async def test_results_keeps_structured_results(api):
    data = await api.finish("counter")
    response = await api.get(f"/results/{data['handler_id']}")
    assert response.json()["result"] == {"total": 1, "runs": 1}


async def test_results_shows_the_fields_of_a_custom_stop_event(api):
    data = await api.finish("echo", start_event={"text": "t"})
    response = await api.get(f"/results/{data['handler_id']}")
    assert response.json()["result"] == data["result"]["value"]


async def test_results_without_a_result_is_null(api):
    data = await api.finish("quiet")
    response = await api.get(f"/results/{data['handler_id']}")
    assert response.status_code == 200
    assert response.json()["result"] is None


async def test_results_of_a_failed_handler_is_500_with_the_record(api):
    handler_id = await api.start("fail")
    await api.ended(handler_id)
    response = await api.get(f"/results/{handler_id}")
    assert response.status_code == 500
    assert response.json()["status"] == "failed"
    assert response.json()["error"] == "boom"
    assert response.json()["result"] is None


async def test_results_of_an_unknown_handler_is_404(api):
    response = await api.get("/results/missing")
    assert response.status_code == 404
    assert detail(response) == "Handler not found"
