"""Who may post, and payloads that are not what Chatwoot is known to send."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.live_agents.adapters.chatwoot import inbound
from tandem.live_agents.protocol import WebhookRejected, WebhookUnreadable
from tests.fakes.chatwoot_account import INBOX
from tests.fakes.payloads import body as body_of
from tests.fakes.payloads import payload
from tests.unit.live_agents.chatwoot.conftest import Chatwoot

BODY = body_of(payload("chatwoot", "said"))


def test_a_signed_webhook_is_known_by_its_delivery(chatwoot: Chatwoot) -> None:
    headers = chatwoot.account.signed(BODY)
    assert chatwoot.channel.delivery_id(headers, BODY) == headers["x-chatwoot-delivery"]
    assert chatwoot.channel.answer(BODY) is None


def test_without_a_delivery_s_id_the_body_names_it(chatwoot: Chatwoot) -> None:
    headers = {**chatwoot.account.signed(BODY), "x-chatwoot-delivery": ""}
    other = BODY + b" "
    names = {chatwoot.channel.delivery_id(headers, BODY), chatwoot.channel.delivery_id(headers, BODY),
             chatwoot.channel.delivery_id({**chatwoot.account.signed(other), "x-chatwoot-delivery": ""}, other)}
    assert len(names) == 2


def test_a_known_signature_is_as_chatwoot_documents_it() -> None:
    # printf '1741791600.{}' | openssl dgst -sha256 -hmac secret
    digest = "sha256=4a25d37f591e4244ad27721d6fcfd1ed70101d56f119b0bf04266077b8de6d9e"
    signed = {"x-chatwoot-signature": digest, "x-chatwoot-timestamp": "1741791600"}
    inbound.verify("secret", signed, b"{}", 1741791600.0)
    with pytest.raises(WebhookRejected, match="does not fit"):
        inbound.verify("secret", signed, b"{ }", 1741791600.0)


@pytest.mark.parametrize(("change", "words"), [
    ({"x-chatwoot-signature": ""}, "not signed"), ({"x-chatwoot-signature": "sha256=00"}, "not signed"),
    ({"x-chatwoot-signature": "sha256=" + "é" * 64}, "not signed"),
    ({"x-chatwoot-signature": "sha256=" + "0" * 64}, "does not fit"),
    ({"x-chatwoot-timestamp": ""}, "not signed"), ({"x-chatwoot-timestamp": "-5"}, "not signed"),
    ({"x-chatwoot-timestamp": "٣" * 10}, "not signed"), ({"x-chatwoot-timestamp": "9" * 400}, "not signed"),
    ({"x-chatwoot-timestamp": "1741791601"}, "does not fit"),
])
def test_what_chatwoot_has_not_signed_is_rejected(chatwoot: Chatwoot, change: dict[str, str], words: str) -> None:
    with pytest.raises(WebhookRejected, match=words):
        chatwoot.channel.delivery_id({**chatwoot.account.signed(BODY), **change}, BODY)


def test_another_body_or_secret_is_rejected(chatwoot: Chatwoot) -> None:
    with pytest.raises(WebhookRejected, match="does not fit"):
        chatwoot.channel.delivery_id(chatwoot.account.signed(BODY), BODY + b" ")
    with pytest.raises(WebhookRejected, match="does not fit"):
        chatwoot.channel.delivery_id(chatwoot.account.signed(BODY, secret="another"), BODY)


@pytest.mark.parametrize(("away", "taken"), [(-299, True), (299, True), (-302, False), (302, False)])
def test_an_old_webhook_is_rejected(chatwoot: Chatwoot, away: float, taken: bool) -> None:
    headers = chatwoot.account.signed(BODY, at=chatwoot.clock().timestamp() + away)
    if taken:
        assert chatwoot.channel.delivery_id(headers, BODY)
    else:
        with pytest.raises(WebhookRejected, match="300 seconds"):
            chatwoot.channel.delivery_id(headers, BODY)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"event": 5}', b"\xff", b"[" * 100_000])
def test_a_signed_body_that_is_no_event_cannot_be_read(chatwoot: Chatwoot, body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        chatwoot.channel.delivery_id(chatwoot.account.signed(body), body)


_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_JSON = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8)
_KEYS = ("id", "status", "inbox_id", "meta", "custom_attributes", "conversation", "sender", "user", "content",
         "private", "message_type", "content_attributes", "created_at", "updated_at", "timestamp",
         "changed_attributes", "attachments", "is_private")


@settings(deadline=None)
@given(st.sampled_from(["message_created", "conversation_typing_on", "conversation_updated", "conversation_created",
                        "conversation_status_changed", "contact_updated"]),
       st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_any_payload_is_read_or_passed_over(event: str, data: dict[str, Any]) -> None:
    inbound.read({**data, "event": event}, INBOX)
    said, person = payload("chatwoot", "said"), {"type": "user", **data}
    inbound.read({**said, "event": event, "conversation": {**said["conversation"], **data}, "sender": person,
                  "user": person, "meta": {"assignee": person}, "status": "open"}, INBOX)
