"""Clients of the time before the protocol had a package of its own, each in an environment with
the release of `llama-index-workflows` that it was a part of.

The programs are those of the documentation of that time. They do not say where a stream is to
begin, so the server is told that it is the beginning.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs import run
from server import Server

PROGRAMS = Path(__file__).parent / "programs"
RELEASES = ["2.8.3", "2.10.3"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("older"))
    server.command.append("--events-default=-1")
    server.start()
    try:
        yield server
        assert server.stop() == 0
    finally:
        server.close()


def printed(release: str, program: str, server: Server, answers: str = "") -> list[str]:
    """What a program prints in the environment of its release."""
    suffix = release.replace(".", "_")
    python = os.environ.get(f"STEPWELL_PYTHON_{suffix}")
    assert python, f"STEPWELL_PYTHON_{suffix} is not set: `scripts/test.sh python-older` says to what"
    path = PROGRAMS / f"{program}_{suffix}.py"
    lines = run(path, server.base_url, answers=answers, python=python)
    return [re.sub(r"\b[0-9A-Za-z]{22}\b", "HANDLER", line) for line in lines]


def received(release: str, value: str, event: str) -> str:
    """How a client of the release prints an event."""
    name = event.rpartition(".")[2]
    if release == "2.8.3":
        return f"{{'value': {value}, 'qualified_name': '{event}', 'type': '{name}', 'types': None}}"
    return f"value={value} qualified_name='{event}' type='{name}' types=None"


@pytest.mark.parametrize("release", RELEASES)
def test_an_older_client_streams_a_greeting(release: str, server: Server) -> None:
    stop = received(release, "{'result': 'Hello, John!'}", "workflows.events.StopEvent")
    progress = [
        received(release, f"{{'sequence': {sequence}}}", "__main__.StreamEvent")
        for sequence in range(3)
    ]
    result = "Hello, John!" if release == "2.8.3" else stop
    assert printed(release, "greet", server) == [
        "===== AVAILABLE WORKFLOWS ====",
        "workflows=['greet', 'human', 'fan-out']",
        "==== STARTING THE WORKFLOW ===",
        "Workflow running with handler ID: HANDLER",
        "=== STREAMING EVENTS ===",
        *[f"Received data: {event}" for event in [*progress, stop]],
        f"Final result: {result} (status: completed)",
    ]


@pytest.mark.parametrize("release", RELEASES)
def test_an_older_client_asks_a_person(release: str, server: Server) -> None:
    assert printed(release, "human", server, answers="ada\n") == [
        "HANDLER",
        "Workflow is requiring human input: What is your name?",
        "Reply here: Event has been sent",
        "Workflow complete with status: completed)",
        "Received final message: Hello, Ada",
    ]
