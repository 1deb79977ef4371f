"""Whole client programs, run the way a user runs them.

Classes that such a program declares are in the module `__main__`, which is why the demo
sends its events under that name: `load_event()` finds them without being told.
"""

from pathlib import Path

from programs import run
from server import Server

SCRIPTS = Path(__file__).parent / "scripts"


def test_load_event_finds_the_classes_of_the_script_that_answers(server: Server) -> None:
    assert run(SCRIPTS / "human_client.py", server.base_url, answers="Ada\n") == [
        "asked: What is your name?",
        "answer: sent",
        "told: Hello, Ada",
        "completed: Hello, Ada",
    ]


def test_load_event_finds_the_classes_of_the_script_that_watches(server: Server) -> None:
    assert run(SCRIPTS / "greet_client.py", server.base_url, "John") == [
        "progress 0",
        "progress 1",
        "progress 2",
        "completed Hello, John!",
    ]
