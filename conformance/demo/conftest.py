"""Servers and clients for the tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from llama_agents.client import WorkflowClient

from server import PATIENCE, Server
from wire import Api


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that most tests share. It must outlive them all and stop in order."""
    server = Server(tmp_path_factory.mktemp("shared")).start()
    try:
        yield server
        assert server.is_alive, f"the server died:\n{server.stderr()}"
        assert server.stop() == 0
    finally:
        server.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that belongs to one test, which may kill it."""
    server = Server(tmp_path).start()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def the_server_lives_on(server: Server) -> Iterator[None]:
    """For tests that try to break the shared server: it still answers, and did not panic."""
    yield
    assert httpx.get(f"{server.base_url}/health").json() == {"status": "healthy"}
    server.check_log()


@pytest_asyncio.fixture
async def http(server: Server) -> AsyncIterator[Api]:
    """Raw HTTP to the shared server."""
    async with Api(base_url=server.base_url, timeout=PATIENCE) as api:
        yield api


@pytest.fixture
def client(server: Server) -> WorkflowClient:
    """The published client, made the way its documentation does it."""
    return WorkflowClient(base_url=server.base_url)
