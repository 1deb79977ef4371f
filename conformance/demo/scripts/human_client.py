"""Starts `human` and answers from standard input. Usage: human_client.py URL

The event classes are declared here, in the script that is run, as in the documentation of
the client. `load_event()` has to find them by the name that the server sends.
"""

import asyncio
import sys

from llama_agents.client import WorkflowClient
from workflows.events import HumanResponseEvent, InputRequiredEvent, StopEvent


class RequestEvent(InputRequiredEvent):
    prompt: str


class ResponseEvent(HumanResponseEvent):
    response: str


class OutEvent(StopEvent):
    output: str


async def main(base_url: str) -> None:
    client = WorkflowClient(base_url=base_url)
    handler = await client.run_workflow_nowait("human")

    async for event in client.get_workflow_events(handler.handler_id):
        loaded = event.load_event()
        if isinstance(loaded, RequestEvent):
            print("asked:", loaded.prompt)
            name = sys.stdin.readline().strip()
            sent = await client.send_event(handler.handler_id, ResponseEvent(response=name))
            print("answer:", sent.status)
        elif isinstance(loaded, OutEvent):
            print("told:", loaded.output)
        else:
            print("unexpected:", repr(loaded))

    handler = await client.get_handler(handler.handler_id)
    out = OutEvent.model_validate(handler.result.value)
    print(f"{handler.status}:", out.output)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
