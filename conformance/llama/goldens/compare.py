"""Compares an answer with a recorded one.

Everything counts: status, headers, every member of the body. What does not is listed here, each
with its reason, and is as narrow as it can be. `test_compare.py` changes every recorded value and
wants each change to be found, but for those that are listed there too.
"""

import copy
import json
import re
from typing import Any

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

# What stands in a recorded answer for a value that is different every time.
PLACEHOLDERS = {
    "<handler_id>": lambda value: isinstance(value, str) and ID.fullmatch(value),
    "<run_id>": lambda value: isinstance(value, str) and ID.fullmatch(value),
    "<timestamp>": lambda value: isinstance(value, str) and INSTANT.fullmatch(value),
    "<seconds>": lambda value: type(value) is float and 0 <= value < 60,
    # The debugger page is no part of the protocol; that there is one is.
    "<html page>": lambda value: isinstance(value, str) and value.startswith("<!doctype html>"),
}

# Texts of errors that are free behind a prefix: wording of a JSON parser, or advice on how to use
# the reference's own API.
FREE_BEHIND = (
    "Invalid JSON body: ",
    "Error processing request body: ",
    "Error processing request: ",
    "Context API is disabled.",
    "is not declared by this workflow.",
    "Invalid client data. Must have a type or a qualified name, ",
)

# Ends the prefix of the texts that tell what is wrong with an event, and begins pydantic's own.
INVALID_EVENT = re.compile(
    r"Failed to deserialize event: \d+ validation errors? for (?P<event>\w+)\n(?P<fields>(.|\n)*)"
)

SETS = ("vary", "access-control-allow-methods", "access-control-allow-headers")

CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")


def differences(topic: str, recorded: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Lists where an answer is another one than the recorded one."""
    return list(differ("", tidy(topic, recorded), tidy(topic, answer)))


def differ(path: str, recorded: Any, answer: Any):
    if isinstance(recorded, dict) and isinstance(answer, dict):
        for name in [*recorded, *(name for name in answer if name not in recorded)]:
            if name not in answer:
                yield f"{path}/{name}: missing; recorded is {recorded[name]!r}"
            elif name not in recorded:
                yield f"{path}/{name}: not recorded; is {answer[name]!r}"
            else:
                yield from differ(f"{path}/{name}", recorded[name], answer[name])
    elif isinstance(recorded, list) and isinstance(answer, list) and len(recorded) == len(answer):
        for number, pair in enumerate(zip(recorded, answer)):
            yield from differ(f"{path}/{number}", *pair)
    elif isinstance(recorded, str) and recorded in PLACEHOLDERS:
        if answer != recorded and not PLACEHOLDERS[recorded](answer):
            yield f"{path}: {answer!r} is no {recorded}"
    elif type(recorded) is not type(answer) or recorded != answer:
        yield f"{path}: recorded is {recorded!r}; is {answer!r}"


def tidy(topic: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Writes an answer so that two which say the same are equal."""
    answer = dict(answer)
    # These headers are sets.
    answer["headers"] = {
        name: ", ".join(sorted(value.split(", "))) if name in SETS else value
        for name, value in answer["headers"].items()
    }
    if isinstance(answer.get("json"), dict):
        answer["json"] = tidy_json(topic, answer["json"])
    if isinstance(answer.get("body"), list):
        answer["body"] = [tidy_frame(frame) for frame in answer["body"]]
    return answer


def tidy_json(topic: str, body: dict[str, Any]) -> dict[str, Any]:
    body = dict(body)
    if isinstance(body.get("detail"), str):
        body["detail"] = tidy_detail(body["detail"])
    elif topic == "schema":
        body = {which: tidy_schema(schema) for which, schema in body.items()}
    elif topic == "events":
        # In any order, says the protocol.
        body["events"] = sorted(map(tidy_schema, body["events"]), key=lambda event: event["title"])
    elif topic == "representation":
        body["graph"] = tidy_graph(body["graph"])
    elif topic == "handlers":
        # Other tests and exchanges have handlers of their own, with names made up by the server.
        ours = [h for h in body["handlers"] if h["handler_id"].startswith("golden-")]
        body["handlers"] = ours
    return body


def tidy_detail(text: str) -> str:
    for prefix in FREE_BEHIND:
        if prefix in text:
            return text[: text.index(prefix) + len(prefix)]
    if found := INVALID_EVENT.search(text):
        # The class and the fields count, in any order. How each is wrong is told by indented lines.
        fields = sorted(line for line in found["fields"].split("\n") if not line.startswith(" "))
        return text[: found.start()] + f"Invalid {found['event']}: {', '.join(fields)}"
    head, expected, names = text.partition("Expected one of ")
    # In any order, says the protocol.
    return head + expected + ", ".join(sorted(names.split(", ")))


def tidy_graph(graph: dict[str, Any]) -> dict[str, Any]:
    graph = dict(graph)
    graph["description"] = tidy_text(graph["description"])
    # Nodes and edges are sets, says the protocol.
    graph["nodes"] = sorted(map(tidy_node, graph["nodes"]), key=lambda node: node["id"])
    edges = {json.dumps(edge, sort_keys=True) for edge in graph["edges"]}
    graph["edges"] = [json.loads(edge) for edge in sorted(edges)]
    return graph


def tidy_node(node: dict[str, Any]) -> dict[str, Any]:
    node = dict(node)
    if node["node_type"] == "step":
        node["description"] = tidy_text(node["description"])
    if node["node_type"] == "event":
        node["event_schema"] = tidy_schema(node["event_schema"])
        # In no order.
        node["produced_by"] = sorted(node["produced_by"])
    return node


def tidy_text(text: Any) -> Any:
    """Comments of workflows and steps are free; that there is one counts."""
    return "some text" if isinstance(text, str) and text else text


def tidy_schema(schema: Any, name: str | None = None) -> Any:
    """Folds the spellings of two generators of JSON Schema.

    `name` is that of a property or a definition.
    """
    if not isinstance(schema, dict):
        return schema
    tidy = {}
    for keyword, value in schema.items():
        if keyword in ("properties", "$defs"):
            tidy[keyword] = {name: tidy_schema(part, name) for name, part in value.items()}
        elif keyword in ("items", "additionalProperties"):
            tidy[keyword] = tidy_schema(value)
        elif keyword == "anyOf":
            tidy[keyword] = [tidy_schema(part) for part in value]
        elif keyword == "required":
            tidy[keyword] = sorted(value)
        else:
            tidy[keyword] = value
    # Comments are free.
    tidy.pop("description", None)
    # The reference gives each property a title that is made of its name, and each definition its
    # name.
    if name is not None and tidy.get("title") in (name, name.replace("_", " ").title()):
        del tidy["title"]
    # It has no numbers of a certain size; ours have.
    if tidy.get("format") in ("int64", "double"):
        del tidy["format"]
    # Says the same as its absence.
    if tidy.get("additionalProperties") is True:
        del tidy["additionalProperties"]
    # `anyOf: [{"type": "x"}, {"type": "null"}]` and `type: ["x", "null"]` say the same.
    parts = tidy.get("anyOf", [])
    if parts and all(set(part) == {"type"} for part in parts):
        del tidy["anyOf"]
        tidy["type"] = sorted(part["type"] for part in parts)
    elif isinstance(tidy.get("type"), list):
        tidy["type"] = sorted(tidy["type"])
    return tidy


def tidy_frame(frame: dict[str, Any]) -> dict[str, Any]:
    event = copy.deepcopy(frame["data"])
    value = event["value"]
    if event["type"] == "StepStateChanged":
        # Bare or as Python prints classes, says the protocol.
        for member in ("input_event_name", "output_event_name"):
            if isinstance(value[member], str):
                value[member] = CLASS.sub(r"\1", value[member])
    if event["type"] == "WorkflowFailedEvent" and value["exception"]["exception_type"]:
        # Other languages have other types of error.
        value["exception"]["exception_type"] = "some type"
    return {**frame, "data": event}
