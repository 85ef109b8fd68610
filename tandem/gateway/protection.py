"""What protects the Rasa server: who may call what, and how much a request may carry."""
from __future__ import annotations

from sanic import Sanic

from tandem.access.sanic_guard import PUBLIC, Check, Entrance, TokenCheck, for_programs, protect
from tandem.settings import Settings

PUBLIC_PATHS = frozenset({"/", "/version", "/healthz"})  # a greeting, Rasa's version, whether the model is loaded
_CHANNELS = "/webhooks/"


def protect_rasa(app: Sanic, settings: Settings) -> None:
    """Ask for the token of Rasa's HTTP API on all its routes, and limit what every request may carry.

    A channel's routes ask what the channel has said with `check_callers`; the web chat's check each session themselves.
    """
    api = for_programs(TokenCheck(
        settings.rasa_token, setting="TANDEM_RASA_TOKEN", open_here=settings.demo_on_loopback,
        off="Rasa's HTTP API is off; set TANDEM_RASA_TOKEN, see docs/operations.md"))

    def entrance_of(path: str) -> Entrance:
        if path in PUBLIC_PATHS:
            return PUBLIC
        if not path.startswith(_CHANNELS):
            return api
        channel, _, rest = path[len(_CHANNELS):].partition("/")
        return _checks(app).get(channel, PUBLIC) if rest else PUBLIC  # the channel's own address says that it runs

    protect(app, entrance_of)


def check_callers(app: Sanic, channel: str, check: Check) -> None:
    """Let a channel's routes ask this of their callers, before a request's body is looked at."""
    _checks(app)[channel] = Entrance(check)


def has_check(app: Sanic, channel: str) -> bool:
    """Check whether a channel has said what its routes ask of their callers."""
    return channel in _checks(app)


def _checks(app: Sanic) -> dict[str, Entrance]:
    if not hasattr(app.ctx, "tandem_checks"):
        app.ctx.tandem_checks = {}
    checks: dict[str, Entrance] = app.ctx.tandem_checks
    return checks
