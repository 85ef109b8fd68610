"""A stand-in of Slack's Web API and Events API for one channel, as strict as they are documented."""
from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from tests.fakes.clock import Clock
from tests.fakes.stand_in import Refused, StandIn

TOKEN, SECRET, CHANNEL = "xoxb-17653672481-abc", "8f742231b10e8888abcd99yyyzzz85a5", "C024BE91L"
BOT = {"user": "U0BOT", "bot_id": "B0BOT", "app_id": "A0TANDEM"}
EMOJI = {"😀": ("grinning", "1f600"), "✌🏽": ("v", "270c-1f3fd")}
PAGE = 20  # fewer than asked for may come
_MENTION = re.compile(r"<[@!#]")
_LOUD = re.compile(r"@(channel|here|everyone)\b")


class SlackError(Refused):
    """An answer that is not ok."""

    def __init__(self, error: str) -> None:
        super().__init__(200, {"ok": False, "error": error})


class Slack(StandIn):
    """Messages, people, events. `app` is its ASGI application."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.messages: list[dict[str, Any]] = []
        self.people = {"UKIM": "Kim"}
        self.mentions: list[str] = []  # texts that would have called somebody
        self.limited: list[str] = []  # Retry-After of the calls that come next
        self.error: str | None = None  # of the next call
        self._numbers = itertools.count(1)
        self._last_ts = 0
        self.app = Starlette(routes=[
            self._method("POST", "chat.postMessage", self._post),
            self._method("GET", "conversations.replies", self._replies),
            self._method("GET", "conversations.history", self._history),
            self._method("GET", "users.info", self._user),
        ])

    def _method(self, verb: str, name: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> Route:
        return self.route(verb, f"/api/{name}", lambda request, body: (
            200, {"ok": True, **work(dict(request.query_params) if body is None else body)}), name)

    def check(self, request: Request) -> None:
        if self.limited:
            raise Refused(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": self.limited.pop(0)})
        if self.error is not None:
            error, self.error = self.error, None
            raise SlackError(error)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise SlackError("invalid_auth" if "authorization" in request.headers else "not_authed")
        if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
            raise SlackError("invalid_post_type")

    # -- the API ----------------------------------------------------------------------------------------------

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        known = {"channel": str, "text": str, "thread_ts": str, "reply_broadcast": bool, "metadata": dict,
                 "mrkdwn": bool, "parse": str, "link_names": bool, "unfurl_links": bool, "unfurl_media": bool}
        _check(given, known, {"channel", "text"})
        self._in_channel(given)
        if not given["text"].strip():
            raise SlackError("no_text")
        if len(given["text"]) > 4000:
            raise SlackError("msg_too_long")
        metadata = given.get("metadata", {"event_type": "x", "event_payload": {}})
        if set(metadata) != {"event_type", "event_payload"} or not isinstance(metadata["event_payload"], dict):
            raise SlackError("invalid_metadata_format")
        if not all(isinstance(value, (str, int, bool)) for value in metadata["event_payload"].values()):
            raise SlackError("invalid_metadata_schema")
        loud = given.get("parse") == "full" or given.get("link_names")
        if _MENTION.search(given["text"]) or (loud and _LOUD.search(given["text"])):
            self.mentions.append(given["text"])
        message = {"type": "message", **BOT, "text": given["text"], "ts": self._ts(), "metadata": given.get("metadata")}
        if "thread_ts" in given:
            message["thread_ts"] = given["thread_ts"]
            if given.get("reply_broadcast"):
                message["subtype"] = "thread_broadcast"
        self.messages.append(message)
        self.event({key: value for key, value in message.items() if key != "metadata"})
        return {"channel": CHANNEL, "ts": message["ts"], "message": message}

    def _replies(self, given: dict[str, Any]) -> dict[str, Any]:
        _check(given, {"channel": str, "ts": str, **_LISTING}, {"channel", "ts"})
        self._in_channel(given)
        root = [one for one in self.messages if one["ts"] == given["ts"]]
        if not root:
            raise SlackError("thread_not_found")
        replies = [one for one in self.messages if one.get("thread_ts") == given["ts"]
                   and float(one["ts"]) > float(given.get("oldest", 0))]
        return self._page(root + replies, given)

    def _history(self, given: dict[str, Any]) -> dict[str, Any]:
        _check(given, {"channel": str, **_LISTING}, {"channel"})
        self._in_channel(given)
        found = [one for one in reversed(self.messages)
                 if ("thread_ts" not in one or one.get("subtype") == "thread_broadcast")
                 and float(one["ts"]) > float(given.get("oldest", 0))]
        return self._page(found, given)

    def _user(self, given: dict[str, Any]) -> dict[str, Any]:
        _check(given, {"user": str}, {"user"})
        if given["user"] not in self.people:
            raise SlackError("user_not_found")
        name = self.people[given["user"]]
        return {"user": {"id": given["user"], "name": name.lower(), "is_bot": False,
                         "profile": {"real_name": f"{name} Surname", "display_name": name}}}

    def _page(self, found: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= int(given.get("limit", 100)) <= 999:
            raise SlackError("invalid_limit")
        start = int(given.get("cursor", 0))
        page = found[start:start + min(PAGE, int(given.get("limit", 100)))]
        shown = [{key: value for key, value in one.items()
                  if key != "metadata" or given.get("include_all_metadata") == "true"} for one in page]
        more = start + len(page) < len(found)
        return {"messages": shown, "has_more": more,
                "response_metadata": {"next_cursor": str(start + len(page)) if more else ""}}

    def _in_channel(self, given: dict[str, Any]) -> None:
        if given["channel"] != CHANNEL:
            raise SlackError("channel_not_found")

    # -- what its people do -----------------------------------------------------------------------------------

    def writes(self, text: str, thread: str | None, agent: str = "Kim", **more: Any) -> dict[str, Any]:
        """A person writes: Slack escapes the text and turns emoji into their names."""
        self.clock.advance(milliseconds=10)
        user = self._person(agent)
        written = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        elements = []
        for sign, (name, code) in EMOJI.items():
            if sign in written:
                tone = {"skin_tone": 4} if "-" in code else {}
                written = written.replace(sign, f":{name}::skin-tone-4:" if tone else f":{name}:")
                elements.append({"type": "emoji", "name": name, "unicode": code, **tone})
        message = {"type": "message", "user": user, "text": written, "ts": self._ts(), "client_msg_id": "x",
                   "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section",
                                                                  "elements": elements}]}],
                   **({"thread_ts": thread} if thread else {}), **more}
        self.messages.append(message)
        self.event(message)
        return message

    def reacts(self, ts: str, reaction: str = "eyes", agent: str = "Kim") -> None:
        """A person puts an emoji on a message."""
        self.clock.advance(milliseconds=10)
        self.event({"type": "reaction_added", "user": self._person(agent), "reaction": reaction,
                    "item_user": BOT["user"], "item": {"type": "message", "channel": CHANNEL, "ts": ts},
                    "event_ts": self._ts()})

    def event(self, event: dict[str, Any]) -> None:
        """Make a webhook of an event."""
        if event["type"] == "message":
            event = {"channel": CHANNEL, "channel_type": "channel", "event_ts": event["ts"], **event}
        self.send({"token": "legacy", "team_id": "T123ABC456", "api_app_id": BOT["app_id"], "event": event,
                      "type": "event_callback", "event_id": f"Ev{next(self._numbers):09d}",
                      "event_time": int(self.clock().timestamp()), "authorizations": []})

    def signed(self, body: bytes) -> dict[str, str]:
        seconds = str(int(self.clock().timestamp()))
        digest = hmac.new(SECRET.encode(), f"v0:{seconds}:".encode() + body, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": seconds, "x-slack-signature": f"v0={digest}",
                "content-type": "application/json"}

    def _person(self, name: str) -> str:
        self.people[f"U{name.upper()}"] = name
        return f"U{name.upper()}"

    def _ts(self) -> str:
        now = round(self.clock().timestamp() * 1_000_000)
        self._last_ts = max(now, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


_LISTING = {"cursor": str, "limit": str, "oldest": str, "latest": str, "inclusive": str, "include_all_metadata": str}


def _check(given: dict[str, Any], known: dict[str, type], required: set[str]) -> None:
    wrong = [key for key, value in given.items() if key not in known or not isinstance(value, known[key])]
    if wrong or required - set(given):
        raise SlackError("invalid_arguments")
