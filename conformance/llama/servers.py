"""The servers under test: `conformance-server`, which hosts the workflows of `fixtures.md`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit import HEARTBEAT
from program import Program, binary


@dataclass
class Servers:
    """Two servers with the same workflows."""

    # Refuses contexts, as servers do unless told otherwise.
    plain: Program
    # Accepts them.
    context: Program


@contextmanager
def serving(store: str, folder: Path) -> Iterator[Servers]:
    """Both servers on a store of one kind. They must outlive all tests and stop in order."""
    plain = server(store, folder / "plain")
    context = server(store, folder / "context", "--accept-context")
    try:
        yield Servers(plain.start(), context.start())
        for program in (plain, context):
            assert program.is_alive, f"the server died:\n{program.stderr()}"
            assert program.stop() == 0
    finally:
        for program in (plain, context):
            program.close()


def server(store: str, folder: Path, *options: str) -> Program:
    """A server that was not started yet."""
    folder.mkdir(parents=True)
    place = {"memory": "memory", "sqlite": f"sqlite:{folder / 'runs.db'}"}[store]
    command = [
        binary("STEPWELL_CONFORMANCE_BIN", "conformance-server"),
        *("--listen", "127.0.0.1:0"),
        *("--store", place),
        *("--heartbeat", str(HEARTBEAT)),
        # The reference lets in pages of any origin.
        *("--cors", "any"),
        *options,
    ]
    return Program(command, folder / "stderr.log")
