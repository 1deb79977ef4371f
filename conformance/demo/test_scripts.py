"""Whole client programs, run the way a user runs them.

Classes that such a program declares are in the module `__main__`, which is why the demo
sends its events under that name: `load_event()` finds them without being told.
"""

import subprocess
import sys
from pathlib import Path

from server import PATIENCE, Server

SCRIPTS = Path(__file__).parent / "scripts"


def run(script: str, *arguments: str, answers: str = "") -> list[str]:
    """The lines that the script prints; it must end well and complain about nothing."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, *arguments],
        input=answers,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def test_load_event_finds_the_classes_of_the_script_that_answers(server: Server) -> None:
    assert run("human_client.py", server.base_url, answers="Ada\n") == [
        "asked: What is your name?",
        "answer: sent",
        "told: Hello, Ada",
        "completed: Hello, Ada",
    ]


def test_load_event_finds_the_classes_of_the_script_that_watches(server: Server) -> None:
    assert run("greet_client.py", server.base_url, "John") == [
        "progress 0",
        "progress 1",
        "progress 2",
        "completed Hello, John!",
    ]
