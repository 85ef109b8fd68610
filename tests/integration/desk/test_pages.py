"""The agents' pages: what customers wrote stays text, and the panes show what the agent needs."""
from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from tandem.conversations.context_card import (
    Attempt,
    CardSignal,
    ContextCard,
    Customer,
    EarlierHandoff,
    Entity,
    MoodTurn,
    OrderFacts,
)
from tandem.conversations.model import Identity, Message, Mood
from tandem.conversations.outbox import OutboundMessage
from tandem.services import Services

XSS = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
       "' onmouseover='alert(1)", "</textarea><script>alert(1)</script>", "javascript:alert(1)",
       "<a href=javascript:alert(1)>x</a>"]


class Tags(HTMLParser):
    """Collects what a browser would run: scripts, handlers, frames, script addresses, inline styles."""

    def __init__(self) -> None:
        super().__init__()
        self.dangerous: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "script" and not (values.get("src") or "").startswith("/static/"):
            self.dangerous.append("script")
        if tag in ("iframe", "object", "embed", "img", "base", "style"):
            self.dangerous.append(tag)
        for name, value in attributes:
            runs = name in ("href", "src", "action", "formaction") and (value or "").strip().lower().startswith("java")
            if name.startswith("on") or name == "style" or runs:
                self.dangerous.append(f"{tag} {name}={value}")


def dangerous(page: str) -> list[str]:
    tags = Tags()
    tags.feed(page)
    return tags.dangerous


@pytest.mark.parametrize("text", XSS)
def test_whatever_a_customer_sends_is_shown_as_text(
    anna: TestClient, services: Services, waits: Callable[..., str], says: Callable[..., Message], text: str,
) -> None:
    card = ContextCard(text, text, text, text, text, signals=(CardSignal(text, 1.0, text),),
                       customer=Customer(text, text, text, text, (text,)),
                       mood=(MoodTurn(1, text, text, 0, 0, 0.5),), turning_point=1,
                       orders=(OrderFacts(text, text, text, ((text, text),)),), attempts=(Attempt(text, text, text),),
                       promises=(text,), slots={text: text}, entities=(Entity(text, text, 1),),
                       interrupted_flow=text, earlier_handoffs=(EarlierHandoff(text, text, text),))
    waits(text, text=text, card=card)
    says(text, text, identity=Identity(text, f"{text}@x", text), data={"image": text, "buttons": [{"title": text}]})
    services.ledger.record_reading(text, 1, Mood("negative", 1, -1, text, 1, 1), text)
    anna.post(f"/api/conversations/{text}/claim")
    for address in ("/", "/desk/queue", "/desk/conversation"):
        answer = anna.get(address, params={"c": text})
        assert answer.status_code == 200
        shown = answer.text if address != "/desk/queue" else "".join(row["html"] for row in answer.json()["rows"])
        assert len(shown) > 100 and dangerous(shown) == []
        assert "<script>alert" not in shown and "<img src=x" not in shown


def test_how_the_bot_read_a_message_is_folded_under_it_as_it_was_noted_then(
    anna: TestClient, services: Services, says: Callable[..., Message],
) -> None:
    says("c1", "and the money <b>?")
    says("c1", "wo ist mein Paket")
    says("c1", "read for people")
    mood = Mood("neutral", 1, 0, "neutral", 0, 0)
    services.ledger.record_reading("c1", 1, mood, "refunds/how_long", {
        "candidates": [{"intent": "refunds/how_long", "confidence": 0.82}, {"intent": "get_refund", "confidence": 0.1}],
        "context": {"answered": "returns/window", "asks": "order_number", "offers": ["return_item", "ask_for_human"]},
        "reasons": [{"name": "same topic <i>", "weight": 1.3}, {"name": "short", "weight": -0.2}]})
    services.ledger.record_reading("c1", 2, mood, "nlu_fallback", {
        "candidates": [], "context": {}, "reasons": [], "language": "de"})
    services.ledger.record_reading("c1", 3, mood, "order_status")
    pane = anna.get("/desk/conversation", params={"c": "c1"}).text
    assert pane.count("<details class=\"read\">") == 2  # folded, and none where the bot read nothing
    for told in ("<dd>refunds: how long</dd>", "refunds: how long 82 %", "get refund 10 %",
                 "<dt>After</dt><dd>returns: window", "<dt>Asked for</dt><dd>order number",
                 "return item, ask for human", "same topic &lt;i&gt; +1.3", "short -0.2",
                 "<dd>not understood</dd>", "<dt>Language</dt><dd>German"):
        assert told in pane, told
    assert dangerous(pane) == []


@pytest.mark.parametrize("noted", ["<script>", 7, [1], {"candidates": "x", "context": 7, "reasons": [{"name": 1}, 3]}])
def test_what_is_noted_wrongly_breaks_no_page(
    anna: TestClient, services: Services, says: Callable[..., Message], noted: object,
) -> None:
    says("c1", "hello", data={"interpretation": noted})
    answer = anna.get("/desk/conversation", params={"c": "c1"})
    assert answer.status_code == 200
    assert dangerous(answer.text) == []


def test_all_pages_work_under_their_content_policy(anna: TestClient, stranger: TestClient) -> None:
    for page in (anna.get("/"), anna.get("/docs"), stranger.get("/sign-in")):
        assert dangerous(page.text) == []


def test_the_conversation_pane_shows_card_mood_and_deliveries(
    anna: TestClient, services: Services, waits: Callable[..., str], outbound: Callable[[int], OutboundMessage],
) -> None:
    card = ContextCard("c1", "webchat", "Angry about a delayed order", "anger", "The parcel is 4 days late.",
                       signals=(CardSignal("trend", 0.78, "fell over 3 messages"),),
                       customer=Customer("Marta", "late@example.com", verified_by="channel token"),
                       mood=(MoodTurn(1, "hi", "neutral", 0, 0, 0.1), MoodTurn(3, "late!", "angry", -1, 0.9, 0.9)),
                       turning_point=3, orders=(OrderFacts("TD-10388", "delayed", "2026-01-01T10:00:00+00:00",
                                                           (("New estimate", "26 November"),)),),
                       attempts=(Attempt("action_order_status", "2026-01-01T10:00:00+00:00", "told the delay"),),
                       promises=("Arrives by 26 November",), slots={"order_number": "TD-10388"})
    waits("c1", card=card)
    services.ledger.record_reading("c1", 1, Mood("negative", 0.9, -0.8, "angry", 0.9, 0.5), "order_status")
    anna.post("/api/conversations/c1/claim")
    reply = anna.post("/api/conversations/c1/reply", json={"text": "Hello Marta"}).json()
    services.outbox.cannot_push(outbound(reply["seq"]))
    page = anna.get("/", params={"c": "c1"}).text
    for words in ("The parcel is 4 days late.", "fell over 3 messages", "Verified by channel token", "TD-10388",
                  "26 November", ">order status</span>", "Turned at", "Waits to be fetched", "With you",
                  "Went to people", "mood-angry", "order status", "Anna Berg has joined the conversation."):
        assert words in page, words


@pytest.mark.parametrize("card", [
    {}, {"mood": "bad", "orders": [None, 7], "signals": {"a": 1}, "customer": [1]},
    {"mood": [{"seq": 1, "score": "x"}, {"seq": None}], "slots": None, "entities": [[]]},
    {"orders": [{"facts": [["only one"], "x", [1, None]]}], "attempts": [{"at": "never"}]},
])
def test_a_card_of_any_shape_is_shown(anna: TestClient, waits: Callable[..., str], card: dict[str, object]) -> None:
    waits("c1", card=card)
    assert anna.get("/", params={"c": "c1"}).status_code == 200


def test_the_queue_has_its_sections(anna: TestClient, sam: TestClient, waits: Callable[..., str],
                                    says: Callable[..., Message]) -> None:
    for name in ("waiting-1", "mine-1", "hers-1", "done-1"):
        waits(name)
    says("bot-1", "hello")
    anna.post("/api/conversations/mine-1/claim")
    sam.post("/api/conversations/hers-1/claim")
    sam.post("/api/conversations/done-1/resolve")
    page = anna.get("/").text
    for key, inside in (("waiting", "waiting-1"), ("mine", "mine-1"), ("colleagues", "hers-1"), ("bot", "bot-1"),
                        ("resolved", "done-1")):
        section = page.split(f'id="group-{key}"')[1].split("</details>")[0]
        assert f'data-conversation="{inside}"' in section


def test_a_long_conversation_opens_at_its_end_and_whole_on_request(
    anna: TestClient, says: Callable[..., Message],
) -> None:
    for number in range(230):
        says("c1", f"word {number}.")
    page = anna.get("/", params={"c": "c1"}).text
    assert "word 229." in page and "word 29." not in page and "word 30." in page
    assert "word 0." in anna.get("/", params={"c": "c1", "all": "1"}).text
    tail = anna.get("/desk/conversation", params={"c": "c1"}).text
    assert tail.count('class="line customer"') == 60


def test_an_unknown_conversation_is_said_so(anna: TestClient) -> None:
    answer = anna.get("/", params={"c": "nobody"})
    assert answer.status_code == 404 and "does not exist" in answer.text
    assert anna.get("/desk/conversation", params={"c": "nobody"}).status_code == 404


def test_nobody_is_called_satisfied_whose_report_went_to_people_as_urgent(
    anna: TestClient, services: Services, waits: Callable[..., str], says: Callable[..., Message],
) -> None:
    glad = Mood("positive", 0.9, 0.8, "satisfied", 0.1, 0.1)
    for name, urgency in (("fire", 0.9), ("calm", 0.3)):
        waits(name, "Thanks for the lovely kettle, it caught fire", urgency=urgency)
        services.ledger.record_reading(name, 1, glad, "product_fault")
    assert 'mood-satisfied"><i' in anna.get("/", params={"c": "calm"}).text, "else nothing is hidden"
    page = anna.get("/", params={"c": "fire"}).text
    assert 'mood-satisfied"><i' not in page and "Frustration 10" in page
    answer = says("fire", "great, thank you")
    services.ledger.record_reading("fire", answer.seq, glad, "thank")
    assert anna.get("/", params={"c": "fire"}).text.count('mood-satisfied"><i') == 1, "what comes later is shown"


def test_a_frustrated_message_is_not_called_neutral_in_the_transcript(
    anna: TestClient, services: Services, waits: Callable[..., str],
) -> None:
    waits("c1", "four days late")
    services.ledger.record_reading("c1", 1, Mood("neutral", 0.6, 0.0, "neutral", 0.81, 0.2), "order_status")
    lines = anna.get("/", params={"c": "c1"}).text.split('class="reading"')[1].split("</p>")[0]
    assert "Frustration 81" in lines and "neutral" not in lines


def test_an_address_in_a_message_is_a_link_that_tells_nobody_where_it_was_pressed(
    anna: TestClient, waits: Callable[..., str],
) -> None:
    waits("c1", "it is on https://shop.example.com/orders?id=7, or www.example.com; see javascript:alert(1)")
    page = anna.get("/", params={"c": "c1"}).text
    assert ('<a href="https://shop.example.com/orders?id=7" target="_blank" rel="noopener noreferrer nofollow">'
            "https://shop.example.com/orders?id=7</a>, or www.example.com; see javascript:alert(1)") in page


def test_times_say_whose_they_are(anna: TestClient, services: Services, waits: Callable[..., str]) -> None:
    waits("c1")
    zone = f"{services.ledger.clock().astimezone(services.settings.shop_timezone):%Z}"
    page = anna.get("/", params={"c": "c1"}).text
    assert f'<span class="zone" title="All times are the shop\'s">{zone}</span>' in page and zone


def test_the_links_of_the_mood_line_can_be_reached_with_a_screen_reader(
    anna: TestClient, waits: Callable[..., str],
) -> None:
    card = ContextCard("c1", "webchat", "x", "anger", "x",
                       mood=(MoodTurn(1, "hi", "neutral", 0, 0, 0.1), MoodTurn(3, "late!", "angry", -1, 0.9, 0.9)))
    waits("c1", card=card)
    spark = anna.get("/", params={"c": "c1"}).text.split('<svg class="spark"')[1].split("</svg>")[0]
    assert spark.count('<a href="#m') == 2 and spark.count('aria-label="') == 3
    assert 'role="group"' in spark.split(">")[0], "what is in an image is left out"
