"""The event classes of the demo, as a client declares them."""

from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StopEvent


class StreamEvent(Event):
    sequence: int


class RequestEvent(InputRequiredEvent):
    prompt: str


class ResponseEvent(HumanResponseEvent):
    response: str


class OutEvent(StopEvent):
    output: str
