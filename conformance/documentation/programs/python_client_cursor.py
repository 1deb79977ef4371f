import asyncio
import sys
from llama_agents.client import WorkflowClient


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    handler = await client.run_workflow_nowait("greet")
    handler_id = handler.handler_id

    stream = client.get_workflow_events(handler_id)
    async for event in stream:
        print(event.type, "at sequence", stream.last_sequence)

    # Save the position for later
    saved_sequence = stream.last_sequence

    stream = client.get_workflow_events(handler_id, after_sequence=saved_sequence)
    async for event in stream:
        print(event)

    stream = client.get_workflow_events(handler_id, after_sequence="now")
    async for event in stream:
        print(event)


asyncio.run(main())
