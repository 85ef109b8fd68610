"""Wait for databases that come later: after a power cut, or in containers, the server may start after Tandem does."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tandem.run.databases import databases
from tandem.run.errors import DatabaseUnavailable
from tandem.settings import Settings

PATIENCE = 120.0  # seconds
_LOOK_EVERY = 1.0
_CONNECT_SECONDS = 3
_TELL_EVERY = 15.0
_FINAL = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "is not permitted to log in")


async def wait_for_databases(
    settings: Settings, say: Callable[[str], None], patience: float = PATIENCE, trackers: bool = True,
) -> None:
    """Wait until each database answers, and say for which one and why.

    Args:
        patience: Seconds.
        trackers: The trackers' database too, which only the Rasa server opens.

    Raises:
        DatabaseUnavailable: One did not come in time, or will not however long one waits.
    """
    wanted = {database.url: database.setting for database in databases(settings)
              if trackers or database.setting != "TANDEM_TRACKER_URL"}
    until = time.monotonic() + patience
    for url, setting in wanted.items():
        await _wait_for(url, setting, say, until)


async def _wait_for(url: str, setting: str, say: Callable[[str], None], until: float) -> None:
    said, said_at = "", 0.0
    while (trouble := await asyncio.to_thread(trouble_with_database, url)) is not None:
        if any(words in trouble for words in _FINAL) or time.monotonic() > until:
            raise DatabaseUnavailable(f"the database of {setting} does not answer: {trouble}; check {setting} and that "
                                      "its server runs, see docs/operations.md")
        if trouble != said or time.monotonic() - said_at > _TELL_EVERY:
            said, said_at = trouble, time.monotonic()
            say(f"waiting for the database of {setting}: {trouble}")
        await asyncio.sleep(_LOOK_EVERY)
    if said:
        say(f"the database of {setting} answers")


def trouble_with_database(url: str) -> str | None:
    """Say why a database cannot be reached, in one line without the password; None if it can, or if it is a file.

    Raises:
        DatabaseUnavailable: The URL cannot be read, or names a database without a driver: waiting is of no use.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername.startswith("sqlite"):
            return None
        options: dict[str, Any] = {}
        if parsed.drivername.startswith("postgresql"):
            options["connect_args"] = {"connect_timeout": _CONNECT_SECONDS}
        engine = create_engine(parsed, **options)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        why = type(error).__name__  # its text may quote the URL with its password
        raise DatabaseUnavailable(f"the database's URL cannot be read ({why}); see docs/settings.md") from None
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        return " ".join(str(error.orig).split())
    except (SQLAlchemyError, OSError) as error:
        return " ".join(str(error).split())
    finally:
        engine.dispose()
    return None
