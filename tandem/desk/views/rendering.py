"""Renders the desk's templates, with the shop's clock and the few words that they share."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from starlette.responses import HTMLResponse

from tandem.conversations.model import Owner
from tandem.desk.security.proxies import under
from tandem.settings import Settings

FOLDER = Path(__file__).parents[1]
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\x00-\x20\u200b-\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)


class LinksUnderBase(Extension):
    """Lets templates link as if the desk stood at the root of its host: each link goes through `under_base`."""

    _FIXED = re.compile(r'''\b(href|src|action)="(/[^"{]*)''')
    _FILLED = re.compile(r'''\b(href|src|action)="{{ *([^}|]+?) *}}''')

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Rewrite the links of a template's source (from `Extension`)."""
        source = self._FIXED.sub(r'''\1="{{ "\2" | under_base }}''', source)
        return self._FILLED.sub(r'''\1="{{ (\2) | under_base }}''', source)


class Pages:
    """Renders the templates; one per application."""

    def __init__(self, settings: Settings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, extensions=[LinksUnderBase])
        base = settings.desk_base_path
        self._environment.filters["under_base"] = lambda address: under(base, str(address))
        zone = settings.shop_timezone
        self._environment.filters["clock"] = lambda at: f"{at.astimezone(zone):%H:%M}"
        self._environment.filters["moment"] = lambda at: _moment(at, zone)
        self._environment.filters["zone"] = lambda at: f"{at.astimezone(zone):%Z}"
        self._environment.filters["links"] = links
        self._environment.filters["clip"] = clip
        self._environment.filters["span"] = span
        self._environment.filters["slug"] = lambda value: "".join(one for one in str(value).lower() if one.isalpha())
        self._environment.filters["percent"] = lambda value: f"{round(value * 100)} %"
        self._environment.globals.update(shop=settings.shop_name, base=base, version=_version(), Owner=Owner)

    def fragment(self, template: str, **values: Any) -> str:
        """Render a piece of a page, which is put into others as it is."""
        return self._environment.get_template(template).render(**values).encode("utf-8", "replace").decode()

    def render(self, template: str, **values: Any) -> HTMLResponse:
        """Render a page. Text that UTF-8 cannot hold is replaced, never an error."""
        text = self._environment.get_template(template).render(**values)
        return HTMLResponse(text.encode("utf-8", "replace"))


def links(text: str) -> list[tuple[str, str]]:
    """Cut a text into pieces with their web addresses: ("see ", ""), ("https://...", "https://...").

    Only whole `http://` and `https://` addresses become links. What ends a sentence does not belong to one.
    """
    pieces: list[tuple[str, str]] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:!?\"'»”’")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?")
        if not _host(address):
            continue
        pieces += [(text[end:found.start()], ""), (address, address)]
        end = found.start() + len(address)
    return [piece for piece in [*pieces, (text[end:], "")] if piece[0]]


def _host(address: str) -> str:
    """Read the host of a web address; empty if it has none that can be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def clip(text: str, length: int) -> str:
    """Shorten a text to its beginning where it is longer than there is room for."""
    return text if len(text) <= length else f"{text[:length - 1].rstrip()}…"


def span(since: datetime, now: datetime) -> str:
    """Write how long ago, in the few characters a queue has room for."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02}" if hours < 24 else f"{hours // 24} d"


def _moment(value: Any, zone: Any) -> str:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return str(value)
    at = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(zone)
    return f"{at.day} {at:%b %H:%M %Z}"


def _version() -> str:
    """Return what changes with the static files, so that a browser never runs an old script on new pages."""
    return format(max(int(one.stat().st_mtime) for one in (FOLDER / "static").iterdir()), "x")
