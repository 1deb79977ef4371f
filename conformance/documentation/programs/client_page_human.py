import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import InputRequiredEvent, HumanResponseEvent


class RequestEvent(InputRequiredEvent):
    prompt: str


class ResponseEvent(HumanResponseEvent):
    response: str


async def main() -> None:
    client = WorkflowClient(base_url=sys.argv[1])
    handler = await client.run_workflow_nowait("human")

    async for event in client.get_workflow_events(handler.handler_id):
        if event.type == "RequestEvent":
            name = input(event.value.get("prompt", ""))
            await client.send_event(
                handler.handler_id,
                event=ResponseEvent(response=name),
            )

    result = await client.get_handler(handler.handler_id)
    print(result.result)


asyncio.run(main())
