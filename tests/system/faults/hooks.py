"""Puts the points of `points.py` into the product's processes as they start; none of them is in the product itself.

`start/sitecustomize.py` installs this in every process whose environment has the variable FAULT_RULES: hooks on
SQLAlchemy's transactions, on HTTP, on Rasa's agent and on the clock, put in when what they hook is imported.
"""
from __future__ import annotations

import asyncio
import functools
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from tests.system.faults import points
from tests.system.faults.points import Rule, reach

ROOT = Path(__file__).resolve().parents[3]
# The transactions that are points, by the function that begins them. None: the function's argument `step` names it.
STEPS: Mapping[tuple[str, str], str | None] = {
    ("tandem.conversations.ledger", "receive"): "receive",
    ("tandem.conversations.ledger", "record_bot_reply"): "bot_reply",
    ("tandem.conversations.turn_queue", "finish"): "turn_end",
    ("tandem.conversations.turn_queue", "_hold"): "turn_lease",
    ("tandem.conversations.turn_queue", "_adopt"): "adopt",
    ("tandem.conversations.sessions", "sign_out"): "sign_out",
    ("tandem.conversations.sessions", "_resume"): "resume",
    ("tandem.conversations.ownership", "open_handoff"): "handoff",
    ("tandem.conversations.ownership", "claim"): "claim",
    ("tandem.conversations.ownership", "take_over"): "take_over",
    ("tandem.conversations.ownership", "release"): "release",
    ("tandem.conversations.ownership", "notify_waiting"): "notify_waiting",
    ("tandem.conversations.ownership", "_close"): None,  # hand_back, resolve, leave_queue
    ("tandem.conversations.ownership", "_say"): "agent_says",
    ("tandem.conversations.outbox", "lease"): "delivery_lease",
    ("tandem.conversations.outbox", "renew"): "delivery_renew",
    ("tandem.conversations.outbox", "part_sent"): "delivery_part",
    ("tandem.conversations.outbox", "_finish"): "delivery_end",
    ("tandem.conversations.outbox", "fetch"): "fetch",
    ("tandem.conversations.outbox", "answered"): "answered",
    ("tandem.conversations.outbox", "acknowledge"): "acknowledge",
    ("tandem.order_updates.subscriptions", "offer"): "update_offered",
    ("tandem.order_updates.subscriptions", "agree"): "update_agreed",
    ("tandem.order_updates.subscriptions", "due"): "update_due",
    ("tandem.order_updates.notifier", "tell"): "update_told",
    ("tandem.live_agents.relay.progress", "save"): "relay_progress",
    ("tandem.live_agents.relay.inbound", "keep"): "webhook_kept",
    ("tandem.live_agents.relay.inbound", "record"): "agent_event_kept",
    ("tandem.live_agents.relay.inbound", "_event"): "agent_event_end",
}
# Answers to a POST that are points before they are sent; {} is the last part of the path.
ANSWERS: Mapping[str, str] = {
    r"/webhooks/rest/webhook": "rest.before_answer",
    r"/webhooks/webchat/messages": "webchat.before_answer",
    r"/live-agents/[^/]+/webhook": "webhook.before_answer",
    r"/api/conversations/.+/[a-z-]+": "desk_{}.before_answer",
}


def environment(rules: str, seed: int = 0) -> dict[str, str]:
    """The variables with which a process, and all that it starts, gets the hooks."""
    path = (Path(__file__).with_name("start"), ROOT)
    return {"FAULT_RULES": rules, "FAULT_SEED": str(seed), "PYTHONPATH": ":".join(map(str, path))} if rules else {}


def install(rules: Sequence[Rule], seed: int = 0) -> None:
    """Put rules in force in this process, and the hooks into what it imports from now on."""
    points.put_in_force(rules, seed)
    sys.meta_path.insert(0, _Hooking())


# -- the hooks ------------------------------------------------------------------------------------------------------


def hook_transactions(base: ModuleType) -> None:
    """Make points of the transactions of `STEPS`: before they commit, and after."""
    begin = base.Engine.begin

    def begin_at_point(engine: Any, *arguments: Any) -> Any:
        step = _step(sys._getframe(1))
        return begin(engine, *arguments) if step is None else _between_points(begin(engine, *arguments), step)

    base.Engine.begin = begin_at_point


def _step(caller: FrameType) -> str | None:
    key = (str(caller.f_globals.get("__name__")), caller.f_code.co_name)
    return str(STEPS[key] or caller.f_locals["step"]) if key in STEPS else None


@contextmanager
def _between_points(begun: Any, step: str) -> Iterator[Any]:
    with begun as connection:
        yield connection
        reach(f"{step}.before_commit")
    reach(f"{step}.after_commit")


def _hook_clock(transcript: ModuleType) -> None:
    class SteppingClock(transcript.Transcript):  # type: ignore[name-defined,misc]
        """What `Ledger` is built on, with a clock that may step back."""

        def __init__(self, engine: Any, clock: Callable[[], datetime] = transcript.now) -> None:
            super().__init__(engine, lambda: points.clock(clock))

    transcript.Transcript = SteppingClock


def _hook_turns(agents: ModuleType) -> None:
    handle = agents.Agent.handle_message

    @functools.wraps(handle)
    async def handle_message(agent: Any, message: Any) -> Any:
        reach("turn.before_bot")
        found = await handle(agent, message)
        reach("turn.after_bot")
        return found

    agents.Agent.handle_message = handle_message


def _hook_stream(stream: ModuleType) -> None:
    event = stream._event

    def told(kind: str, *arguments: Any) -> Any:
        if kind == "message":
            reach("stream.before_send")
        return event(kind, *arguments)

    stream._event = told


def _hook_relay(adapter: ModuleType) -> None:
    for name, point in (("open", "open"), ("say", "send")):
        setattr(adapter.WebhookChannel, name, _around(getattr(adapter.WebhookChannel, name), f"relay.before_{point}",
                                                      f"relay.after_{point}"))


def _around(call: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        reach(before)
        found = call(*arguments, **named)
        reach(after)
        return found

    return wrapped


def _answer_point(method: str, path: str, status: int) -> str | None:
    if method != "POST" or status != 200:
        return None
    last = path.rpartition("/")[2].replace("-", "_")
    return next((point.format(last) for pattern, point in ANSWERS.items() if re.fullmatch(pattern, path)), None)


def _hook_sanic(app: ModuleType) -> None:
    make = app.Sanic.__init__

    def before_answer(request: Any, response: Any) -> None:
        point = _answer_point(request.method, request.path, response.status)
        if point is not None:
            try:
                reach(point)
            except ConnectionResetError:
                request.transport.abort()

    @functools.wraps(make)
    def init(sanic: Any, *arguments: Any, **named: Any) -> None:
        make(sanic, *arguments, **named)
        sanic.register_middleware(before_answer, "response")

    app.Sanic.__init__ = init


def _hook_fastapi(applications: ModuleType) -> None:
    call = applications.FastAPI.__call__

    async def answer(app: Any, scope: Any, receive: Any, send: Any) -> None:
        async def send_at_point(message: Any) -> None:
            if message["type"] == "http.response.start":
                point = _answer_point(scope["method"], scope["path"], message["status"])
                if point is not None:  # the desk works in threads: one that stands still holds up nobody else
                    await asyncio.to_thread(reach, point)
            await send(message)

        await call(app, scope, receive, send_at_point)

    applications.FastAPI.__call__ = answer


HOOKS: Mapping[str, Callable[[ModuleType], None]] = {
    "sqlalchemy.engine.base": hook_transactions,
    "tandem.conversations.transcript": _hook_clock,
    "rasa.core.agent": _hook_turns,
    "tandem.channels.webchat.stream": _hook_stream,
    "tandem.live_agents.adapters.webhook.adapter": _hook_relay,
    "sanic.app": _hook_sanic,
    "fastapi.applications": _hook_fastapi,
}


class _Hooking(importlib.abc.MetaPathFinder):
    """Finds the modules of `HOOKS` as Python does, and puts the hook in once a module is there."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        hook = HOOKS.get(name)
        spec = importlib.machinery.PathFinder.find_spec(name, path) if hook else None
        if hook is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            hook(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
