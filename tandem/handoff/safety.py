"""What is advised in a danger to life or health, by its kind (data/safety.yml)."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tandem.sentiment.dangers import read_dangers
from tandem.wording.phrases import fresh_notice, has_notice

PHRASES = Path("data/responses/safety.yml")


def advice(texts: Sequence[str], said: Sequence[str] = (), phrases: Path = PHRASES) -> str:
    """Return what to do.

    Args:
        texts: What the customer wrote, the latest first.
        said: What was said before, the latest last: of several variations another one is said.
    """
    kind = read_dangers().kind_of(texts)
    name = f"safety_{kind}"
    return fresh_notice(name if kind and has_notice(name, phrases) else "safety", said, phrases)
