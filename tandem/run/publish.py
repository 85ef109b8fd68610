"""Bring what designers change to the running bot: check it, train if need be, and name the model that is to answer."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tandem.run.data_check import require_sound_data
from tandem.run.errors import RunError
from tandem.run.model import ensure_model, sources
from tandem.run_state import point_to, read

LOOK_EVERY = 0.5  # seconds
LOADING_SECONDS = 60.0  # how long running workers may take to load a model


def publish_model(root: Path, say: Callable[[str], None], *, force: bool = False) -> Path:
    """Make a model of the project as it stands, let running bots load it, and return its file.

    Raises:
        InvalidData: data/ or domain.yml has mistakes; each is named with file and line. The old model stays.
        TrainingFailed: Rasa ended without a model.
    """
    require_sound_data(root)
    path = ensure_model(root, say, force=force)
    point_to(path)
    return path


def wait_until_loaded(installation: str, model: Path, seconds: float = LOADING_SECONDS) -> str:
    """Wait until every running worker answers with `model`; return the result as a sentence, empty if no bot runs."""
    until = time.monotonic() + seconds
    while True:
        workers = [process for run in read(installation) for process in run.processes
                   if process.name.partition(".")[0] == "rasa" and process.state == "up"]
        have = sum(process.model == model.name for process in workers)
        if have == len(workers) or time.monotonic() > until:
            break
        time.sleep(0.1)
    if not workers:
        return ""
    of = f"{have} of {len(workers)} running workers"
    return f"{of} answer with it" if have == len(workers) else f"only {of} answer with it; the log says why"


async def publish_changes(root: Path, say: Callable[[str], None]) -> None:
    """Watch the files that a model is made of, and bring every change to the running bot; never ends.

    A file that is broken is named with its line, and the old model goes on answering until it is fixed.
    """
    seen = await asyncio.to_thread(_signature, root)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        now = await asyncio.to_thread(_signature, root)
        if now == seen:
            continue
        await asyncio.sleep(LOOK_EVERY / 2)  # an editor may write several files, or one in two steps
        seen = await asyncio.to_thread(_signature, root)
        try:
            await asyncio.to_thread(publish_model, root, say)
        except RunError as error:
            for line in str(error).splitlines():
                say(line)
            say("not taken: the bot goes on with the old model until this is fixed")
        except OSError as error:  # a file that is gone again, or a full disk
            say(f"not taken: {error}")


def _signature(root: Path) -> frozenset[tuple[str, int, int]]:
    found = set()
    for path in sources(root):
        try:
            status = path.stat()
        except OSError:
            continue
        found.add((str(path), status.st_mtime_ns, status.st_size))
    return frozenset(found)
