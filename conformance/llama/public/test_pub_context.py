"""A server that accepts contexts."""

import pytest
import pytest_asyncio

from kit import Api, detail


@pytest_asyncio.fixture
async def api(context_url):
    api = Api(context_url)
    yield api
    await api.close()


def context(version, **values):
    return {
        "version": version,
        "state": {
            "state_data": {"_data": {k: str(v) for k, v in values.items()}},
            "state_type": "DictState",
            "state_module": "workflows.context.state_store",
        },
    }


@pytest.mark.parametrize("version", [1, 2])
async def test_context_state_is_taken_over(api, version):
    value = await api.result("counter", context=context(version, total=41, runs=1))
    assert value == {"result": {"total": 42, "runs": 2}}


async def test_context_is_taken_over_without_waiting_too(api):
    handler_id = await api.start("counter", context=context(1, total=9))
    data = await api.ended(handler_id)
    assert data["result"]["value"] == {"result": {"total": 10, "runs": 1}}


async def test_context_of_an_unknown_version_is_400(api):
    response = await api.run("counter", context={"version": 99})
    assert response.status_code == 400
    assert detail(response).startswith("Error processing request body: ")
