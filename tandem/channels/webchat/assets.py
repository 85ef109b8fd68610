"""The static files of the web chat, read once at the start and served with validators."""
from __future__ import annotations

import gzip
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.channels.webchat.http import NotHere

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml", ".json": "application/json; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "public, no-cache"
_VERSION = "__TANDEM_VERSION__"
_SHOP = "__TANDEM_SHOP__"
_LANGUAGES = "__TANDEM_LANGUAGES__"  # those that the widget has words in: the files of assets/lang
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    body: bytes
    packed: bytes
    content_type: str
    etag: str


class Assets:
    """Files under `static/`.

    The loader `widget.js` and the demo page keep their addresses and are asked for anew each time; everything they
    load lives under a folder named after the content of all files, so that browsers may keep it for ever and no page
    ever mixes two versions.
    """

    def __init__(self, shop_name: str, folder: Path = STATIC) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)
        content = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in content.items()).encode()).hexdigest()
        self.version = digest[:12]
        languages = " ".join(Path(name).stem for name in content if name.startswith("assets/lang/"))
        filled = {_VERSION: self.version, _SHOP: html.escape(shop_name), _LANGUAGES: languages}
        self._assets: Mapping[str, Asset] = {name: _asset(name, _fill(text, filled)) for name, text in content.items()}

    def serve(self, request: Request, name: str, version: str | None = None) -> HTTPResponse:
        """Answer with a file; with 304 if the browser has it.

        Args:
            version: The version in the address, if the address has one. An older page gets the present file, but is
                not told to keep it.

        Raises:
            NotHere: There is no such file.
        """
        asset = self._assets.get(name)
        if asset is None:
            raise NotHere("There is no such file.")
        headers = {
            "ETag": asset.etag,
            "Cache-Control": _FOR_EVER if version == self.version else _ASK_AGAIN,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if name.endswith(".html"):
            headers.update({"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "same-origin"})
        else:  # the files are public, and a page of another origin loads them as modules
            headers.update({"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"})
        seen = [tag.strip().removeprefix("W/") for tag in str(request.headers.get("if-none-match", "")).split(",")]
        if asset.etag in seen:
            return HTTPResponse(status=304, headers=headers)
        body = asset.body
        if "gzip" in str(request.headers.get("accept-encoding", "")):
            body, headers["Content-Encoding"] = asset.packed, "gzip"
        return HTTPResponse(body, headers=headers, content_type=asset.content_type)


def _fill(text: str, values: Mapping[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def _asset(name: str, text: str) -> Asset:
    body = text.encode("utf-8")
    made = Asset(body, gzip.compress(body, mtime=0), _TYPES[Path(name).suffix], "")
    return replace(made, etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"')
