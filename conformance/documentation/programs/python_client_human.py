import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import (
    StopEvent,
    InputRequiredEvent,
    HumanResponseEvent,
)


class RequestEvent(InputRequiredEvent):
    prompt: str


class ResponseEvent(HumanResponseEvent):
    response: str


class OutEvent(StopEvent):
    output: str


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    handler = await client.run_workflow_nowait("human")
    handler_id = handler.handler_id

    async for event in client.get_workflow_events(handler_id):
        # load_event() reconstructs the typed Event class by qualified name
        loaded = event.load_event()
        if isinstance(loaded, RequestEvent):
            print("Workflow is requiring human input:", loaded.prompt)
            name = input("Reply here: ")
            await client.send_event(
                handler_id=handler_id,
                event=ResponseEvent(response=name.capitalize().strip()),
            )

    result = await client.get_handler(handler_id)
    res = OutEvent.model_validate(result.result.value)
    print("Received final message:", res.output)


asyncio.run(main())
