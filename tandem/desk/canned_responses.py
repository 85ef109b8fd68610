"""Canned responses: the designer's ready answers, read from data/canned_responses.yml."""
from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import yaml

logger = logging.getLogger(__name__)

CANNED = Path("data/canned_responses.yml")


@dataclass(frozen=True)
class CannedResponse:
    """A ready answer; `text` may name {customer}, {agent} and {order}."""

    shortcut: str
    title: str
    text: str


def filled(response: CannedResponse, **values: str) -> CannedResponse:
    """The response with what is known filled in; what is not known leaves no gap in the sentence."""
    text = response.text
    for label, value in values.items():
        marker = "{" + label + "}"
        if value:
            text = text.replace(marker, value)
        else:
            text = text.replace(", " + marker, "").replace(" " + marker, "").replace(marker, "")
    return CannedResponse(response.shortcut, response.title, text)


class CannedResponses:
    """The file, read again whenever it changes; a broken file keeps the last good answers and says so in the log."""

    def __init__(self, path: Path = CANNED) -> None:
        self._path = path
        self._stamp = -1.0
        self._responses: tuple[CannedResponse, ...] = ()

    def all(self) -> tuple[CannedResponse, ...]:
        """All responses, in the file's order."""
        try:
            stamp = self._path.stat().st_mtime
        except OSError:
            return self._responses
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._responses = _read(self._path)
            except (OSError, ValueError, yaml.YAMLError) as error:
                logger.warning("%s cannot be read, the desk keeps the answers it has: %s", self._path, error)
        return self._responses


def _read(path: Path) -> tuple[CannedResponse, ...]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = content.get("canned_responses") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ValueError("expected a list under canned_responses")
    responses = []
    for entry in entries:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("shortcut", "text")):
            raise ValueError(f"expected shortcut and text in {entry!r}")
        title = str(entry.get("title") or entry["shortcut"])
        responses.append(CannedResponse(entry["shortcut"].strip(), title, entry["text"].strip()))
    return tuple(responses)
