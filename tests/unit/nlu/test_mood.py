"""The mood reader on a small set of labelled messages and made-up sentence vectors."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tandem.nlu import sentiment_classifier
from tandem.nlu.models import current_mood_model, kernel, mood_data, mood_signals
from tandem.nlu.models.encoders import Vectors
from tandem.nlu.models.mood_data import LabelledMood, MoodDataError
from tandem.nlu.models.mood_model import NAMES, NEUTRAL, MoodModel

UPSET = ("this is a joke", "useless service", "I am furious", "third time I ask", "nobody answers me", "you lied to me")
CALM = (
    "where is my order",
    "do you ship to Spain",
    "my order is blue",
    "what does it cost",
    "a question",
    "hello there",
)
GLAD = (
    "thank you so much",
    "love it",
    "great service",
    "that was quick, thanks",
    "perfect, cheers",
    "wonderful people",
)


def made_up(texts: Sequence[str], encoder: str = "") -> Vectors:
    """Hashed letter pairs: alike texts get alike vectors, without any weights."""
    out = np.zeros((len(texts), 896), dtype=np.float32)
    for row, text in enumerate(texts):
        for pair in zip(text.lower(), text.lower()[1:]):
            out[row, (ord(pair[0]) * 31 + ord(pair[1])) % 896] += 1
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)


@pytest.fixture(scope="module", autouse=True)
def no_weights() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "encode", made_up)
        yield


@pytest.fixture(scope="module")
def model(no_weights: None) -> MoodModel:
    rows = [
        LabelledMood(f"{text}{end}", emotion, frustration, urgency, f"f{n % 5}")
        for texts, emotion, frustration, urgency, sign in (
            (UPSET, "angry", 4, 1, "!!"), (CALM, "neutral", 0, 0, "?"), (GLAD, "satisfied", 0, 0, "!"))
        for n, text in enumerate(texts) for end in ("", sign)
    ]
    return MoodModel.train(rows)


def test_an_upset_message_reads_more_frustrated_than_a_calm_one(model: MoodModel) -> None:
    upset, calm, glad = model.read(["this is a useless joke!!", "do you ship my order", "thank you, love it"])
    assert upset.frustration > calm.frustration > glad.frustration - 0.2
    assert upset.polarity < glad.polarity
    assert (upset.name, glad.name) == ("negative", "positive")


@pytest.mark.parametrize("text", ["", " \n", "/greet", '/inform{"order_number": "TD-10421"}'])
def test_a_message_without_words_of_the_customer_is_neutral(model: MoodModel, text: str) -> None:
    assert model.read([text]) == [NEUTRAL]
    assert model.explain(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "why " * 25_000,
        "\x00\x01\xff",
        "\ud800 lone",
        "💥" * 5000,
        "Z" + "\u0301" * 5000,
        "\u202eevil",
        "!" * 50_000,
    ],
)
def test_hostile_text_gets_a_reading_within_the_contract(model: MoodModel, text: str) -> None:
    read = model.read([text])[0].as_dict()
    assert set(read) == {"name", "confidence", "polarity", "emotion", "frustration", "urgency"}
    assert read["name"] in NAMES and read["emotion"] in mood_data.EMOTIONS
    assert all(0 <= read[key] <= 1 for key in ("confidence", "frustration", "urgency")) and -1 <= read["polarity"] <= 1
    json.dumps(read)


def test_a_reading_is_explained_in_words(model: MoodModel) -> None:
    reasons = model.explain("I am FURIOUS, third time I ask!!")
    assert any("furious" in reason for reason, _ in reasons)
    assert [abs(weight) for _, weight in reasons] == sorted((abs(weight) for _, weight in reasons), reverse=True)


def test_a_saved_model_reads_the_same(model: MoodModel, tmp_path: Path) -> None:
    model.save(tmp_path / "mood.npz")
    assert MoodModel.load(tmp_path / "mood.npz").read(["you lied"]) == model.read(["you lied"])


def test_the_model_is_found_inside_a_trained_archive(model: MoodModel, tmp_path: Path) -> None:
    model.save(tmp_path / "mood.npz")
    with tarfile.open(tmp_path / "nlu.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "mood.npz", "components/train_mood/mood.npz")
    assert current_mood_model.from_archive(tmp_path / "nlu.tar.gz").read(["hm"]) == model.read(["hm"])


def test_an_archive_without_mood_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "core.tar.gz", "w:gz"):
        pass
    with pytest.raises(current_mood_model.MoodModelNotFound, match="core"):
        current_mood_model.from_archive(tmp_path / "core.tar.gz")


def test_a_sentence_is_read_without_rasa_and_tensorflow(model: MoodModel, tmp_path: Path) -> None:
    """They take most of the time of `tandem mood`, and no part in it."""
    model.save(tmp_path / "mood.npz")
    with tarfile.open(tmp_path / "nlu.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "mood.npz", "components/train_mood/mood.npz")
    code = """
import sys
from pathlib import Path
import tandem.commands.mood_and_replay
from tandem.nlu.models.current_mood_model import current
current(Path(sys.argv[1]))
print(sorted({"rasa", "tensorflow", "sklearn", "spacy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("only text", "a.tsv:2"), ("t\thappy\t0\t0", "happy"), ("t\tangry\t5\t0", "frustration '5'"),
        ("t\tangry\t1\tx", "urgency 'x'"), ("\tangry\t1\t0", "a.tsv:2"),
    ],
)  # fmt: skip
def test_a_bad_label_is_named_with_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "a.tsv").write_text(f"text\temotion\tfrustration\turgency\n{line}\n")
    with pytest.raises(MoodDataError, match=complaint):
        mood_data.read(tmp_path)


def test_no_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MoodDataError, match="no labelled messages"):
        mood_data.read(tmp_path)


def test_changed_mood_data_change_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\temotion\tfrustration\turgency\nhi\tneutral\t0\t0\n")
    before = sentiment_classifier.SentimentClassifier.fingerprint_addon({"data": str(tmp_path)})
    path.write_text("text\temotion\tfrustration\turgency\nhi\tneutral\t1\t0\n")
    assert sentiment_classifier.SentimentClassifier.fingerprint_addon({"data": str(tmp_path)}) != before


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("STILL NOTHING HERE", "capitals"), ("sooooo late", "elongation"), ("what?!", "interrobang"),
        ("😡", "upset_emoji"),
        ("I've been waiting for weeks", "waiting"), ("for the third time", "repetition"), ("oh great", "sarcasm"),
        ("I'm not angry", "denied_anger"), ("my lawyer will call", "threat"), ("don’t", "negation"), ("asap", "now"),
        ("it's for a funeral", "stakes"), ("thanks for nothing", "sarcasm"), ("<3", "glad_emoji"),
    ],
)  # fmt: skip
def test_a_signal_is_measured(text: str, signal: str) -> None:
    assert mood_signals.measure(text)[signal] > 0


@pytest.mark.parametrize("text", ["UPS has my TV", "OK", "My order TD-10421 from the USA"])
def test_acronyms_are_not_shouting(text: str) -> None:
    assert mood_signals.measure(text)["capitals"] == 0
