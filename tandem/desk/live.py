"""The live stream: tells a page that something changed; the page then asks for what it shows."""
from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tandem.conversations.feed import EVERYTHING
from tandem.desk import presence
from tandem.desk.auth import desk_of, session_of
from tandem.desk.pages import SessionDep
from tandem.desk.sessions import Session

KEEP_ALIVE = 15.0  # seconds; also how soon an ended session closes its streams
QUEUE_PAUSE = 0.3  # seconds between two signs that the queue changed

router = APIRouter(include_in_schema=False)


@router.get("/desk/events")
async def events(
    request: Request, session: SessionDep, c: Annotated[str | None, Query()] = None,
) -> StreamingResponse:
    """Server-sent events: `queue` when any conversation changed, `conversation` when the one named `c` did."""
    return StreamingResponse(_stream(request, session, c), media_type="text/event-stream",
                             headers={"X-Accel-Buffering": "no"})


async def _stream(request: Request, session: Session, conversation_id: str | None) -> AsyncIterator[str]:
    feed = desk_of(request).feed
    loop = asyncio.get_running_loop()
    queue_after, checked = 0.0, loop.time()
    await _seen(request, session)
    with contextlib.ExitStack() as stack:
        anything = stack.enter_context(feed.watch(EVERYTHING))
        this_one = stack.enter_context(feed.watch(conversation_id)) if conversation_id else asyncio.Event()
        yield "retry: 1000\n" + _event("hello", {})
        while True:
            queue_due = anything.is_set() and loop.time() >= queue_after
            if this_one.is_set():
                this_one.clear()
                yield _event("conversation", {})
            if queue_due:
                anything.clear()
                queue_after = loop.time() + QUEUE_PAUSE
                yield _event("queue", {})
            if loop.time() - checked >= KEEP_ALIVE:
                checked = loop.time()
                if await run_in_threadpool(session_of, request) is None:
                    yield _event("signed-out", {})
                    return
                await _seen(request, session)
                yield ": still here\n\n"
            limit = KEEP_ALIVE - (loop.time() - checked)
            if anything.is_set():
                await _wait((this_one,), min(limit, max(0.01, queue_after - loop.time())))
            else:
                await _wait((this_one, anything), limit)


async def _seen(request: Request, session: Session) -> None:
    services = desk_of(request).services
    await run_in_threadpool(presence.seen, services.engine, session.account.id, services.ledger.clock())


async def _wait(signs: tuple[asyncio.Event, ...], seconds: float) -> None:
    tasks = [asyncio.ensure_future(sign.wait()) for sign in signs]
    try:
        await asyncio.wait(tasks, timeout=max(0.01, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _event(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
