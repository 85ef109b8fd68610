"""Whose a conversation is in a browser: what renews a session, what ends it, and what passes to nobody."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tandem.conversations.model import Conversation, Identity, InboundMessage, Kind
from tandem.conversations.sessions import CustomerSessions, SessionClaim, opens
from tests.fakes.core import ANNA, Core


class Matched:
    """Orders that a conversation has matched, by the address they belong to."""

    def __init__(self) -> None:
        self.addresses: set[str] = set()

    def matched_for_another(self, conversation_id: str, email: str) -> bool:
        return bool(self.addresses - {email})

    def forget_all_but(self, conversation_id: str, email: str | None) -> None:
        self.addresses &= {email}


@pytest.fixture
def matched() -> Matched:
    return Matched()


@pytest.fixture
def sessions(core: Core, matched: Matched) -> CustomerSessions:
    return CustomerSessions(core.ledger, matched)


def vouched(core: Core, subject: str, minutes: float = 60) -> Identity:
    return Identity(subject, f"{subject}@example.com", subject, expires_at=core.clock.at + timedelta(minutes=minutes))


def begin(core: Core, text: str = "hello", identity: Identity | None = None) -> Conversation:
    core.ledger.start(InboundMessage("c", "webchat", "", push=False, identity=identity))
    if text:
        core.says(text, channel="webchat", push=False)
    return core.ledger.conversation("c")


def claim(conversation: Conversation) -> SessionClaim:
    return SessionClaim(conversation.id, conversation.session)


def test_an_identity_holds_until_its_end_and_no_longer(core: Core) -> None:
    ada = vouched(core, "ada", minutes=5)
    assert begin(core, identity=ada).identity == ada
    core.clock.advance(minutes=5)
    later = core.ledger.conversation("c")
    assert (later.identity, later.known_as) == (None, ada)
    assert core.says("and now?", channel="webchat").conversation.identity is None
    renewed = vouched(core, "ada")
    assert core.says("signed in", channel="webchat", identity=renewed).conversation.identity == renewed


def test_an_identity_that_an_earlier_version_stored_without_its_end_has_ended(core: Core) -> None:
    begin(core)
    with core.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET identity = "
                                   """'{"subject": "s", "email": "a@b", "name": "", "verified_by": "channel token"}'""")
    found = core.ledger.conversation("c")
    assert found.identity is None
    assert found.known_as is not None
    assert found.known_as.email == "a@b"


def test_a_session_is_renewed_when_the_customer_becomes_known(core: Core, sessions: CustomerSessions) -> None:
    before = claim(begin(core))
    known = sessions.resume(before, vouched(core, "ada"))
    assert known is not None
    assert opens(claim(known), known)
    assert not opens(before, known)
    assert sessions.resume(before, None) is None
    assert core.ledger.conversation("c").identity is not None, "an old session must not end the identity either"


def test_a_refreshed_token_of_the_same_customer_changes_no_session(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada", minutes=5)))
    fresh = vouched(core, "ada", minutes=50)
    again = sessions.resume(first, fresh)
    assert again is not None
    assert (claim(again), again.identity) == (first, fresh)


def test_a_customer_who_becomes_known_again_gets_a_new_session(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada", minutes=5)))
    core.clock.advance(minutes=10)
    again = sessions.resume(first, vouched(core, "ada"))
    assert again is not None
    assert not opens(first, again)


def test_resuming_without_an_identity_ends_it(core: Core, sessions: CustomerSessions, matched: Matched) -> None:
    first = claim(begin(core, identity=vouched(core, "ada")))
    matched.addresses = {"gift@example.com"}
    resumed = sessions.resume(first, None)
    assert resumed is not None
    assert resumed.identity is None
    assert core.ledger.conversation("c").identity is None
    assert matched.addresses == set(), "what the customer matched is not matched for whoever comes after"


def test_another_customer_closes_the_session_and_begins_anew(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada")))
    assert sessions.resume(first, vouched(core, "ben")) is None
    closed = core.ledger.conversation("c")
    assert not opens(first, closed)
    assert closed.identity is None
    assert sessions.resume(first, vouched(core, "ada")) is None


def test_an_identity_that_has_ended_still_keeps_other_customers_out(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada", minutes=1)))
    core.clock.advance(minutes=2)
    assert sessions.resume(first, vouched(core, "ben")) is None


def test_signing_out_is_for_good(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada")))
    assert sessions.sign_out(first)
    assert core.ledger.conversation("c").identity is None
    assert not sessions.sign_out(first)
    assert sessions.resume(first, None) is None
    assert sessions.resume(first, vouched(core, "ada")) is None


def test_an_old_session_cannot_sign_anybody_out(core: Core, sessions: CustomerSessions) -> None:
    before = claim(begin(core))
    known = sessions.resume(before, vouched(core, "ada"))
    assert not sessions.sign_out(before)
    assert known is not None
    assert opens(claim(known), core.ledger.conversation("c"))


def test_a_lost_answer_loses_no_conversation(core: Core, sessions: CustomerSessions) -> None:
    """The browser asks again with the session it had: the same customer's token proves more than that."""
    before = claim(begin(core))
    first = sessions.resume(before, vouched(core, "ada"))
    second = sessions.resume(before, vouched(core, "ada"))
    assert first is not None and second is not None
    assert (second.id, second.session) == (first.id, first.session)


@pytest.mark.parametrize(("minutes", "address", "kept"), [
    (59, None, True), (59, "ada@example.com", True), (59, "eve@example.com", False), (61, None, False),
])
def test_a_visitors_conversation_passes_to_a_customer_who_is_evidently_the_same_person(
    core: Core, sessions: CustomerSessions, matched: Matched, minutes: int, address: str | None, kept: bool,
) -> None:
    before = claim(begin(core))
    matched.addresses = {address} - {None}
    core.clock.advance(minutes=minutes)
    found = sessions.resume(before, vouched(core, "ada"))
    assert (found is not None) is kept
    assert not opens(before, core.ledger.conversation("c")), "the visitor's session ends either way"


def test_a_conversation_without_a_word_passes_to_anybody(core: Core, sessions: CustomerSessions) -> None:
    before = claim(begin(core, text=""))
    core.clock.advance(days=20)
    assert sessions.resume(before, vouched(core, "ada")) is not None


def test_two_customers_at_once_never_share_a_visitors_conversation(core: Core, sessions: CustomerSessions) -> None:
    before = claim(begin(core))
    people = [vouched(core, name) for name in ("ada", "ben", "cem", "dora")]
    with ThreadPoolExecutor(len(people)) as pool:
        found = list(pool.map(lambda one: sessions.resume(before, one), people))
    winners = [one for one in found if one is not None]
    assert len(winners) == 1
    assert winners[0].identity == core.ledger.conversation("c").identity


def test_a_token_of_an_earlier_version_opens_only_what_was_never_anybodys(
    core: Core, sessions: CustomerSessions,
) -> None:
    old = SessionClaim("c", None)
    begin(core)
    assert opens(old, core.ledger.conversation("c"))
    resumed = sessions.resume(old, None)
    assert resumed is not None and resumed.session == 0
    known = sessions.resume(old, vouched(core, "ada"))
    assert known is not None
    assert not opens(old, known)
    assert sessions.resume(old, None) is None
    assert sessions.resume(old, vouched(core, "ada")) is not None, "the customer's own token finds it again"


def test_agents_are_told_that_the_customer_has_left(core: Core, sessions: CustomerSessions) -> None:
    first = claim(begin(core, identity=vouched(core, "ada")))
    core.hands_off()
    sessions.sign_out(first)
    last = core.ledger.messages("c")[-1]
    assert last.kind is Kind.NOTE
    assert "no longer reaches them" in last.text
    assert core.ledger.conversation("c").last_text == "hello"


def test_the_latest_messages_come_in_order_and_without_notes(core: Core) -> None:
    core.with_anna()
    for number in range(5):
        core.says(f"line {number}")
    core.ownership.note("c", ANNA, "private")
    last = core.ledger.latest_messages("c", 2)
    assert [one.text for one in last] == ["line 3", "line 4"]
    assert [one.text for one in core.ledger.latest_messages("c", 2, before=last[0].seq)] == ["line 1", "line 2"]
