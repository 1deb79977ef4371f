"""The twins of the documentation's servers, each shared by all tests that use it."""

from collections.abc import Iterator

import pytest

from twins import Twin


def serve(factory: pytest.TempPathFactory, example: str) -> Iterator[str]:
    """Runs an example until it has outlived all tests that talk to it, then stops it in order."""
    twin = Twin(factory.mktemp(example), example).start()
    try:
        yield twin.base_url
        assert twin.is_alive, f"{example} died:\n{twin.stderr()}"
        assert twin.stop() == 0
    finally:
        twin.close()


@pytest.fixture(scope="session")
def greeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(tmp_path_factory, "greeting_server")


@pytest.fixture(scope="session")
def human(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(tmp_path_factory, "human_server")


@pytest.fixture(scope="session")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(tmp_path_factory, "review_server")


@pytest.fixture(scope="session")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the workflows, which are only a part of what is served."""
    for base_url in serve(tmp_path_factory, "mounted"):
        yield f"{base_url}/flows"
