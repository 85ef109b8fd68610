"""The intent model and the pipeline's components on small made-up data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message

from tandem.nlu.intent_classifier import KernelIntentClassifier
from tandem.nlu.models import kernel
from tandem.nlu.models.intent_model import IntentModel
from tandem.nlu.models.ngrams import Ngrams
from tandem.nlu.models.readable_text import READ_LIMIT, is_payload, readable
from tandem.nlu.models.wordpiece import MAX_TOKENS, token_ids, vocabulary
from tandem.nlu.text_truncator import TextTruncator

EXAMPLES = {
    "order_status": [
        "where is my order",
        "order status",
        "where is my parcel",
        "has my order shipped",
        "status of order",
    ],
    "refund": ["i want my money back", "refund please", "give me a refund", "money back now", "refund my money"],
    "greet": ["hello", "hi there", "good morning", "hello there", "hi"],
}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> IntentModel:
    rng = np.random.RandomState(0)
    meaning = {word: rng.randn(896) for texts in EXAMPLES.values() for text in texts for word in text.split()}

    def encode(texts: list[str], encoder: str = "") -> np.ndarray:
        rows = [sum((meaning.get(word, np.zeros(896)) for word in text.split()), np.zeros(896)) for text in texts]
        out = np.array(rows, dtype=np.float32)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)

    monkeypatch.setattr(kernel, "encode", encode)
    texts = [text for examples in EXAMPLES.values() for text in examples]
    return IntentModel.train(texts, [name for name, examples in EXAMPLES.items() for _ in examples])


def test_the_best_intent_stands_first_and_confidence_falls(model: IntentModel) -> None:
    ranking = model.rank(["where is the order"])[0]
    assert ranking[0][0] == "order_status"
    assert [confidence for _, confidence in ranking] == sorted((c for _, c in ranking), reverse=True)
    assert all(0 <= confidence <= 1 for _, confidence in ranking)


def test_a_stranger_is_less_sure_than_an_example(model: IntentModel) -> None:
    known, stranger = model.rank(["refund please", "zebra quantum xylophone"])
    assert known[0][1] > stranger[0][1]


def test_a_misspelt_word_costs_no_confidence(model: IntentModel) -> None:
    assert model.rank(["refnud please"]) == model.rank(["refund please"])


@pytest.mark.parametrize(
    "text", ["i don't want my money back now, where is it", "do not refund my money now. status of it"]
)
def test_what_is_refused_is_not_read_as_the_wish(model: IntentModel, text: str) -> None:
    assert model.rank([text])[0][0][0] == "order_status"


def test_a_refusal_of_all_that_is_said_leaves_no_confidence_in_it(model: IntentModel) -> None:
    ranking = model.rank(["please don't refund my money"])[0]
    assert ranking[-1] == ("refund", 0.0) and len(ranking) == len(EXAMPLES)


def test_a_saved_model_ranks_the_same(model: IntentModel, tmp_path: Path) -> None:
    model.save(tmp_path / "intents.npz")
    again = IntentModel.load(tmp_path / "intents.npz").rank(["hello order"])[0]
    assert again == model.rank(["hello order"])[0]


def test_one_intent_is_too_few() -> None:
    with pytest.raises(ValueError, match="two intents"):
        IntentModel.train(["a", "b"], ["same", "same"])


def test_a_message_without_words_has_no_intent() -> None:
    message = Message({"text": " "})
    KernelIntentClassifier({"ranking_length": 3}, None, None, None).process([message])
    assert message.get("intent") == {"name": None, "confidence": 0.0}
    assert message.get("intent_ranking") == []


@pytest.mark.parametrize("length", [-1, 1.5, "ten", True])
def test_a_wrong_ranking_length_is_refused_by_name(length: object) -> None:
    with pytest.raises(InvalidConfigException, match="ranking_length"):
        KernelIntentClassifier.validate_config({"ranking_length": length})


def test_ngrams_survive_saving_and_misspelling() -> None:
    ngrams = Ngrams.fit(["parcel late", "refund my money"])
    again = Ngrams.from_state(ngrams.state())
    both = again.transform(["parcell late", "parcel late"])
    assert (both != ngrams.transform(["parcell late", "parcel late"])).nnz == 0
    likeness = (both[0] @ both[1].T).toarray()[0, 0]
    assert 0.5 < likeness < 1


def test_ngrams_of_an_unknown_text_are_zero() -> None:
    assert Ngrams.fit(["abc"]).transform(["xyz", ""]).nnz == 0


def test_pieces_are_cut_as_the_vocabulary_of_bert_asks() -> None:
    names = {number: piece for piece, number in vocabulary().items()}
    assert [names[i] for i in token_ids("Unhappy, naïve refund!")] == [
        "[CLS]", "unhappy", ",", "naive", "ref", "##und", "!", "[SEP]",
    ]  # fmt: skip


def test_a_long_text_keeps_its_beginning_and_end() -> None:
    ids = token_ids("start " + "middle " * 500 + "finish")
    assert len(ids) == MAX_TOKENS
    assert ids[1] == vocabulary()["start"] and ids[-2] == vocabulary()["finish"]


def test_a_word_of_nonsense_is_unknown() -> None:
    assert token_ids("x" * 5000)[1:-1] == [vocabulary()["[UNK]"]]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, ""), ("", ""), ("  a \t b\n", "a b"), ("a\x00b", "ab"), ("\u202eabc", "abc"), ("\ud800x", "x"),
        ("e" + "\u0301" * 50, "e\u0301\u0301"), ("🙂 ok", "🙂 ok"),
    ],
)  # fmt: skip
def test_what_is_read_of_a_text_is_clean(text: str | None, read: str) -> None:
    assert readable(text) == read


def test_what_is_read_of_a_long_text_is_bounded_and_keeps_the_end() -> None:
    read = readable("begin " + "xyz" * 30_000 + " end")
    assert len(read) <= READ_LIMIT and read.startswith("begin") and read.endswith("end")


@pytest.mark.parametrize(("text", "payload"), [("/greet", True), ("", True), (None, True), ("hi /greet", False)])
def test_payloads_are_told_from_words(text: str | None, payload: bool) -> None:
    assert is_payload(text) is payload


def test_a_message_is_bounded_before_anything_reads_it() -> None:
    message = Message({"text": "begin" + "x" * 2_000_000 + "\ud800end"})
    TextTruncator.create({}, None, None, None).process([message])
    assert len(message.get("text")) == 2000
    assert message.get("text").endswith("?end")


def test_a_limit_that_reads_nothing_is_refused_by_name() -> None:
    with pytest.raises(InvalidConfigException, match="limit"):
        TextTruncator.validate_config({"limit": 10})
