"""What `tandem doctor` finds in the settings themselves: missing and shared secrets, doors that stand open."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tandem.access.tokens import SECRETS, valid_tokens
from tandem.run.finding import Finding
from tandem.run.secrets import missing_secrets
from tandem.settings import Settings

_FRESH = "set each to the output of `openssl rand -hex 32`"


def findings(settings: Settings) -> Iterator[Finding]:
    """Each setting that is looked at."""
    yield _secrets(settings)
    yield _shared(settings)
    yield _demo(settings)
    yield _faults(settings)
    yield _cookies(settings)


def _secrets(settings: Settings) -> Finding:
    missing = missing_secrets(settings)
    if settings.demo:
        return Finding("secrets", "made up for the demo where not set")
    if missing:
        return Finding("secrets", f"{', '.join(missing)} not set", _FRESH)
    return Finding("secrets", "set")


def _shared(settings: Settings) -> Finding:
    """Whether one value serves several ends: who learns one of them could then do all of it."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, variable in SECRETS.items():
        for value in valid_tokens(getattr(settings, name)):
            users[value].append(variable)
    shared = [sorted(set(variables)) for variables in users.values() if len(set(variables)) > 1]
    if not shared:
        return Finding("separate secrets", "no two are alike")
    return Finding("separate secrets", "; ".join(f"{' and '.join(names)} have one value" for names in shared), _FRESH)


def _demo(settings: Settings) -> Finding:
    if not settings.demo:
        return Finding("demo mode", "off")
    if settings.demo_on_loopback:
        return Finding("demo mode", f"on, for this machine only ({settings.host})")
    return Finding("demo mode", f"on, and {settings.host} is open to others: the demo's agents are known to everybody",
                   "unset TANDEM_DEMO, or set TANDEM_HOST=127.0.0.1")


def _faults(settings: Settings) -> Finding:
    if not settings.faults:
        return Finding("faults for tests", "off")
    points = ", ".join(sorted({rule.point for rule in settings.faults}))
    return Finding("faults for tests", f"switched on at {points}: processes are made to fail", "unset TANDEM_FAULTS")


def _cookies(settings: Settings) -> Finding:
    if settings.public_desk_url.startswith("https://") and not settings.secure_cookies:
        return Finding("cookies", "agents come over https, but their cookies would also travel without it",
                       "set TANDEM_SECURE_COOKIES=1")
    if settings.secure_cookies and settings.public_desk_url.startswith("http://"):
        return Finding("cookies", "are for https only, but TANDEM_DESK_URL is http: nobody could stay signed in",
                       "set TANDEM_DESK_URL to its https address, or unset TANDEM_SECURE_COOKIES")
    return Finding("cookies", "over https only" if settings.secure_cookies else "over http too")
