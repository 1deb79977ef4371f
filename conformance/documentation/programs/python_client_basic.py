import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import StartEvent


async def main():
    client = WorkflowClient(base_url=sys.argv[1])

    # Check server health
    await client.is_healthy()

    # List available workflows
    workflows = await client.list_workflows()
    print(workflows)

    # Run a workflow synchronously (blocks until completion)
    result = await client.run_workflow("greet", start_event=StartEvent(name="John"))
    print(result.result)


asyncio.run(main())
