"""Telling the language of a customer: rather nothing than a wrong one."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.wording.language import detect, fits, language_of, name_of, tag_of

SAID = {
    "en": ("Where is my order?", "this is ridiculous, I am furious", "Can I talk to a person?",
           "my package hasnt arrived"),
    "de": ("Wo ist meine Bestellung?", "Mein Paket ist immer noch nicht da", "Ich will mein Geld zurück"),
    "fr": ("Où est ma commande ?", "Je n\u2019ai toujours pas reçu mon colis", "je voudrais un remboursement"),
    "es": ("¿Dónde está mi pedido?", "donde esta mi pedido", "no he recibido mi paquete"),
    "it": ("Dov'è il mio ordine", "non ho ancora ricevuto il pacco"),
    "pt": ("Onde está o meu pedido", "não recebi a minha encomenda"),
    "nl": ("Waar is mijn bestelling", "ik heb mijn pakket nog niet"),
    "pl": ("Gdzie jest moja paczka", "nie dostałem jeszcze zamówienia"),
    "sv": ("Var är mitt paket", "jag vill ha mina pengar tillbaka"),
    "da": ("Hvor er min pakke", "jeg vil have mine penge tilbage"),
    "tr": ("Siparişim nerede", "kargom hala gelmedi"),
    "ru": ("где мой заказ",), "uk": ("де моє замовлення, я її не отримав",), "el": ("πού είναι η παραγγελία μου",),
    "ar": ("أين طلبي",), "he": ("איפה ההזמנה שלי",), "hi": ("मेरा ऑर्डर कहाँ है",), "th": ("คำสั่งซื้ออยู่ที่ไหน",),
    "ko": ("내 주문 어디 있어요",), "ja": ("注文はどこですか",), "zh": ("我的订单在哪里",),
    "": ("", "TD-10388", "ok", "late@example.com 60614", "\U0001f600", "NO NO NO", "agent"),
}


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag, texts in SAID.items() for text in texts])
def test_what_customers_write_tells_their_language(language: str, text: str) -> None:
    assert detect([text]) == language
    assert detect([text.upper(), "TD-10388"]) == language


def test_hardly_an_english_example_of_the_bot_is_taken_for_another_language() -> None:
    other = ("out_of_scope", "human_other_languages")
    examples = [line[2:] for path in Path("data/nlu").glob("*.yml") if path.stem not in other
                for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"] if "intent" in block
                for line in block["examples"].splitlines()]
    wrong = [text for text in examples if detect([text]) not in ("", "en")]
    assert len(examples) > 2000
    assert len(wrong) < len(examples) / 500, wrong


def message(text: str, author: Author = Author.CUSTOMER, **data: Any) -> Message:
    at = datetime(2025, 3, 12, tzinfo=timezone.utc)
    return Message("c", 1, author, Kind.TEXT, "", text, at, 0, Delivery.NONE, data)


@pytest.mark.parametrize(("transcript", "language"), [
    ((), ""),
    ((message("Wo ist meine Bestellung?", language="en"),), "de"),
    ((message("Wo ist meine Bestellung?", language="de-ch"),), "de-ch"),
    ((message("TD-10388", language="fr"), message("ok")), "fr"),
    ((message("hello", language="fr"), message("ok", language="pt-BR")), "pt-br"),
    ((message("TD-1", language=7),), ""),
    ((message("Where is it? Is it my parcel?", Author.BOT), message("TD-10388")), ""),
    ((message("Where is my order?", payload="/order_status", language="es"),), "es"),
    ((message("Where is my order?"), *[message("Ich will mein Geld zurück")] * 10), "de"),
])
def test_own_words_go_before_what_the_channel_says(transcript: tuple[Message, ...], language: str) -> None:
    assert language_of(transcript) == language


@pytest.mark.parametrize(("value", "tag"), [
    ("de", "de"), ("pt_BR", "pt-br"), ("zh-Hans-CN", "zh-hans-cn"), ("", ""), (None, ""), ("german language", ""),
    ("x" * 200, ""), ({"de": 1}, ""), ("<b>", ""), ("1", ""),
])
def test_only_tags_are_taken(value: Any, tag: str) -> None:
    assert tag_of(value) == tag


def test_tags_fit_the_more_general_ones() -> None:
    assert fits("pt-br", "pt") and fits("pt", "pt")
    assert not fits("pt", "pt-br") and not fits("de", "d") and not fits("", "de")
    assert (name_of("pt-br"), name_of("fi"), name_of("xx"), name_of("")) == ("Portuguese", "Finnish", "xx", "")


@given(st.lists(st.text(), max_size=4), st.dictionaries(st.just("language"), st.text() | st.integers()))
def test_no_text_is_too_odd(texts: list[str], data: Mapping[str, Any]) -> None:
    assert isinstance(language_of([message(text, **data) for text in texts]), str)
