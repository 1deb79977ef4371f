"""Starts `greet` and prints its events as they come. Usage: greet_client.py URL NAME"""

import asyncio
import sys

from llama_agents.client import WorkflowClient
from workflows.events import Event, StartEvent


class StreamEvent(Event):
    sequence: int


async def main(base_url: str, name: str) -> None:
    client = WorkflowClient(base_url=base_url)
    handler = await client.run_workflow_nowait("greet", start_event=StartEvent(name=name))

    async for event in client.get_workflow_events(handler.handler_id):
        loaded = event.load_event()
        if isinstance(loaded, StreamEvent):
            print("progress", loaded.sequence)

    handler = await client.get_handler(handler.handler_id)
    print(handler.status, handler.result.load_event().result)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
