"""The server samples of the documentation, written in Rust: the examples that serve."""

import os
from pathlib import Path

from program import Program


class Twin(Program):
    """An example of `examples/`, as a child process."""

    def __init__(self, folder: Path, example: str) -> None:
        # Those that keep their runs in a file are told which; the others do not look.
        command = [path(example), "127.0.0.1:0", str(folder / "runs.db")]
        super().__init__(command, folder / "stderr.log")


def path(example: str) -> str:
    """An example as cargo has built it, in the folder that the caller names."""
    folder = os.environ.get("STEPWELL_EXAMPLES")
    if not folder:
        raise RuntimeError(
            "STEPWELL_EXAMPLES is not set. Build the examples with `cargo build -p "
            "stepwell-examples --bins` and set STEPWELL_EXAMPLES to their folder: target/debug."
        )
    path = Path(folder).absolute() / example
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is not a program; build it with `cargo build`")
    return str(path)
