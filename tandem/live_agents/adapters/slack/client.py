"""The methods of Slack's Web API that are needed here."""
from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from tandem.live_agents.adapters.slack.config import SlackOptions
from tandem.live_agents.http_client import Calls, pages, seconds
from tandem.live_agents.json_payloads import Json, mapping, objects, text
from tandem.live_agents.protocol import LiveAgentError, LiveAgentRefused, LiveAgentUnavailable

PATIENCE = 3.0  # seconds that Slack may ask to wait within a call; longer pauses are left to the relay
_TRIES = 3
_NAME_TIMEOUT = 3.0  # seconds: names are asked for while webhooks wait
_KNOWN, _UNKNOWN = 3600.0, 60.0  # seconds for which a name, or the failure to get it, is remembered
_PAGES, _PAGE = 50, 200
LOOKS = 20  # a minute at threads, of the 50 or so that Slack allows an app for conversations.replies
_REMEMBERED = 10_000  # names, and handoffs that were looked at
_REFUSED = frozenset({
    "msg_too_long", "no_text", "invalid_arguments", "invalid_blocks", "metadata_too_large", "invalid_metadata_format",
    "invalid_metadata_schema", "cannot_reply_to_message", "restricted_action_thread_locked", "as_user_not_supported",
})
_GONE = frozenset({"thread_not_found", "message_not_found"})


class ThreadGone(LiveAgentRefused):
    """The thread was deleted."""


class RateLimited(LiveAgentUnavailable):
    """Slack put the call off and did not carry it out."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retry_after)
        self.pause = retry_after


class SlackApi:
    """One workspace, one channel."""

    def __init__(
        self, options: SlackOptions, transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channel = options.channel
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {options.bot_token}"}
        self._calls = Calls(options.api_url, headers, timeout=options.timeout, transport=transport)
        self._quick = Calls(options.api_url, headers, timeout=min(options.timeout, _NAME_TIMEOUT), transport=transport)

    def begin(self) -> None:
        """Begin a piece of work in this thread, which must end in time."""
        self._calls.begin()

    def post(self, text: str, metadata: Mapping[str, Any], thread: str = "", broadcast: bool = False) -> str:
        """Write a message; its `ts`.

        Args:
            text: Escaped.
            thread: The `ts` of the thread's first message; empty to begin one.
            broadcast: Show a reply in the channel too.

        Raises:
            ThreadGone, LiveAgentUnavailable, LiveAgentRefused
        """
        body: dict[str, Any] = {
            "channel": self._channel, "text": text, "metadata": dict(metadata), "mrkdwn": False, "parse": "none",
            "link_names": False, "unfurl_links": False, "unfurl_media": False}
        if thread:
            body["thread_ts"] = thread
        if broadcast:
            body["reply_broadcast"] = True
        return str(self._call("POST", "/chat.postMessage", body=body).get("ts") or "")

    def replies(self, thread: str, oldest: float) -> Iterator[Json]:
        """Read the messages of a thread after `oldest` (seconds since 1970) and its first one, the oldest first.

        Raises:
            ThreadGone, LiveAgentUnavailable
        """
        return self._messages("/conversations.replies", ts=thread, oldest=f"{oldest:.6f}")

    def history(self, oldest: float) -> Iterator[Json]:
        """Read the messages of the channel, threads' replies left out, after `oldest` (seconds since 1970)."""
        return self._messages("/conversations.history", oldest=f"{oldest:.6f}")

    def user(self, user_id: str) -> Json:
        """Read a user's profile. It is asked for but once, and quickly."""
        return mapping(self._once(self._quick, "GET", "/users.info", params={"user": user_id}).get("user"))

    def _messages(self, path: str, **asked: str) -> Iterator[Json]:
        def page(cursor: str) -> tuple[Sequence[Json], str]:
            answer = self._call("GET", path, params={
                "channel": self._channel, "limit": _PAGE, "include_all_metadata": "true", **asked,
                **({"cursor": cursor} if cursor else {})})
            return objects(answer.get("messages")), text(mapping(answer.get("response_metadata")).get("next_cursor"))

        return itertools.chain.from_iterable(pages(page, _PAGES, newest_first=False))

    def _call(self, method: str, path: str, **content: Any) -> Json:
        for _ in range(_TRIES - 1):
            try:
                return self._once(self._calls, method, path, **content)
            except RateLimited as error:
                if error.pause > PATIENCE:
                    raise
                self._sleep(error.pause)
        return self._once(self._calls, method, path, **content)

    def _once(self, calls: Calls, method: str, path: str, **content: Any) -> Json:
        answer = calls.call(method, path, expected=frozenset({429}), **content)
        error = str(answer.data.get("error") or "")
        if answer.status == 429 or error in ("ratelimited", "rate_limited"):
            pause = seconds(answer.headers.get("retry-after", ""))
            raise RateLimited(f"{path}: too many calls", 30.0 if pause is None else pause)
        if answer.data.get("ok") is True:
            return answer.data
        if error in _GONE:
            raise ThreadGone(f"{path}: {error}")
        if error in _REFUSED:
            raise LiveAgentRefused(f"{path}: {error}")
        # Tokens, scopes and the channel can be fixed, and then all goes on.
        raise LiveAgentUnavailable(f"{path}: {error or 'not an answer of Slack'}")


class Names:
    """Display names of users, remembered for an hour. A name that cannot be had in time is `unknown` for a minute."""

    def __init__(self, api: SlackApi, unknown: str = "Agent", clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._unknown = unknown
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, float]] = {}

    def __call__(self, user_id: str) -> str:
        """Return the name that the user shows to others."""
        with self._lock:
            name, until = self._known.get(user_id, ("", 0.0))
        if name and self._clock() < until:
            return name
        try:
            name, lasts = _name(self._api.user(user_id)) or self._unknown, _KNOWN
        except LiveAgentError:
            name, lasts = name or self._unknown, _UNKNOWN
        with self._lock:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[user_id] = (name, self._clock() + lasts)
        return name


class Sweeps:
    """Says from when on a thread is to be looked through, or that it must wait, so that Slack's rate limits leave room.

    Safe to use from several threads.
    """

    def __init__(self, per_minute: int = LOOKS, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left, self._at = float(per_minute), clock()
        self._from: dict[str, datetime] = {}

    def begin(self, handoff_id: str, opened_at: datetime, since: datetime, last: bool) -> datetime | None:
        """Return from when on to look, None to wait; what waits is looked through later from where the last look ended.

        Args:
            last: It is the handoff's last look, and must not wait.
        """
        with self._lock:
            at = self._clock()
            self._left = min(float(self._per_minute), self._left + (at - self._at) * self._per_minute / 60)
            self._at = at
            if self._left < 1 and not last:
                return None
            self._left -= 1
            return min(since, self._from.get(handoff_id, opened_at))

    def done(self, handoff_id: str, since: datetime, last: bool) -> None:
        """Note that everything up to `since` has been read."""
        with self._lock:
            self._from.pop(handoff_id, None)
            if not last:
                if len(self._from) >= _REMEMBERED:
                    del self._from[next(iter(self._from))]
                self._from[handoff_id] = since


def _name(user: Json) -> str:
    profile = mapping(user.get("profile"))
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((name.strip() for name in map(text, names) if name.strip()), "")
