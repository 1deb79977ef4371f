import sys
from workflows.client import WorkflowClient
from workflows.events import StartEvent


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    workflows = await client.list_workflows()
    print("===== AVAILABLE WORKFLOWS ====")
    print(workflows)
    await client.is_healthy()  # will raise an exception if the server is not healthy
    handler = await client.run_workflow_nowait(
        "greet",
        start_event=StartEvent(name="John"),
        context=None,
    )
    handler_id = handler.handler_id
    print("==== STARTING THE WORKFLOW ===")
    print(f"Workflow running with handler ID: {handler_id}")
    print("=== STREAMING EVENTS ===")

    async for event in client.get_workflow_events(handler_id=handler_id):
        print("Received data:", event)
    result = await client.get_handler(handler_id)

    print(f"Final result: {result.result} (status: {result.status})")


if __name__ == "__main__":
    import asyncio
    asyncio.run(main())
