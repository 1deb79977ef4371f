"""The server under test: the real `stepwell demo`, as a child process."""

from pathlib import Path

from program import PATIENCE, PROMPT, Program, binary

__all__ = ["PATIENCE", "PROMPT", "WORKFLOWS", "Server"]

WORKFLOWS = {"greet", "human", "fan-out"}


class Server(Program):
    """One data folder and the process that serves it."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        data.mkdir(parents=True)
        program = binary("STEPWELL_BIN", "stepwell")
        command = [program, "demo", "--listen", "127.0.0.1:0", "--data", str(data)]
        super().__init__(command, folder / "stderr.log")
