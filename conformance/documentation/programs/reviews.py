"""The module that the workflows of `review_server` say their `Verdict` is in."""

from workflows.events import StopEvent


class Verdict(StopEvent):
    text: str
