"""The payloads beside each live-agent adapter: what its tool sends for each act of an agent, and what it might send.

`<act>.json` is what comes when an agent does this (`tandem.live_agents.protocol.Act`), `own_message.json` a message of
ours that comes back, `unknown_payload.json` something that the tool does not send today.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tandem.live_agents import adapters

FOLDER = Path(adapters.__file__).parent
OTHERS = (None, True, 5, -1.5, "", "x", [], {}, [{}], {"id": []})


def names(adapter: str) -> list[str]:
    """The names of an adapter's payloads."""
    return sorted(path.stem for path in (FOLDER / adapter / "payloads").glob("*.json"))


def payload(adapter: str, name: str) -> Any:
    """One of them, as JSON."""
    return json.loads((FOLDER / adapter / "payloads" / f"{name}.json").read_text(encoding="utf-8"))


def body(content: Any) -> bytes:
    """A payload as it is sent."""
    return json.dumps(content).encode()


def keys(content: Any, path: str = "") -> set[str]:
    """The keys of a payload, with where they stand."""
    inner = content.items() if isinstance(content, dict) else [("[]", one) for one in content] \
        if isinstance(content, list) else ()
    return {path}.union(*(keys(value, f"{path}.{key}") for key, value in inner))


def distorted(content: Any) -> Iterator[Any]:
    """The payload once without each of its parts, and once with each other kind of value in its place."""
    yield from OTHERS
    if isinstance(content, dict):
        for key, value in content.items():
            yield {name: kept for name, kept in content.items() if name != key}
            yield from ({**content, key: other} for other in distorted(value))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from ([*content[:index], other, *content[index + 1:]] for other in distorted(value))
