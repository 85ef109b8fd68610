"""What matters is read in other languages by the multilingual encoder itself."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tandem.nlu.models import cross_lingual
from tandem.nlu.models.cross_lingual import CrossLingualModel
from tandem.nlu.models.encoders import universal
from tandem.nlu.models.language_files import read_languages
from tandem.nlu.models.language_identifier import LanguageIdentifier
from tandem.nlu.other_language_reader import LanguageModel
from tests.unit.nlu.test_other_languages import LANGUAGES, english, said

OPTIONS = next(one for one in yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))["pipeline"]
               if one["name"].endswith("OtherLanguageReader"))
AN_INTENT = 15  # English examples of an intent: all of them would take the encoder half a minute


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier.train([text for text, _ in english()], read_languages())


@pytest.fixture(scope="module")
def reader() -> Iterator[CrossLingualModel]:
    same = {intent: meaning for meaning, intents in OPTIONS["alike"].items() for intent in intents}
    count: Counter[str] = Counter()
    some = [(text, same.get(intent, intent)) for text, intent in english()
            if not count.update([intent]) and count[intent] <= AN_INTENT]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_lingual, "read_universally", universal)
        yield CrossLingualModel.train(some, [], read_languages())


@pytest.mark.parametrize(("meaning", "least"), [
    ("ask_for_human", 0.9), ("safety_hazard", 0.9), ("angry", 0.8), ("order_status", 0.85), ("thanks", 0.9),
])
def test_what_matters_is_read_in_all_languages(reader: CrossLingualModel, meaning: str, least: float) -> None:
    read = [reader.read(text)[0] for language in LANGUAGES for text in said(language, meaning)]
    right = sum(best == meaning and share > 0 for best, share in read)
    assert right >= least * len(read), Counter(best for best, _ in read)


def test_what_is_not_understood_is_nothing_of_what_is(reader: CrossLingualModel) -> None:
    texts = [text for language in LANGUAGES for text in said(language, "out_of_scope")]
    understood = [text for text in texts if reader.read(text)[0][1]]
    assert len(understood) < len(texts) / 2


def test_models_are_the_same_after_saving(
    identifier: LanguageIdentifier, reader: CrossLingualModel, tmp_path: Path,
) -> None:
    LanguageModel(identifier, reader).save(tmp_path / "model.npz")
    again = LanguageModel.load(tmp_path / "model.npz")
    assert again.identifier.tell("wo ist mein Paket") == "de"
    assert again.reader.read("wo ist mein Paket") == reader.read("wo ist mein Paket")
