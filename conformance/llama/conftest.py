"""Servers and clients for the tests."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from llama_agents.client import WorkflowClient

from kit import Api
from servers import Servers, serving

STORES = ("memory", "sqlite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store" in metafunc.fixturenames:
        stores = metafunc.config.getoption("--store") or STORES
        metafunc.parametrize("store", stores, scope="session")


@pytest.fixture(scope="session")
def servers(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers that all tests on a store share."""
    with serving(store, tmp_path_factory.mktemp(store)) as servers:
        yield servers


@pytest.fixture
def base_url(servers: Servers) -> str:
    """The address of the server."""
    return servers.plain.base_url


@pytest.fixture
def context_url(servers: Servers) -> str:
    """The address of the server that accepts contexts."""
    return servers.context.base_url


@pytest_asyncio.fixture
async def api(base_url: str) -> AsyncIterator[Api]:
    """Raw HTTP access; runs started through it are cancelled afterwards."""
    api = Api(base_url)
    yield api
    await api.close()


@pytest.fixture
def client(base_url: str) -> WorkflowClient:
    """The published Python client, exactly as its documentation builds it."""
    return WorkflowClient(base_url=base_url)
