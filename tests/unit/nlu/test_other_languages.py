"""Messages in other languages: told from English, and read by the multilingual encoder alone."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from tandem.nlu.models.language_files import FOLDER, LanguageFileError, read_languages
from tandem.nlu.models.language_identifier import LanguageIdentifier
from tandem.nlu.other_language_reader import LanguageModel, OtherLanguageReader

LANGUAGES = ("de", "es", "fr", "it", "nl", "pl", "pt")
HELD_OUT: dict[str, dict[str, str]] = yaml.safe_load(Path("tests/languages.yml").read_text(encoding="utf-8"))
_MARK = re.compile(r"\[([^\]]*)\][({][^)}]*[)}]")
DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [order_status]
slots: {language: {type: any, mappings: [{type: custom}]}, street: {type: any, mappings: [{type: custom}]}}
forms: {address_form: {required_slots: [street]}}
""")


def english() -> Iterator[tuple[str, str]]:
    for path in sorted(Path("data/nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if block.get("intent", "out_of_scope") != "out_of_scope":
                for line in block["examples"].splitlines():
                    yield _MARK.sub(r"\1", line[2:].strip()), block["intent"]


def said(language: str, meaning: str) -> list[str]:
    return [line[2:] for line in HELD_OUT[language][meaning].splitlines()]


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier.train([text for text, _ in english()], read_languages())


def test_hardly_an_unseen_english_message_is_taken_for_another_language() -> None:
    texts = [text for text, _ in english()]
    seen, unseen = [text for at, text in enumerate(texts) if at % 5], texts[::5]
    identifier = LanguageIdentifier.train(seen, read_languages())
    wrong = [text for text in unseen if identifier.tell(text) not in ("", "en")]
    assert len(unseen) > 1000
    assert len(wrong) < len(unseen) / 200, wrong


@pytest.mark.parametrize(("text", "language"), [
    ("ok", "en"), ("no", "en"), ("TD-10421", ""), ("kim@example.com", ""), ("60614", ""), ("👍", ""), ("!!", ""),
    ("Jürgen Köhler", ""), ("i wanna die", "en"), ("human human human human", "en"), ("merci", "fr"), ("danke", "de"),
    ("Where is my order TD-10421?", "en"), ("wo ist TD-10421", "de"), ("¿dónde está?", "es"), ("nie, dziękuję", "pl"),
])
def test_a_word_or_two_must_be_known_ones(identifier: LanguageIdentifier, text: str, language: str) -> None:
    assert identifier.tell(text) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_told_from_the_others(identifier: LanguageIdentifier, language: str) -> None:
    texts = [text for meaning in ("ask_for_human", "safety_hazard", "order_status") for text in said(language, meaning)]
    assert len(texts) == 30
    assert sum(identifier.tell(text) == language for text in texts) >= 27


def test_a_file_with_something_else_in_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "eo.yml").write_text("intents: {}\n", encoding="utf-8")
    with pytest.raises(LanguageFileError, match=r"eo.yml: intents: .*docs/designers.md"):
        read_languages(folder)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_meanings_and_answers(language: str) -> None:
    first, other = (yaml.safe_load((FOLDER / f"{tag}.yml").read_text(encoding="utf-8")) for tag in ("de", language))
    assert set(other["examples"]) == set(first["examples"])
    assert {name[:-3] for name in other["responses"]} == {name[:-3] for name in first["responses"]}
    assert all(name.endswith(f"_{language}") for name in other["responses"])


class FakeReader:
    """Understands what has "Paket" in it."""

    precision = 0.9

    def read(self, text: str) -> list[tuple[str, float]]:
        return [("order_status", 0.8 if "Paket" in text else 0.0), ("angry", 0.0)]


def taken(identifier: LanguageIdentifier, text: str, *events: Any) -> Message:
    component = OtherLanguageReader(OtherLanguageReader.get_default_config(), None, Resource("languages"),
                                    LanguageModel(identifier, FakeReader()))  # type: ignore[arg-type]
    tracker = DialogueStateTracker.from_events("c", [*events], DOMAIN.slots)
    message = Message({"text": text, "intent": {"name": "greet", "confidence": 0.6}})
    return component.process([message], tracker)[0]


HELLO = UserUttered("Hello there, good morning", {"name": "greet"})
GERMAN = (UserUttered("guten Morgen", {"name": "greet"}), SlotSet("language", "de"))
FORM = ActiveLoop("address_form")


@pytest.mark.parametrize(("text", "events", "language", "intent"), [
    ("wo ist mein Paket", (), "de", "order_status"),
    ("where is my parcel", (), None, "greet"),
    ("ok", GERMAN, "de", "greet"),
    ("TD-10421", GERMAN, "de", "greet"),
    ("can we please go on in English", GERMAN, None, "greet"),
    ("merci", (HELLO,), None, "greet"),
    ("merci", (), "fr", "order_status"),
    ("Straße der Einheit, hinter dem Haus", (FORM,), None, "greet"),
    ("wo ist mein Paket", (FORM,), "de", "order_status"),
    ("/greet", GERMAN, None, "greet"),
])
def test_a_conversation_goes_on_in_its_language(
    identifier: LanguageIdentifier, text: str, events: tuple[Any, ...], language: str | None, intent: str,
) -> None:
    message = taken(identifier, text, *events)
    assert message.get("language") == language
    assert message.get("intent")["name"] == intent


@pytest.mark.parametrize(("text", "spoken"), [("vielen dank", "de"), ("dank je", "nl")])
def test_a_few_words_of_several_languages_are_of_the_conversations(identifier: LanguageIdentifier, text: str,
                                                                   spoken: str) -> None:
    assert identifier.tell(text, spoken) == spoken


def test_who_changes_the_language_is_followed(identifier: LanguageIdentifier) -> None:
    followed = [identifier.tell(text, other) == language for language in LANGUAGES
                for text in said(language, "ask_for_human") for other in LANGUAGES if other != language]
    assert sum(followed) / len(followed) > 0.85
