import asyncio
import sys
from llama_agents.client import WorkflowClient


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    handler = await client.run_workflow_nowait("greet")
    handler_id = handler.handler_id

    async for event in client.get_workflow_events(handler_id):
        if event.value.get("sequence") == 0:
            break

    stream = client.get_workflow_events(handler_id, after_sequence="now")
    async for event in stream:
        print(event)


asyncio.run(main())
