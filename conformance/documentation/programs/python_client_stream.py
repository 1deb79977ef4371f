import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent


async def main():
    client = WorkflowClient(base_url=sys.argv[1])

    handler = await client.run_workflow_nowait("greet", start_event=StartEvent(name="John"))
    handler_id = handler.handler_id

    async for event in client.get_workflow_events(handler_id):
        print("Received:", event.type, event.value)

    result = await client.get_handler(handler_id)
    print(f"Final result: {result.result}")


asyncio.run(main())
