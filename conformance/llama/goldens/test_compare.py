"""The comparison can fail: every value of every recorded answer counts, but for those listed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from compare import PLACEHOLDERS, differences
from exchanges import TOPICS, Exchange, read

# What an answer of ours can have in place of each placeholder.
FILLED = {
    "<handler_id>": "a1b2c3d4e5",
    "<run_id>": "f6a7b8c9d0",
    "<timestamp>": "2026-01-02T03:04:05.678901+00:00",
    "<seconds>": 0.25,
    "<html page>": "<!doctype html><title>x</title>",
}

# The paths of values that may be anything of their type.
FREE = [
    # Comments.
    r"/json/.*/description",
    r"/json/graph/description",
    # Titles of properties and definitions are made of their names, or absent.
    r"/json/.*/properties/\w+/title",
    r"/json/.*/\$defs/\w+/title",
    # Types of errors.
    r"/body/\d+/data/value/exception/exception_type",
]

# Words of JSON Schema that may be there or not.
SILENT = [
    *FREE,
    r"/json/.*/additionalProperties",
]

Path = tuple[str | int, ...]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_value_counts(topic: str) -> None:
    for exchange in read(topic):
        answer = filled(exchange.response)
        assert differences(topic, exchange.response, answer) == []
        for path, value in places(exchange.response):
            is_free = isinstance(value, str) and value in PLACEHOLDERS
            if not isinstance(value, dict | list) and not is_free:
                check_counts(exchange, path, with_value(answer, path, another(value)), FREE)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_member_counts(topic: str) -> None:
    for exchange in read(topic):
        answer = filled(exchange.response)
        for path, value in places(answer):
            for place, changed in less_and_more(path, value):
                check_counts(exchange, place, with_value(answer, path, changed), SILENT)


@pytest.mark.parametrize(
    ("placeholder", "wrong"),
    [
        ("<handler_id>", ["", None, 5, "with space in it", "<run_id>"]),
        ("<run_id>", ["", None, 5]),
        (
            "<timestamp>",
            ["", None, 5, "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+01:00"],
        ),
        ("<seconds>", ["", None, -0.5, 3600.0, "0.5"]),
        ("<html page>", ["", None, "hello"]),
    ],
)
def test_placeholder_stands_for_values_of_its_kind_only(placeholder: str, wrong: list[Any]) -> None:
    assert set(FILLED) == set(PLACEHOLDERS)
    recorded = {"status": 200, "headers": {}, "body": placeholder}
    for value in wrong:
        assert differences("", recorded, {**recorded, "body": value}), repr(value)


@pytest.mark.parametrize(
    ("recorded", "text"),
    [
        ("Invalid JSON body: Expecting value", "Invalid JSON: nothing there"),
        ("Context API is disabled. Set x", "Context API is not there"),
        ("Invalid event type: X. Expected one of A, B", "Invalid event type: X. Expected one of A"),
        (
            "Invalid event type: X. Expected one of A, B",
            "Invalid event type: Y. Expected one of A, B",
        ),
        (
            "Failed to deserialize event: 1 validation error for A\nid\n  Missing",
            "Failed to deserialize event: 1 validation error for B\nid\n  Missing",
        ),
        (
            "Failed to deserialize event: 2 validation errors for A\nid\n  Missing\nno\n  Missing",
            "Failed to deserialize event: 1 validation error for A\nid\n  Missing",
        ),
        (
            "Validation error for 'start_event': Failed to deserialize event: 1 validation error "
            "for A\nid\n  Missing",
            "Failed to deserialize event: 1 validation error for A\nid\n  Missing",
        ),
    ],
)
def test_fixed_parts_of_error_texts_count(recorded: str, text: str) -> None:
    answer = {"status": 400, "headers": {}, "json": {"detail": recorded}}
    assert not differences("run", answer, answer)
    assert differences("run", answer, {**answer, "json": {"detail": text}})


def check_counts(exchange: Exchange, path: Path, changed: Any, free: list[str]) -> None:
    """Checks that a change of an answer is found, unless its place is a free one."""
    place = "".join(f"/{part}" for part in path)
    try:
        is_found = bool(differences(exchange.topic, exchange.response, changed))
    except (AttributeError, KeyError, TypeError, ValueError):
        # Not even of the right form.
        is_found = True
    assert is_found or any(re.fullmatch(pattern, place) for pattern in free), f"{place} is free"


def filled(value: Any) -> Any:
    """Writes values in the place of placeholders."""
    if isinstance(value, dict):
        return {name: filled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part) for part in value]
    return FILLED.get(value, value) if isinstance(value, str) else value


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Walks over all values within a value."""
    yield path, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from places(part, (*path, number))


def less_and_more(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Takes each part out of a value, and adds one; says where that was."""
    if isinstance(value, dict):
        for name in value:
            yield (*path, name), {other: part for other, part in value.items() if other != name}
        yield (*path, "another"), {**value, "another": None}
    if isinstance(value, list):
        for number, part in enumerate(value):
            # The reference repeats some edges of a graph, which is a set.
            if path[-1] == "edges" and value.count(part) > 1:
                continue
            yield (*path, number), value[:number] + value[number + 1 :]
        yield (*path, "another"), [*value, "another"]


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "x" + (value or "")


def with_value(whole: Any, path: Path, value: Any) -> Any:
    """Returns a copy of a value that has another value at a place within it."""
    if not path:
        return value
    copy = whole.copy()
    copy[path[0]] = with_value(whole[path[0]], path[1:], value)
    return copy
