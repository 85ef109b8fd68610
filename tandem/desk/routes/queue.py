"""The queue for pages that are open: what changed in it, and the rows beyond those that stand there at first."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from tandem.conversations import overview
from tandem.conversations.model import Owner
from tandem.desk.live_queue import Row, Snapshot
from tandem.desk.routes.pages import WINDOW, SessionDep, for_page_of
from tandem.desk.security.auth import desk_of
from tandem.desk.security.responses import SafeJSONResponse

MORE = 100  # rows of one request

router = APIRouter(include_in_schema=False)


@router.get("/desk/queue")
async def changes(request: Request, session: SessionDep, since: Annotated[str, Query(max_length=64)] = "") -> \
        SafeJSONResponse:
    """Return what a page that shows version `since` of the queue has to change.

    The whole queue if that is forgotten.
    """
    live_queue = desk_of(request).live_queue
    found = await live_queue.changes(since)
    if found is None:
        found = _whole(await live_queue.snapshot())
    return for_page_of(session, SafeJSONResponse(found))


@router.get("/desk/queue/more")
async def more(
    request: Request, session: SessionDep, section: Owner, rank: Annotated[float, Query(allow_inf_nan=False)],
    last: Annotated[str, Query(max_length=255)],
) -> SafeJSONResponse:
    """Return the rows of a section that follow the one with this rank and id."""
    desk = desk_of(request)
    if section in (Owner.WAITING, Owner.AGENT):
        snapshot = await desk.live_queue.snapshot()
        rows = [row for row in snapshot.rows if row.section is section and (row.rank, row.id) > (rank, last)][:MORE]
    else:
        found = await run_in_threadpool(overview.latest, desk.services.ledger, section, MORE, (_moment(rank), ""))
        rows = await run_in_threadpool(lambda: [desk.live_queue.row(one) for one in found])
    return for_page_of(session, SafeJSONResponse({"rows": [row.to_dict() for row in rows], "more": len(rows) == MORE}))


def _whole(snapshot: Snapshot) -> dict[str, object]:
    """Cut the long sections to what a page shows at first."""
    kept: list[Row] = []
    for owner in Owner:
        rows = [row for row in snapshot.rows if row.section is owner]
        kept += rows if owner is Owner.AGENT else rows[:WINDOW]
    return {"version": snapshot.version, "whole": True, "rows": [row.to_dict() for row in kept], "gone": [],
            "counts": snapshot.counts}


def _moment(rank: float) -> datetime:
    """Read the moment of a rank, rather a little late: a page knows by their ids the rows that it has."""
    latest = datetime(2100, 1, 1, tzinfo=timezone.utc)
    seconds = min(max(-rank, 0.0), latest.timestamp())
    return datetime.fromtimestamp(seconds, timezone.utc) + timedelta(microseconds=2)
