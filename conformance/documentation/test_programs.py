"""The documentation's client programs, each run as a user runs it, against the Rust twin of the
server that the documentation shows beside it.

They are what the pages show, but for the corrections that `docs/compatibility.md` lists. Their
output is compared exactly; in it, `HANDLER` stands for an id that the server made.
"""

import re
from pathlib import Path

from programs import run

PROGRAMS = Path(__file__).parent / "programs"

JOHN = (
    "value={'result': 'Hello, John!'} qualified_name='workflows.events.StopEvent' "
    "type='StopEvent' types=None"
)
WORLD = JOHN.replace("John", "World")
ADA = "value={'output': 'Hello, Ada'} qualified_name='__main__.OutEvent' type='OutEvent' types=['StopEvent']"


def progress(sequence: int) -> str:
    return (
        f"value={{'sequence': {sequence}}} qualified_name='__main__.StreamEvent' "
        "type='StreamEvent' types=None"
    )


def check(program: str, base_url: str, expected: str, answers: str = "") -> None:
    printed = run(PROGRAMS / program, base_url, answers=answers)
    printed = [re.sub(r"\b[0-9A-Za-z]{22}\b", "HANDLER", line) for line in printed]
    assert printed == [line.strip() for line in expected.strip().splitlines()]


def test_the_client_page_streams_a_greeting(greeting: str) -> None:
    check(
        "client_page_basic.py",
        greeting,
        f"""
        StreamEvent {{'sequence': 0}}
        StreamEvent {{'sequence': 1}}
        StreamEvent {{'sequence': 2}}
        StopEvent {{'result': 'Hello, John!'}}
        {JOHN}
        """,
    )


def test_the_client_page_asks_a_person(human: str) -> None:
    check("client_page_human.py", human, f"What is your name?{ADA}", answers="Ada\n")


def test_the_python_client_page_makes_clients_of_both_kinds(greeting: str) -> None:
    check(
        "python_client_setup.py",
        greeting,
        """
        status='healthy'
        status='healthy'
        """,
    )


def test_the_python_client_page_runs_a_workflow(greeting: str) -> None:
    check(
        "python_client_basic.py",
        greeting,
        f"""
        workflows=['greet']
        {JOHN}
        """,
    )


def test_the_python_client_page_streams_events(greeting: str) -> None:
    check(
        "python_client_stream.py",
        greeting,
        f"""
        Received: StreamEvent {{'sequence': 0}}
        Received: StreamEvent {{'sequence': 1}}
        Received: StreamEvent {{'sequence': 2}}
        Received: StopEvent {{'result': 'Hello, John!'}}
        Final result: {JOHN}
        """,
    )


def test_the_python_client_page_knows_where_a_stream_is(greeting: str) -> None:
    # Internal events have numbers too: 0 is that the step has begun, 4 that it is done.
    check(
        "python_client_cursor.py",
        greeting,
        """
        StreamEvent at sequence 1
        StreamEvent at sequence 2
        StreamEvent at sequence 3
        StopEvent at sequence 5
        """,
    )


def test_the_python_client_page_goes_on_from_a_saved_position(greeting: str) -> None:
    check(
        "python_client_resume.py",
        greeting,
        f"""
        StreamEvent at sequence 1
        StreamEvent at sequence 2
        {progress(2)}
        {WORLD}
        """,
    )


def test_the_python_client_page_receives_new_events_only(greeting: str) -> None:
    # How many are still to come when the program asks, only the machine knows.
    printed = run(PROGRAMS / "python_client_now.py", greeting)
    to_come = [progress(1), progress(2), WORLD]
    assert printed == to_come[len(to_come) - len(printed) :]


def test_the_python_client_page_loads_events_by_their_qualified_names(human: str) -> None:
    check(
        "python_client_human.py",
        human,
        """
        Workflow is requiring human input: What is your name?
        Reply here: Received final message: Hello, Ada
        """,
        answers="aDA \n",
    )


def test_the_python_client_page_loads_events_from_a_registry(human: str) -> None:
    check(
        "python_client_human_registry.py",
        human,
        """
        Workflow is requiring human input: What is your name?
        Reply here: Received final message: Hello, Ada
        """,
        answers="ada\n",
    )


def test_the_server_page_greets(greeting: str) -> None:
    check(
        "server_page_greet.py",
        greeting,
        f"""
        ===== AVAILABLE WORKFLOWS ====
        workflows=['greet']
        ==== STARTING THE WORKFLOW ===
        Workflow running with handler ID: HANDLER
        === STREAMING EVENTS ===
        Received data: {progress(0)}
        Received data: {progress(1)}
        Received data: {progress(2)}
        Received data: {JOHN}
        Final result: {JOHN} (status: completed)
        """,
    )


def test_the_server_page_asks_a_person(human: str) -> None:
    check(
        "server_page_human.py",
        human,
        """
        HANDLER
        Workflow is requiring human input: What is your name?
        Reply here: Event has been sent
        Workflow complete with status: completed)
        Received final message: Hello, Ada
        """,
        answers="ada\n",
    )


def test_classes_are_loaded_from_the_module_that_the_server_names(review: str) -> None:
    check(
        "review_client.py",
        review,
        """
        feedback Verdict(text='approved: This is great!')
        review Verdict(text='approved: This is great!')
        """,
    )


def test_everything_works_below_a_prefix(mounted: str) -> None:
    check(
        "python_client_cursor.py",
        mounted,
        """
        StreamEvent at sequence 1
        StreamEvent at sequence 2
        StreamEvent at sequence 3
        StopEvent at sequence 5
        """,
    )
    check("python_client_basic.py", mounted, f"workflows=['greet']\n{JOHN}")
