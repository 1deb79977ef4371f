"""Event classes of the conformance fixtures.

The module name is part of the contract: an event class ``X`` declared here has
the qualified name ``fixtures.X`` on the wire.  The reference server imports
these classes to build its workflows, the suite imports them to talk to any
server through the published Python client.
"""

from enum import Enum

from pydantic import BaseModel
from workflows.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
)


# greet ---------------------------------------------------------------------
class GreetStart(StartEvent):
    name: str = "World"


class GreetProgress(Event):
    index: int
    message: str


# hello (and its unicode-named twin) ----------------------------------------
class StreamEvent(Event):
    sequence: int


# human ---------------------------------------------------------------------
class RequestEvent(InputRequiredEvent):
    prompt: str


class ResponseEvent(HumanResponseEvent):
    response: str


class OutEvent(StopEvent):
    output: str


# fail ----------------------------------------------------------------------
class FailStart(StartEvent):
    message: str = "boom"
    emit: int = 0


class FailNotice(Event):
    index: int


# slow ----------------------------------------------------------------------
class SlowStart(StartEvent):
    ticks: int = 400
    interval: float = 0.05


class SlowTick(Event):
    n: int


# counter -------------------------------------------------------------------
class CounterStart(StartEvent):
    increment: int = 1


# fanout --------------------------------------------------------------------
class FanoutStart(StartEvent):
    n: int = 4


class WorkItem(Event):
    index: int


class WorkDone(Event):
    index: int
    square: int


# retry ---------------------------------------------------------------------
class RetryStart(StartEvent):
    failures: int = 2


class AttemptNotice(Event):
    attempt: int


# wait ----------------------------------------------------------------------
class WaitStart(StartEvent):
    ticket: str = "T-1"


class ApprovalRequest(InputRequiredEvent):
    ticket: str


class Approval(HumanResponseEvent):
    ticket: str
    approved: bool


# burst ---------------------------------------------------------------------
class BurstStart(StartEvent):
    n: int = 10
    pad: int = 0


class BurstItem(Event):
    seq: int
    pad: str


# echo ----------------------------------------------------------------------
class Color(str, Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Inner(BaseModel):
    id: int
    note: str | None = None


class EchoStart(StartEvent):
    text: str
    number: int = 0
    ratio: float | None = None
    flag: bool = False
    tags: list[str] = []
    inner: Inner | None = None
    children: list[Inner] = []
    color: Color = Color.RED


class EchoStop(StopEvent):
    text: str
    number: int
    ratio: float | None
    flag: bool
    tags: list[str]
    inner: Inner | None
    children: list[Inner]
    color: Color


# two-human -----------------------------------------------------------------
class FirstQuestion(InputRequiredEvent):
    question: str


class FirstAnswer(HumanResponseEvent):
    answer: str


class SecondQuestion(InputRequiredEvent):
    question: str


class SecondAnswer(HumanResponseEvent):
    answer: str


class TwoHumanStop(StopEvent):
    first: str
    second: str


# steps-target --------------------------------------------------------------
class TargetReady(InputRequiredEvent):
    steps: list[str]


class Ping(HumanResponseEvent):
    tag: str


class Hit(Event):
    step: str
    tag: str


class Finish(HumanResponseEvent):
    pass
