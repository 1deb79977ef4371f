"""The workflows of `fixtures.md` on LlamaIndex's own server, for clients that must work with both.

    python reference_server.py --port 8080 --heartbeat 1.0

Needs the packages of `requirements-reference.txt`. Standard output carries one line with the
address; port 0 takes a free one.
"""

import argparse
import asyncio
import socket

import uvicorn
from fixtures import (
    Approval,
    ApprovalRequest,
    AttemptNotice,
    BurstItem,
    BurstStart,
    CounterStart,
    EchoStart,
    EchoStop,
    FailNotice,
    FailStart,
    FanoutStart,
    Finish,
    FirstAnswer,
    FirstQuestion,
    GreetProgress,
    GreetStart,
    Hit,
    OutEvent,
    Ping,
    RequestEvent,
    ResponseEvent,
    RetryStart,
    SecondAnswer,
    SecondQuestion,
    SlowStart,
    SlowTick,
    StreamEvent,
    TargetReady,
    TwoHumanStop,
    WaitStart,
    WorkDone,
    WorkItem,
)
from llama_agents.server import WorkflowServer
from workflows import Context, Workflow, step
from workflows.events import (
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
)
from workflows.retry_policy import (
    retry_policy,
    stop_after_attempt,
    wait_fixed,
)


class GreetWorkflow(Workflow):
    """Streams three progress events, then greets."""

    @step
    async def greet(self, ctx: Context, ev: GreetStart) -> StopEvent:
        """Greets by name."""
        for i in range(3):
            ctx.write_event_to_stream(GreetProgress(index=i, message=f"step {i}"))
            await asyncio.sleep(0.02)
        return StopEvent(result=f"Hello, {ev.name}!")


class HelloWorkflow(Workflow):
    """Untyped start event with dynamic fields."""

    @step
    async def hello(self, ctx: Context, ev: StartEvent) -> StopEvent:
        """Greets by the dynamic field name."""
        for i in range(3):
            ctx.write_event_to_stream(StreamEvent(sequence=i))
            await asyncio.sleep(0.02)
        return StopEvent(result=f"Hello, {ev.get('name', 'World')}!")


class HumanWorkflow(Workflow):
    """Asks for a name and waits for the answer."""

    @step
    async def prompt_human(self, ctx: Context, ev: StartEvent) -> RequestEvent:
        """Asks the question."""
        return RequestEvent(prompt="What is your name?")

    @step
    async def greet_human(self, ev: ResponseEvent) -> OutEvent:
        """Uses the answer."""
        return OutEvent(output=f"Hello, {ev.response}")


class ClassicHumanWorkflow(Workflow):
    """Human in the loop with the untyped base events."""

    @step
    async def ask(self, ev: StartEvent) -> InputRequiredEvent:
        """Asks with a dynamic field."""
        return InputRequiredEvent(prefix="What's your name? ")

    @step
    async def answer(self, ev: HumanResponseEvent) -> StopEvent:
        """Returns the dynamic field response."""
        return StopEvent(result=ev.get("response", None))


class FailWorkflow(Workflow):
    """Streams some notices, then raises."""

    @step
    async def explode(self, ctx: Context, ev: FailStart) -> StopEvent:
        """Always raises."""
        for i in range(ev.emit):
            ctx.write_event_to_stream(FailNotice(index=i))
        raise ValueError(ev.message)


class TimeoutWorkflow(Workflow):
    """Never finishes inside its time limit of 0.3 s."""

    @step
    async def nap(self, ev: StartEvent) -> StopEvent:
        """Sleeps longer than the limit."""
        await asyncio.sleep(30)
        return StopEvent(result="too late")


class SlowWorkflow(Workflow):
    """Streams a tick at each interval; can be cancelled."""

    @step
    async def crawl(self, ctx: Context, ev: SlowStart) -> StopEvent:
        """Ticks."""
        for i in range(ev.ticks):
            ctx.write_event_to_stream(SlowTick(n=i))
            await asyncio.sleep(ev.interval)
        return StopEvent(result="finished")


class CounterWorkflow(Workflow):
    """Keeps a running total in the state store."""

    @step
    async def count(self, ctx: Context, ev: CounterStart) -> StopEvent:
        """Adds to the total."""
        total = await ctx.store.get("total", default=0) + ev.increment
        runs = await ctx.store.get("runs", default=0) + 1
        await ctx.store.set("total", total)
        await ctx.store.set("runs", runs)
        return StopEvent(result={"total": total, "runs": runs})


class FanoutWorkflow(Workflow):
    """Sends n work items, collects n results, sums them."""

    @step
    async def dispatch(self, ctx: Context, ev: FanoutStart) -> WorkItem | None:
        """Sends the work items."""
        await ctx.store.set("n", ev.n)
        for i in range(ev.n):
            ctx.send_event(WorkItem(index=i))
        return None

    @step(num_workers=4)
    async def work(self, ev: WorkItem) -> WorkDone:
        """Squares one index."""
        await asyncio.sleep(0.05)
        return WorkDone(index=ev.index, square=ev.index * ev.index)

    @step
    async def gather(self, ctx: Context, ev: WorkDone) -> StopEvent | None:
        """Waits for all results."""
        n = await ctx.store.get("n")
        done = ctx.collect_events(ev, [WorkDone] * n)
        if done is None:
            return None
        return StopEvent(result={"count": len(done), "sum": sum(d.square for d in done)})


class RetryWorkflow(Workflow):
    """Fails a few times before it succeeds; four attempts at most."""

    @step(retry_policy=retry_policy(wait=wait_fixed(0.05), stop=stop_after_attempt(4)))
    async def flaky(self, ctx: Context, ev: RetryStart) -> StopEvent:
        """Fails on the first attempts."""
        attempt = ctx.retry_info().retry_number + 1
        ctx.write_event_to_stream(AttemptNotice(attempt=attempt))
        if attempt <= ev.failures:
            raise RuntimeError(f"attempt {attempt} failed")
        return StopEvent(result={"attempts": attempt})


class WaitWorkflow(Workflow):
    """Waits for an approval inside a step."""

    @step
    async def ask(self, ctx: Context, ev: WaitStart) -> StopEvent:
        """Waits for the approval of its ticket."""
        approval = await ctx.wait_for_event(
            Approval,
            waiter_event=ApprovalRequest(ticket=ev.ticket),
            waiter_id="approval",
            requirements={"ticket": ev.ticket},
            timeout=60,
        )
        return StopEvent(result={"ticket": approval.ticket, "approved": approval.approved})


class BurstWorkflow(Workflow):
    """Streams n items as fast as possible."""

    @step
    async def burst(self, ctx: Context, ev: BurstStart) -> StopEvent:
        """Streams the items in order."""
        for i in range(ev.n):
            ctx.write_event_to_stream(BurstItem(seq=i, pad="x" * ev.pad))
            if i % 100 == 99:
                await asyncio.sleep(0)
        return StopEvent(result=ev.n)


class EchoWorkflow(Workflow):
    """Returns every start field in a typed stop event."""

    @step
    async def echo(self, ev: EchoStart) -> EchoStop:
        """Copies the fields."""
        return EchoStop(
            text=ev.text,
            number=ev.number,
            ratio=ev.ratio,
            flag=ev.flag,
            tags=ev.tags,
            inner=ev.inner,
            children=ev.children,
            color=ev.color,
        )


class TwoHumanWorkflow(Workflow):
    """Two questions, one after the other."""

    @step
    async def ask_first(self, ev: StartEvent) -> FirstQuestion:
        """Asks the first question."""
        return FirstQuestion(question="first?")

    @step
    async def ask_second(self, ctx: Context, ev: FirstAnswer) -> SecondQuestion:
        """Stores the first answer, asks the second question."""
        await ctx.store.set("first", ev.answer)
        return SecondQuestion(question="second?")

    @step
    async def finish(self, ctx: Context, ev: SecondAnswer) -> TwoHumanStop:
        """Returns both answers."""
        first = await ctx.store.get("first", default="")
        return TwoHumanStop(first=first, second=ev.answer)


class StepsTargetWorkflow(Workflow):
    """Two steps accept the same event, so that one can be addressed."""

    @step
    async def ready(self, ctx: Context, ev: StartEvent) -> TargetReady:
        """Announces the steps."""
        return TargetReady(steps=["left", "right"])

    @step(num_workers=1)
    async def left(self, ctx: Context, ev: Ping) -> None:
        """Counts a hit on the left."""
        await ctx.store.set("left", await ctx.store.get("left", default=0) + 1)
        ctx.write_event_to_stream(Hit(step="left", tag=ev.tag))

    @step(num_workers=1)
    async def right(self, ctx: Context, ev: Ping) -> None:
        """Counts a hit on the right."""
        await ctx.store.set("right", await ctx.store.get("right", default=0) + 1)
        ctx.write_event_to_stream(Hit(step="right", tag=ev.tag))

    @step
    async def finish(self, ctx: Context, ev: Finish) -> StopEvent:
        """Returns the hit counts."""
        return StopEvent(
            result={
                "left": await ctx.store.get("left", default=0),
                "right": await ctx.store.get("right", default=0),
            }
        )


class QuietWorkflow(Workflow):
    """Streams nothing and stops without a result."""

    @step
    async def hush(self, ev: StartEvent) -> StopEvent:
        """Stops at once."""
        return StopEvent()


UNICODE_NAME = "grüße-世界"


def build_server(heartbeat: float | None) -> WorkflowServer:
    server = WorkflowServer(sse_heartbeat_interval=heartbeat)
    server.add_workflow("greet", GreetWorkflow(timeout=60))
    server.add_workflow("hello", HelloWorkflow(timeout=60))
    server.add_workflow("human", HumanWorkflow(timeout=1000))
    server.add_workflow("classic-human", ClassicHumanWorkflow(timeout=1000))
    server.add_workflow("fail", FailWorkflow(timeout=60))
    server.add_workflow("timeout", TimeoutWorkflow(timeout=0.3))
    server.add_workflow("slow", SlowWorkflow(timeout=120))
    server.add_workflow("counter", CounterWorkflow(timeout=60))
    server.add_workflow("fanout", FanoutWorkflow(timeout=60))
    server.add_workflow("retry", RetryWorkflow(timeout=60))
    server.add_workflow("wait", WaitWorkflow(timeout=120), additional_events=[Approval])
    server.add_workflow("burst", BurstWorkflow(timeout=120))
    server.add_workflow("echo", EchoWorkflow(timeout=60))
    server.add_workflow("two-human", TwoHumanWorkflow(timeout=1000))
    server.add_workflow("steps-target", StepsTargetWorkflow(timeout=1000))
    server.add_workflow("quiet", QuietWorkflow(timeout=60))
    server.add_workflow(UNICODE_NAME, HelloWorkflow(timeout=60))
    return server


async def serve(args: argparse.Namespace) -> None:
    listener = socket.create_server((args.host, args.port))
    host, port = listener.getsockname()
    # Whoever connects from now on is answered as soon as the server is up.
    print(f"listening on http://{host}:{port}", flush=True)
    app = build_server(args.heartbeat if args.heartbeat > 0 else None).app
    config = uvicorn.Config(app, log_level=args.log_level)
    await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--heartbeat", type=float, default=1.0, help="0 switches it off")
    parser.add_argument("--log-level", default="warning")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
