"""Answers both kinds of waits. Its `Verdict` is in a module that it never imports itself."""

import asyncio
import sys
from llama_agents.client import WorkflowClient
from workflows.events import HumanResponseEvent


class HumanFeedbackEvent(HumanResponseEvent):
    feedback: str
    approved: bool


async def main():
    client = WorkflowClient(base_url=sys.argv[1])
    for workflow in ["feedback", "review"]:
        handler = await client.run_workflow_nowait(workflow)
        async for event in client.get_workflow_events(handler.handler_id):
            if event.type == "FeedbackRequested":
                answer = HumanFeedbackEvent(feedback="This is great!", approved=True)
                await client.send_event(handler.handler_id, answer)
            elif event.type == "Verdict":
                print(workflow, repr(event.load_event()))


asyncio.run(main())
