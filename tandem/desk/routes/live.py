"""The live stream: the rows of the queue that changed, and which conversations a page should look at."""
from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tandem.agents import presence
from tandem.desk.routes.pages import SessionDep
from tandem.desk.security.auth import desk_of, session_of
from tandem.desk.security.sessions import Session

KEEP_ALIVE = 15.0  # seconds; also how soon an ended session closes its streams
MOST = 50  # conversations that one stream follows: a browser has one stream for all its tabs

router = APIRouter(include_in_schema=False)


@router.get("/desk/events")
async def events(
    request: Request, session: SessionDep, c: Annotated[list[str] | None, Query()] = None,
) -> StreamingResponse:
    """Send server-sent events.

    `hello` begins with the queue's version; `queue` has the rows that changed since the one before; `stale` says that
    some are forgotten; `conversation` names one of `c` that changed; `ping` comes every `KEEP_ALIVE` seconds.
    """
    return StreamingResponse(_stream(request, session, frozenset((c or ())[:MOST])), media_type="text/event-stream",
                             headers={"X-Accel-Buffering": "no"})


async def _stream(request: Request, session: Session, conversations: frozenset[str]) -> AsyncIterator[str]:
    desk = desk_of(request)
    loop = asyncio.get_running_loop()
    checked = loop.time()
    await _seen(request, session)
    with contextlib.ExitStack() as stack:
        changed = stack.enter_context(desk.feed.changes(conversations))
        stack.enter_context(desk.live_queue.watch(changed.event))
        sent = desk.live_queue.number
        yield "retry: 1000\n" + _event("hello", {"version": desk.live_queue.version})
        while True:
            for conversation_id in changed.take():
                yield _event("conversation", {"id": conversation_id})
            updates = desk.live_queue.updates_after(sent)
            sent = desk.live_queue.number
            if updates is None:
                yield _event("stale", {})
            else:
                for text in updates[1]:
                    yield f"event: queue\ndata: {text}\n\n"
            if loop.time() - checked >= KEEP_ALIVE:
                checked = loop.time()
                if await run_in_threadpool(session_of, request) is None:
                    yield _event("signed-out", {})
                    return
                await _seen(request, session)
                yield _event("ping", {})
            await changed.wait(max(0.01, KEEP_ALIVE - (loop.time() - checked)))


async def _seen(request: Request, session: Session) -> None:
    services = desk_of(request).services
    await run_in_threadpool(presence.seen, services.engine, session.account.id, services.ledger.clock())


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
