import asyncio
import sys
from llama_agents.client import WorkflowClient
import httpx


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    print(await client.is_healthy())

    httpx_client = httpx.AsyncClient(base_url=sys.argv[1], headers={"Authorization": "Bearer ..."})
    client = WorkflowClient(httpx_client=httpx_client)
    print(await client.is_healthy())


asyncio.run(main())
