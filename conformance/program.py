"""A server program as a child process: started, killed, stopped, and started again."""

import os
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

# Upper bound for anything that should happen soon. Only ever a limit, never a pause. It is
# below the 25 s of a stream's heartbeat, so that a stream that hangs is found out.
PATIENCE = 20.0
# A server that is told to stop must be gone after this many seconds.
PROMPT = 10.0


def binary(variable: str, name: str) -> str:
    """The program under test, which the caller names in the environment."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(
            f"{variable} is not set. Build the program with `cargo build --bin {name}` "
            f"and set {variable} to its path."
        )
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable} is {path!r}, which is not a program")
    return os.path.abspath(path)


class Program:
    """A command and the process that runs it, which may come and go.

    Every start takes a free port, so `base_url` changes with it.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self.command = command
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def start(self) -> "Program":
        assert not self.is_alive, "the server is already running"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment(),
            )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._pump, args=(self._process, lines), daemon=True).start()
        self.base_url = self._announced(lines)
        return self

    def kill(self) -> None:
        """Ends the process the hard way: nothing of it gets a last word."""
        assert self.is_alive, f"the server was already gone:\n{self.stderr()}"
        self._process.kill()
        self._process.wait()

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Asks the process to stop and returns its exit code; it has to be prompt."""
        assert self.is_alive, f"the server was already gone:\n{self.stderr()}"
        self._process.send_signal(with_signal)
        try:
            return self._process.wait(PROMPT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"still running {PROMPT} s after {with_signal.name}") from None

    def close(self) -> None:
        """Leaves no process behind, and checks that none of them panicked."""
        if self.is_alive:
            self.kill()
        self.check_log()

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stderr(self) -> str:
        return self._log.read_text(errors="replace")

    def check_log(self) -> None:
        log = self.stderr()
        assert "panicked" not in log, log

    @staticmethod
    def environment() -> dict[str, str]:
        """The caller's environment without settings meant for another server."""
        return {k: v for k, v in os.environ.items() if not k.startswith("STEPWELL_")}

    @staticmethod
    def _pump(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
        with process.stdout as output:
            for line in output:
                lines.put(line)
        lines.put(None)

    def _announced(self, lines: "queue.Queue[str | None]") -> str:
        """Waits for the line that tells the address."""
        limit = time.monotonic() + PATIENCE
        seen = ""
        while True:
            try:
                line = lines.get(timeout=max(0.0, limit - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                if self.is_alive:
                    self.kill()
                code = self._process.wait()
                raise AssertionError(
                    f"the server never told its address (exit code {code})\n"
                    f"stdout:\n{seen}\nstderr:\n{self.stderr()}"
                )
            seen += line
            if found := re.search(r"listening on (http://\S+)", line):
                return found.group(1)
