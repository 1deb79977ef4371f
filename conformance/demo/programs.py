"""Runs whole client programs as their users do."""

import subprocess
import sys
from pathlib import Path

from server import PATIENCE


def run(
    program: Path, *arguments: str, answers: str = "", python: str | Path = sys.executable
) -> list[str]:
    """The lines that a program prints; it must end well and complain about nothing."""
    done = subprocess.run(
        [python, "-B", program, *arguments],
        input=answers,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()
