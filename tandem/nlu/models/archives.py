"""Files inside a trained model's archive, read without Rasa."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unpacked(archive: Path, name: str) -> Iterator[Path | None]:
    """Unpack the file of this name for the time of a `with` block; None if the archive has no such file.

    Raises:
        OSError, tarfile.TarError: The archive cannot be read.
    """
    with tarfile.open(archive) as packed, tempfile.TemporaryDirectory() as folder:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() and Path(member.name).name == name else None
            if content is not None:
                target = Path(folder) / name
                target.write_bytes(content.read())
                yield target
                return
        yield None
