"""The project's own rules, policies and actions on a real tracker and ledger; only the reading of texts is scripted."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_core
from rasa.utils.endpoints import EndpointConfig


@pytest.fixture(scope="session")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    """The dialogue part of the model, trained on this project's rules; it keeps no conversation of its own."""
    folder = tmp_path_factory.mktemp("dialogue")
    config = {**yaml.safe_load(Path("config.yml").read_text(encoding="utf-8")), "pipeline": []}
    (folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for topic in ("rules", "responses", "nlu"):  # examples too: they say which intents have small answers
        shutil.copytree(Path("data") / topic, folder / "data" / topic)
    trained = train_core("domain.yml", str(folder / "config.yml"), str(folder / "data"), str(folder / "models"))
    assert trained is not None
    words = yaml.safe_load(Path("endpoints.yml").read_text(encoding="utf-8"))["nlg"]
    return Agent.load(trained, generator=EndpointConfig.from_dict(words))
