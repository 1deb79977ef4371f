import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent


async def main() -> None:
    client = WorkflowClient(base_url=sys.argv[1])

    handler = await client.run_workflow_nowait(
        "greet", start_event=StartEvent(name="John")
    )

    async for event in client.get_workflow_events(handler.handler_id):
        print(event.type, event.value)

    result = await client.get_handler(handler.handler_id)
    print(result.result)


asyncio.run(main())
