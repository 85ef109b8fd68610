"""Messages are read in their conversation: what the bot answered, asked and offered before them."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.shared.core.events import ActiveLoop, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tandem.nlu import intent_classifier
from tandem.nlu.context_of_tracker import context_of
from tandem.nlu.dialogues import DialogueFileError, read_dialogues
from tandem.nlu.intent_classifier import KernelIntentClassifier
from tandem.nlu.models import kernel
from tandem.nlu.models.context import Context, Topics
from tandem.nlu.models.context_ranker import ContextRanker, Instance
from tandem.nlu.models.intent_model import Examples, IntentModel
from tandem.nlu.retrieval_intents import RetrievalReading

TOPICS = Topics.of({"returns": ["return_item"], "delivery": ["delivery_cost"]})
ALONE = {
    "returns/who_pays": ["who pays for the return", "is the return free", "return postage free", "pay for return"],
    "delivery/free_from": ["when is delivery free", "free delivery from", "is delivery free", "pay for delivery"],
    "return_item": ["return this", "send it back", "return the lamp", "take it back"],
    "delivery_cost": ["cost of delivery", "delivery price", "how much is delivery", "shipping price"],
    "thanks": ["thanks", "thank you", "thanks a lot", "many thanks"],
}
ASKED_ON = ["is it free", "free as well", "is that free", "do i pay", "and is it free", "free for me"]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    said = " ".join([*(text for texts in ALONE.values() for text in texts), *ASKED_ON])
    rng = np.random.RandomState(0)
    meaning = {word: rng.randn(64) for word in sorted(set(said.split()))}

    def encode(texts: list[str], encoder: str = "") -> np.ndarray:
        rows = [sum((meaning.get(word, np.zeros(64)) for word in text.split()), np.zeros(64)) for text in texts]
        out = np.array(rows, dtype=np.float32)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "encode", encode)
        alone = Examples.alone([text for texts in ALONE.values() for text in texts],
                               [name for name, texts in ALONE.items() for _ in texts])
        turns = [(text, after, intent) for text in ASKED_ON
                 for after, intent in (("return_item", "returns/who_pays"), ("delivery_cost", "delivery/free_from"))]
        told = Examples([text for text, _, _ in turns], [intent for *_, intent in turns],
                        [Context().after(after, "", (), TOPICS) for _, after, _ in turns],
                        [f"dialogue {at}" for at in range(len(turns))])
        yield IntentModel.learn(alone + told, TOPICS)


def after(intent: str) -> Context:
    return Context().after(intent, "", (), TOPICS)


def test_the_same_words_ask_something_else_after_another_answer(model: IntentModel) -> None:
    assert model.read("is it free", after("return_item"))[0][0] == "returns/who_pays"
    assert model.read("is it free", after("delivery_cost"))[0][0] == "delivery/free_from"


def test_a_message_that_says_all_itself_is_read_the_same_anywhere(model: IntentModel) -> None:
    for context in (Context(), after("return_item"), after("delivery_cost")):
        assert model.read("thank you", context)[0][0] == "thanks"
        assert model.read("how much is delivery", context)[0][0] == "delivery_cost"


def test_an_answer_about_the_conversation_itself_leaves_its_topic() -> None:
    asked = after("return_item").after("talk/doubt", "", (), TOPICS)
    assert (asked.topic, asked.answered, asked.latest) == ("returns", "return_item", "talk/doubt")


def test_the_reasons_name_what_in_the_context_counted(model: IntentModel) -> None:
    reasons = dict(model.reasons("is it free", after("return_item"), "returns/who_pays"))
    assert reasons["same topic"] > 0


def test_the_clearer_the_best_intent_leads_the_surer_it_is_read() -> None:
    known = {"returns/who_pays": 0, "delivery/free_from": 1, "thanks": 2}
    said = [(known["returns/who_pays"], 0, 0.3), (known["delivery/free_from"], 1, 0.3), (-1, 1, 0.05)]
    instances = [Instance("is it free", scores_of(best, lead), after("return_item"), intent)
                 for _ in range(20) for intent, best, lead in said]
    ranker = ContextRanker.fit(tuple(known), TOPICS, instances, 10.0, (1.0, 0.0))
    assert ranker.confidence(0.5, 0.9) > ranker.confidence(0.5, 0.3) + 0.1


def scores_of(best: int, lead: float) -> np.ndarray:
    scores = np.full(3, 0.4, dtype=np.float32)
    scores[best] += lead
    return scores


def test_a_saved_model_reads_the_same_in_context(model: IntentModel, tmp_path: Path) -> None:
    model.save(tmp_path / "intents.npz")
    again = IntentModel.load(tmp_path / "intents.npz")
    assert again.read("is it free", after("delivery_cost")) == model.read("is it free", after("delivery_cost"))


def test_small_talk_leaves_the_topic_as_it_was() -> None:
    context = after("return_item").after("thanks", "", (), TOPICS)
    assert (context.topic, context.answered, context.latest) == ("returns", "return_item", "thanks")


def tracker(*events: object) -> DialogueStateTracker:
    found = DialogueStateTracker("c1", [AnySlot("requested_slot", mappings=[{}])])
    for event in events:
        found.update(event)
    return found


def user(name: str, full: str = "") -> UserUttered:
    return UserUttered("words", intent={"name": name, **({"full_retrieval_intent_name": full} if full else {})})


def test_the_context_of_a_tracker_is_what_the_bot_answered_asked_and_offered() -> None:
    buttons = [{"title": "Person", "payload": '/ask_for_human#7'},
               {"title": "Send", "payload": '/return_item{"order_number": "1"}'}, {"title": "Page", "url": "https://x"}]
    conversation = tracker(
        user("returns", "returns/who_pays"), BotUttered("free"), user("thanks"), ActiveLoop("return_item_form"),
        SlotSet("requested_slot", "return_reason"), BotUttered("Why?", {"buttons": buttons}))
    assert context_of(conversation, TOPICS) == Context(
        "returns/who_pays", "returns", "thanks", "return_reason", ("ask_for_human", "return_item"))


def test_what_was_said_in_an_earlier_session_is_no_context() -> None:
    assert context_of(tracker(user("return_item"), BotUttered("ok"), SessionStarted()), TOPICS).empty
    assert context_of(None, TOPICS).empty


def test_a_slot_that_no_form_waits_for_is_not_asked() -> None:
    conversation = tracker(user("return_item"), SlotSet("requested_slot", "return_reason"))
    assert context_of(conversation, TOPICS).asks == ""


def test_rasa_is_told_which_answer_of_each_topic_is_wanted() -> None:
    message = Message({"text": "is it free"})
    ranking = [("returns/who_pays", 0.6), ("returns/label", 0.2), ("thanks", 0.1), ("gift/cost", 0.05), ("gift/x", 0.0)]
    RetrievalReading.of([*ranking, ("shop/hours", 0.0)], 3).put_on(message)
    assert message.get("intent") == {"name": "returns", "confidence": 0.6}
    assert [one["name"] for one in message.get("intent_ranking")] == ["returns", "thanks", "gift"]
    selected = message.get("response_selector")
    assert selected["all_retrieval_intents"] == ["gift", "returns"], "of the intents in the ranking"
    assert selected["returns"]["response"]["utter_action"] == "utter_returns/who_pays"


def test_what_rasa_writes_on_a_message_is_not_on_the_next_one() -> None:
    reading = RetrievalReading.of([("thanks", 0.3), ("greet", 0.2)], 0)
    first, second = Message({"text": "ta"}), Message({"text": "ta"})
    reading.put_on(first)
    first.get("intent_ranking").insert(0, {"name": "nlu_fallback", "confidence": 0.7})
    first.get("intent")["full_retrieval_intent_name"] = "talk/thanks"
    reading.put_on(second)
    assert second.get("intent") == {"name": "thanks", "confidence": 0.3}
    assert [one["name"] for one in second.get("intent_ranking")] == ["thanks", "greet"]


DIALOGUE = """
version: "3.1"
dialogues:
- dialogue: Asks on
  turns:
  - customer: send it back
    intent: return_item
    bot: {asks: return_reason, offers: [ask_for_human]}
  - customer: is that free
    intent: returns/who_pays
    bot: {answers: delivery_cost}
  - customer: no, the return
    intent: returns/who_pays
"""


def test_a_dialogue_gives_each_turn_its_context_and_line(tmp_path: Path) -> None:
    (tmp_path / "returns.yml").write_text(DIALOGUE, encoding="utf-8")
    first, second, third = read_dialogues(tmp_path, TOPICS)
    assert first.context.empty and first.line == 6
    assert second.context == Context("return_item", "returns", "return_item", "return_reason", ("ask_for_human",))
    assert third.context.topic == "delivery" and third.dialogue == first.dialogue


@pytest.mark.parametrize(("text", "told"), [
    ("dialogues: [{dialogue: x, turns: [{customer: hi}]}]", "intent"),
    ("dialogues: [{dialogue: x, turns: [{customer: hi, intent: greet, bots: 1}]}]", "bots"),
    ("dialogues: {", "dialogue.yml"),
])
def test_a_dialogue_that_cannot_be_read_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "dialogue.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DialogueFileError, match=told):
        read_dialogues(tmp_path, TOPICS)


def test_turns_whose_intent_has_no_examples_are_not_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "returns.yml").write_text(DIALOGUE, encoding="utf-8")
    learnt: list[Examples] = []

    def learn(examples: Examples, topics: Topics) -> None:
        learnt.append(examples)
        raise InterruptedError

    monkeypatch.setattr(IntentModel, "learn", learn)
    monkeypatch.setattr(intent_classifier, "read_ahead", lambda *_: None)
    data = TrainingData([Message({"text": text, "intent": intent}) for text, intent in
                         (("send it back", "return_item"), ("thanks", "thanks"))])
    component = KernelIntentClassifier({"dialogues": str(tmp_path)}, None, None, None)
    with pytest.raises(InterruptedError):
        component.train(data)
    assert list(learnt[0].intents) == ["return_item", "thanks", "return_item"]


def test_topics_that_are_no_lists_are_refused_by_name() -> None:
    with pytest.raises(InvalidConfigException, match="topics"):
        KernelIntentClassifier.validate_config({"topics": ["returns"]})
