"""The agents' pages and the fragments that keep them fresh. Everything a page changes goes through the JSON API."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tandem.agents.accounts import Role, find
from tandem.agents.presence import is_away
from tandem.conversations.context_card import NO_CARD
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Conversation, ConversationNotFound, Handoff, Message, Owner
from tandem.desk.app_state import Desk
from tandem.desk.canned_responses import CannedResponse, filled
from tandem.desk.errors import Forbidden, Unauthenticated
from tandem.desk.live_queue import Snapshot
from tandem.desk.metrics import figures, read_metrics
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.security.auth import desk_of, session_of
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.security.sessions import Session
from tandem.desk.views.card import CardView, MoodPoint, OrderView, card_view, mood_points, order_view
from tandem.desk.views.channel_summary import summarise_channel
from tandem.desk.views.queue import customer_name
from tandem.desk.views.timeline import Line, timeline

WINDOW = 200  # rows of a section of the queue that a page has at first; the others come on request
FIRST = 200  # messages on opening a conversation; the rest on request
TAIL = 60  # messages looked at again on every change: their delivery or mood may have moved
URGENT = 0.7  # the urgency from which on a handoff is marked
CATCH_UP = 1_000  # messages that a page which slept is given at once; after more it begins anew with the latest

router = APIRouter(include_in_schema=False)
_Response = TypeVar("_Response", bound=Response)


@dataclass(frozen=True)
class ConversationView:
    """One conversation as one agent sees it."""

    conversation: Conversation
    handoff: Handoff | None
    customer: str
    lines: list[Line]
    earlier: int  # messages before the first line
    gap: bool  # there are more between those that the page knows and the first line
    card: CardView | None
    mood: tuple[MoodPoint, ...]
    orders: tuple[OrderView, ...]  # as they were seen last
    alarming: frozenset[int]  # messages after which the matter went to people as urgent
    interrupted: str  # what the bot can carry on with after a hand-back
    reach: str  # what the customer's channel can do
    holder: str | None
    is_mine: bool
    canned: list[CannedResponse]
    can: Mapping[str, bool]


def signed_in(request: Request) -> Session:
    """Return the session of a page.

    Raises:
        Unauthenticated: There is none; browsers are sent to the sign-in page.
    """
    session = session_of(request)
    if session is None:
        raise Unauthenticated("sign in first")
    return session


SessionDep = Annotated[Session, Depends(signed_in)]


def supervisor_signed_in(session: SessionDep) -> Session:
    """Return the session of a page for supervisors.

    Raises:
        Forbidden: The agent is none.
    """
    if not session.account.role.covers(Role.SUPERVISOR):
        raise Forbidden("this page is for supervisors")
    return session


SupervisorSessionDep = Annotated[Session, Depends(supervisor_signed_in)]


def conversation_view(
    request: Request, session: Session, conversation_id: str, tail: int, since: int | None = None,
) -> ConversationView:
    """Read one conversation for its page; blocking.

    Args:
        tail: How many of the latest messages to show.
        since: All messages from this one on, if that are more; None to begin anew.
    """
    desk = desk_of(request)
    ledger = desk.services.ledger
    conversation = desk.work.conversation(conversation_id)
    desk.readings.note(session.account.id, "session", conversation_id)
    handoffs = ledger.handoffs(conversation_id)
    current = next((one for one in handoffs if one.closed_at is None), None)
    shown = current or (handoffs[-1] if handoffs else None)
    context = shown.card if shown else NO_CARD
    messages, start, gap = _window(ledger, conversation_id, tail, since)
    customer = customer_name(conversation, context.customer)
    zone = desk.settings.shop_timezone
    lines = timeline(messages, handoffs, customer, zone, ledger.clock().astimezone(zone).date(), from_start=start == 0)
    if start > 0:
        lines = lines[1:]
    holder = find(desk.services.engine, current.claimed_by) if current and current.claimed_by else None
    holder_name = holder.name if holder else current.claimed_by if current else None
    turns = [(one.seq, one.mood.frustration, one.mood.emotion, one.text)
             for one in messages if one.author is Author.CUSTOMER and one.mood]
    earlier = [one for one in handoffs if one is not shown]
    card = card_view(shown, conversation.identity, earlier, turns) if shown else None
    orders = tuple(map(order_view, desk.services.case_file.read(conversation_id).orders or context.orders))
    return ConversationView(
        conversation=conversation, handoff=current, customer=customer, lines=lines, earlier=start, gap=gap, card=card,
        reach=summarise_channel(conversation, ledger.clock()),
        mood=card.mood if card else mood_points(turns), orders=orders,
        alarming=_alarming(messages, handoffs), interrupted=_interrupted(current), holder=holder_name,
        is_mine=bool(current and current.claimed_by == session.account.id and conversation.owner is Owner.AGENT),
        canned=_canned(request, session, customer, orders),
        can=_permitted_steps(conversation, current, session),
    )


def _window(
    ledger: Ledger, conversation_id: str, tail: int, since: int | None,
) -> tuple[list[Message], int, bool]:
    """Read the messages to show; how many there are before the first, and whether some are left out after `since`.

    One message more than shown comes first: it tells whether a new day begins with the first.
    """
    last = ledger.last_seq(conversation_id)
    gap = since is not None and last - since >= CATCH_UP
    start = max(0, last - (FIRST if gap else tail))
    if since is not None and not gap:
        start = min(start, max(0, since - 1))
    return ledger.messages(conversation_id, after=max(0, start - 1), limit=last - start + 1_000), start, gap


@router.get("/")
async def home(
    request: Request, session: SessionDep, c: Annotated[str | None, Query()] = None,
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Show the desk, with a conversation open or none."""
    snapshot = await desk_of(request).live_queue.snapshot()
    return await run_in_threadpool(_home, request, session, c, everything, snapshot)


def _home(request: Request, session: Session, c: str | None, everything: bool, snapshot: Snapshot) -> Response:
    desk = desk_of(request)
    view, missing = None, False
    if c is not None:
        try:
            view = conversation_view(request, session, c, 100_000 if everything else FIRST)
        except ConversationNotFound:
            missing = True
    page = desk.pages.render(
        "desk.html", session=session, snapshot=snapshot, window=WINDOW, view=view,
        now=desk.services.ledger.clock(), link=link, missing=missing,
        remind=desk.services.patience.remind_minutes * 60, away=is_away(desk.services.engine, session.account.id),
        dead=_dead(desk, session))
    if missing:
        page.status_code = 404
    return page


@router.get("/desk/conversation")
def conversation_fragment(
    request: Request, session: SessionDep, c: Annotated[str, Query()], first: Annotated[bool, Query()] = False,
    since: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> Response:
    """Show the conversation and its context, for a change of conversation (`first`) or a refresh.

    A refresh has the latest messages, and with `since` all from that one on.
    """
    desk = desk_of(request)
    view = conversation_view(request, session, c, FIRST if first else TAIL, None if first else since)
    page = desk.pages.render("_conversation.html", session=session, view=view, link=link,
                             now=desk.services.ledger.clock())
    return for_page_of(session, page)


@router.get("/desk/session")
def session_form(session: SessionDep) -> SafeJSONResponse:
    """Tell whose session the browser has now: a page may be older than it."""
    return SafeJSONResponse({"agent": session.account.id, "name": session.account.name,
                             "csrf_token": session.csrf_token})


@router.get("/numbers")
def numbers_page(request: Request, session: SupervisorSessionDep) -> Response:
    """Show how the desk stands, for supervisors."""
    desk = desk_of(request)
    numbers = read_metrics(desk.services, desk.relay)
    return desk.pages.render("numbers.html", session=session, figures=list(figures(numbers)), agents=numbers.agents,
                             now=desk.services.ledger.clock())


@router.get("/docs")
def api_page(request: Request) -> Response:
    """Show the API, readable without loading anything from elsewhere."""
    desk = desk_of(request)
    errors = [(code, answer["description"]) for code, answer in ERRORS.items()]
    return desk.pages.render("docs.html", spec=request.app.openapi(), errors=errors, address=desk.settings.desk_url)


@router.get("/favicon.ico")
def favicon() -> Response:
    """Serve the sign of the desk, where browsers look for it by habit."""
    return RedirectResponse("/static/favicon.svg", status_code=308)


def link(conversation_id: str, everything: bool = False) -> str:
    """Return the address of a conversation's page."""
    return "/?" + urlencode({"c": conversation_id, **({"all": "1"} if everything else {})}, errors="replace")


def for_page_of(session: Session, fragment: _Response) -> _Response:
    """Say whose fragment it is: a page that was opened by another agent must not show it."""
    fragment.headers["X-Desk-Agent"] = quote(session.account.id)
    return fragment


def _dead(desk: Desk, session: Session) -> int | None:
    """Count the dead letters, for those who may do something about them and where there may be any."""
    if not desk.relay.channels or not session.account.role.covers(Role.SUPERVISOR):
        return None
    return desk.relay.dead_count()


def _alarming(messages: Sequence[Message], handoffs: Sequence[Handoff]) -> frozenset[int]:
    """Find the customer's messages that brought an urgent handoff about."""
    urgent = [one for one in handoffs if one.urgency >= URGENT]
    said = [(one.at, one.seq) for one in messages if one.author is Author.CUSTOMER]
    return frozenset(max((seq for at, seq in said if at <= one.opened_at), default=0) for one in urgent)


def _interrupted(handoff: Handoff | None) -> str:
    if handoff is None:
        return ""
    if handoff.taken_over:  # only the bot's own memory knows
        return "what the bot was doing"
    return (handoff.card.interrupted_flow or "").removesuffix("_form").replace("_", " ")


def _permitted_steps(conversation: Conversation, handoff: Handoff | None, session: Session) -> dict[str, bool]:
    owner = conversation.owner
    mine = owner is Owner.AGENT and handoff is not None and handoff.claimed_by == session.account.id
    steps_in = mine or session.account.role.covers(Role.SUPERVISOR)
    return {
        "claim": owner is Owner.WAITING,
        "take_over": owner in (Owner.BOT, Owner.RESOLVED) or (owner is Owner.AGENT and not mine and steps_in),
        "reply": mine,
        "release": owner is Owner.AGENT and steps_in,
        "hand_back": owner is Owner.WAITING or (owner is Owner.AGENT and steps_in),
        "resolve": owner in (Owner.WAITING, Owner.BOT) or (owner is Owner.AGENT and steps_in),
    }


def _canned(
    request: Request, session: Session, customer: str, orders: Sequence[OrderView],
) -> list[CannedResponse]:
    known = "" if customer.startswith("Visitor ") or "@" in customer else customer.split(" ")[0]
    values = {"customer": known, "agent": session.account.name, "order": orders[0].number if orders else ""}
    return [filled(one, **values) for one in desk_of(request).canned.all()]
