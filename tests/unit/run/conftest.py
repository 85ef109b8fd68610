"""A small project folder to be run in, and stand-ins for its processes."""
from __future__ import annotations

import socket
from pathlib import Path

import pytest


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that a model is trained on, in small."""
    for name, text in {
        "config.yml": "recipe: default.v1\n",
        "domain.yml": "intents: [greet]\n",
        "credentials.yml": "rest:\n",
        "endpoints.yml": "action_endpoint:\n  url: ${TANDEM_ACTIONS_URL}\n",
        "data/nlu/greet.yml": "nlu: []\n",
        "data/mood/chat.tsv": "text\temotion\n",
        "tandem/nlu/part.py": "X = 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path
