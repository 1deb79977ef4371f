"""The recorded exchanges."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent

# In the order in which they were recorded, for later ones build on the handlers of earlier ones.
TOPICS = (
    "service",
    "workflows",
    "schema",
    "events",
    "representation",
    "run",
    "nowait-handlers-results",
    "handlers",
    "streams",
    "stream-cursors",
    "send",
    "cancel",
    "context",
)


@dataclass(frozen=True)
class Exchange:
    """A request, and what the reference answered."""

    topic: str
    # Counted from 0 within its topic.
    number: int
    title: str
    request: dict[str, Any]
    # As `opened` returns it.
    response: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.topic}-{self.number}-{self.title}"


def read(topic: str) -> list[Exchange]:
    recorded = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))["exchanges"]
    return [
        Exchange(topic, number, entry["title"], entry["request"], opened(entry["response"]))
        for number, entry in enumerate(recorded)
    ]


def opened(answer: dict[str, Any]) -> dict[str, Any]:
    """Reads the body of a stream as a list of frames. Their framing has to be exact."""
    kind = answer["headers"].get("content-type", "")
    body = answer.get("body")
    if body and kind.startswith("text/event-stream"):
        # One id, one line of data, and nothing else.
        frames = re.findall(r"id: (0|[1-9]\d*)\ndata: (.*)\n\n", body)
        assert body == "".join(f"id: {number}\ndata: {data}\n\n" for number, data in frames)
        body = [{"id": int(number), "data": json.loads(data)} for number, data in frames]
    elif body and kind.startswith("application/x-ndjson"):
        *lines, rest = body.split("\n")
        assert not rest, f"a line without an end: {rest!r}"
        body = [{"data": json.loads(line)} for line in lines]
    else:
        return answer
    return {**answer, "body": body}


EXCHANGES = [exchange for topic in TOPICS for exchange in read(topic)]
