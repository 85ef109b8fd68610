"""The model is named after what it was trained on."""
from __future__ import annotations

from pathlib import Path

import pytest

from tandem.run.errors import ModelMissing, RunError
from tandem.run.model import ensure_model, fingerprint, model_path, require_model


@pytest.mark.parametrize("name", ["config.yml", "domain.yml", "data/nlu/greet.yml", "data/mood/chat.tsv",
                                  "tandem/nlu/part.py"])
def test_a_change_of_what_training_reads_asks_for_a_new_model(project: Path, name: str) -> None:
    before = model_path(project)
    (project / name).write_text("changed: 1\n")
    assert model_path(project) != before


def test_a_new_removed_or_renamed_data_file_asks_for_a_new_model(project: Path) -> None:
    seen = {fingerprint(project)}
    new = project / "data/rules/new.yml"
    new.parent.mkdir()
    new.write_text("rules: []\n")
    seen.add(fingerprint(project))
    new.rename(new.with_name("other.yml"))
    seen.add(fingerprint(project))
    assert len(seen) == 3
    new.with_name("other.yml").unlink()
    assert fingerprint(project) in seen


def test_saving_a_file_unchanged_or_changing_others_does_not(project: Path) -> None:
    before = fingerprint(project)
    (project / "config.yml").touch()
    (project / "credentials.yml").write_text("slack:\n")
    (project / "data/nlu/.greet.yml.swp").write_text("x")
    (project / "data/nlu/.#greet.yml").write_text("x")
    assert fingerprint(project) == before


def test_an_older_model_is_not_taken_for_the_fresh_one(project: Path) -> None:
    old = model_path(project)
    old.parent.mkdir()
    old.write_bytes(b"old")
    assert require_model(project) == old
    (project / "domain.yml").write_text("intents: [greet, bye]\n")
    with pytest.raises(ModelMissing, match="tandem train"):
        require_model(project)


def test_a_fresh_model_is_not_trained_again(project: Path) -> None:
    path = model_path(project)
    path.parent.mkdir()
    path.write_bytes(b"trained")
    said: list[str] = []
    assert ensure_model(project, said.append) == path
    assert path.read_bytes() == b"trained" and "fresh" in said[0]


def test_outside_a_project_the_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config\.yml and domain\.yml"):
        fingerprint(tmp_path)


def test_another_shop_changes_words_and_needs_no_training(project: Path) -> None:
    before = fingerprint(project)
    (project / "data/shop.yml").write_text("returns: {days: 14}\n")
    trained, _, words = fingerprint(project).partition("-")
    assert trained == before.partition("-")[0] and words != before.partition("-")[2]
