"""The channels of credentials.yml by their names alone: is there such a class, and does it go through Tandem?

Read from the source, because to import a channel means to import all of Rasa, which takes ten seconds.
"""
from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

_RASAS_OWN = {  # by the names that Rasa gives them; what to use instead, where there is something
    "rest": "tandem.channels.rest.Rest", "slack": "tandem.channels.messaging.Slack",
    "telegram": "tandem.channels.messaging.Telegram", "twilio": "tandem.channels.messaging.Twilio",
    "facebook": "tandem.channels.messaging.Facebook", "socketio": "tandem.channels.webchat.server.WebChat",
    "callback": "", "mattermost": "", "webexteams": "", "botframework": "", "rocketchat": "", "hangouts": "",
    "twilio_voice": "", "cmdline": "",
}


def trouble_with_channel(name: str, root: Path) -> str | None:
    """Say why a channel of credentials.yml will not work, with the fix; None if its name is right.

    Args:
        root: The project's folder, from which Python imports first.
    """
    if name in _RASAS_OWN:
        instead = _RASAS_OWN[name]
        fix = f"write {instead} instead" if instead else "wrap it as docs/channels.md shows, or take it out"
        return f"this is Rasa's own channel: its messages reach neither the desk nor the ledger; {fix}"
    module, _, kind = name.rpartition(".")
    if not module:
        return "there is no such channel; name its class in full, as credentials.yml and docs/channels.md show"
    source = _source_of(module, root)
    if source is None:
        return f"there is no module {module}; check the name, and that its package is installed"
    if kind not in set(_names(source)):
        return f"{module} has no class {kind}; docs/channels.md names the channels"
    return None


def _source_of(module: str, root: Path) -> Path | None:
    """Find a module's source, in the project or installed. Nothing is imported."""
    parts = module.split(".")
    search: list[str] | None = None
    found = None
    for number in range(len(parts)):
        where = [str(root), *sys.path] if search is None else search
        found = PathFinder.find_spec(".".join(parts[:number + 1]), where)
        if found is None:
            return None
        search = list(found.submodule_search_locations or ())
    return Path(found.origin) if found is not None and found.origin else None


def _names(source: Path) -> Iterator[str]:
    """List what a module defines or imports at its top."""
    for node in ast.parse(source.read_bytes()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name) for alias in node.names)
