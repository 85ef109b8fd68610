"""Canned responses: the designer's ready answers, read from data/canned_responses.yml."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Extra, Field, validator

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml
from tandem.wording.shop_values import current_values, fill

logger = logging.getLogger(__name__)

CANNED = Path("data/canned_responses.yml")


class CannedResponse(ConfigModel):
    """A ready answer; `text` may name {customer}, {agent} and {order}. Without a title its shortcut is its title."""

    class Config:
        anystr_strip_whitespace = True
        empty_is_default = True

    shortcut: str = Field(..., min_length=1, description="a word that agents type after the slash")
    title: str = ""
    text: str = Field(..., min_length=1, description="the answer's text")

    @validator("title", always=True)
    def _or_the_shortcut(cls, title: str, values: Mapping[str, Any]) -> str:
        return title or values.get("shortcut", "")


class _File(ConfigModel):
    class Config:
        extra = Extra.ignore

    canned_responses: tuple[CannedResponse, ...] = Field(..., description="a list of answers with shortcut and text")


def filled(response: CannedResponse, **values: str) -> CannedResponse:
    """Fill the response with what is known; what is not known leaves no gap in the sentence."""
    text = str(fill(response.text, current_values(), CANNED.as_posix()))
    for label, value in values.items():
        marker = "{" + label + "}"
        if value:
            text = text.replace(marker, value)
        else:
            text = text.replace(", " + marker, "").replace(" " + marker, "").replace(marker, "")
    return response.copy(update={"text": text})


class CannedResponses:
    """The file, read again whenever it changes; a broken file keeps the last good answers and says so in the log."""

    def __init__(self, path: Path = CANNED) -> None:
        self._path = path
        self._stamp = -1.0
        self._responses: tuple[CannedResponse, ...] = ()

    def all(self) -> tuple[CannedResponse, ...]:
        """Return all responses, in the file's order."""
        try:
            stamp = self._path.stat().st_mtime
        except OSError:
            return self._responses
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._responses = _read(self._path)
            except (OSError, ConfigurationError) as error:
                logger.warning("The desk keeps the canned responses it has: %s", error)
        return self._responses


def _read(path: Path) -> tuple[CannedResponse, ...]:
    content = read_yaml(path, ConfigurationError)
    responses = read_section(_File, content, where=path.name, page="desk.md", error=ConfigurationError).canned_responses
    fill([one.text for one in responses], current_values(), path.name)  # so that a wrong name is told now
    return responses
