"""Files and folders that hold what customers wrote, or secrets: for this user alone, whatever the umask says."""
from __future__ import annotations

import contextlib
import os
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder and those above it, open to this user alone; those that are there stay as open as they are."""
    for folder in (*reversed(path.parents), path):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def private_file(path: Path) -> Path:
    """Make an empty file, open to this user alone, if it is not there; one that is there is closed to others.

    What cannot be made or closed, such as another user's file, is left to whoever opens it then.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    return path
