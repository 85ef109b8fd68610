"""What `tandem doctor` finds in the settings themselves: missing and shared secrets, channels that check no caller."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tandem.access.tokens import SECRETS, valid_tokens
from tandem.run.diagnosis import Diagnosis
from tandem.run.secrets import missing_secrets
from tandem.settings import Settings

_FRESH = "set each to the output of `openssl rand -hex 32`"


def findings(settings: Settings) -> Iterator[Diagnosis]:
    """Look at each setting that can be wrong."""
    yield _secrets(settings)
    yield _shared(settings)
    yield _demo(settings)
    yield _cookies(settings)


def _secrets(settings: Settings) -> Diagnosis:
    missing = missing_secrets(settings)
    if settings.demo:
        return Diagnosis("secrets", "made up for the demo where not set")
    if missing:
        return Diagnosis("secrets", f"{', '.join(missing)} not set", _FRESH)
    return Diagnosis("secrets", "set")


def _shared(settings: Settings) -> Diagnosis:
    """Check whether one value serves several ends: who learns one of them could then do all of it."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, variable in SECRETS.items():
        for value in valid_tokens(getattr(settings, name)):
            users[value].append(variable)
    shared = [sorted(set(variables)) for variables in users.values() if len(set(variables)) > 1]
    if not shared:
        return Diagnosis("separate secrets", "no two are alike")
    return Diagnosis("separate secrets", "; ".join(f"{' and '.join(names)} have one value" for names in shared), _FRESH)


def _demo(settings: Settings) -> Diagnosis:
    if not settings.demo:
        return Diagnosis("demo mode", "off")
    if settings.demo_on_loopback:
        return Diagnosis("demo mode", f"on, for this machine only ({settings.host})")
    return Diagnosis("demo mode", f"on, and {settings.host} is open to others, who know the demo's agents",
                   "unset TANDEM_DEMO, or set TANDEM_HOST=127.0.0.1")


def _cookies(settings: Settings) -> Diagnosis:
    if settings.public_desk_url.startswith("https://") and not settings.secure_cookies:
        return Diagnosis("cookies", "agents come over https, but their cookies would also travel without it",
                       "set TANDEM_SECURE_COOKIES=1")
    if settings.secure_cookies and settings.public_desk_url.startswith("http://"):
        return Diagnosis("cookies", "are for https only, but TANDEM_DESK_URL is http: nobody could stay signed in",
                       "set TANDEM_DESK_URL to its https address, or unset TANDEM_SECURE_COOKIES")
    return Diagnosis("cookies", "over https only" if settings.secure_cookies else "over http too")
