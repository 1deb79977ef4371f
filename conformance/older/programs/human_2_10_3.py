import asyncio
import sys
from workflows.client import WorkflowClient
from workflows.events import (
    StopEvent,
    HumanResponseEvent,
)


class ResponseEvent(HumanResponseEvent):
    response: str


class OutEvent(StopEvent):
    output: str


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    handler = await client.run_workflow_nowait("human")
    handler_id = handler.handler_id
    print(handler_id)
    async for event in client.get_workflow_events(handler_id=handler_id):
        if "RequestEvent" == event.type:
            print(
                "Workflow is requiring human input:",
                event.value.get("prompt", ""),
            )
            name = input("Reply here: ")
            sent_event = await client.send_event(
                handler_id=handler_id,
                event=ResponseEvent(response=name.capitalize().strip()),
            )
            msg = "Event has been sent" if sent_event else "Event failed to send"
            print(msg)
    result = await client.get_handler(handler_id)
    print(f"Workflow complete with status: {result.status})")
    res = OutEvent.model_validate(result.result.value)
    print("Received final message:", res.output)


asyncio.run(main())
