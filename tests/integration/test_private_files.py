"""What holds customers' words or secrets is open to this user alone, whatever the umask says."""
from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.conversations.model import InboundMessage
from tandem.db.engine import open_engine
from tandem.services import open_services
from tandem.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.rglob("*")}


def test_databases_and_their_folders_are_private(tmp_path: Path, open_umask: None) -> None:
    services = open_services(Settings(database_url=f"sqlite:///{tmp_path / 'a' / 'var' / 'tandem.db'}"))
    services.ledger.receive(InboundMessage("c1", "webchat", "my card is 4111"))
    assert modes(tmp_path) == {
        "a": "0o700", "a/var": "0o700", "a/var/tandem.db": "0o600", "a/var/tandem.db-shm": "0o600",
        "a/var/tandem.db-wal": "0o600"}
    services.engine.dispose()


def test_a_database_that_an_earlier_version_left_open_is_closed_to_others(tmp_path: Path, open_umask: None) -> None:
    file = tmp_path / "tandem.db"
    file.touch(0o644)
    (tmp_path / "tandem.db-wal").touch(0o644)
    open_engine(f"sqlite:///{file}").dispose()
    assert set(modes(tmp_path).values()) == {"0o600"}


def test_all_that_a_demo_writes_is_private(tmp_path: Path) -> None:
    environment = {**os.environ, "TANDEM_DEMO": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(["/bin/sh", "-c", f"umask 000; {sys.executable} -m tandem.cli seed"], cwd=tmp_path, env=environment,
                   check=True, capture_output=True, timeout=120)
    found = modes(tmp_path / "var")
    assert {"demo-keys.json", "tandem.db"} <= set(found)
    assert {mode for name, mode in found.items()} == {"0o600"}
    assert oct(stat.S_IMODE((tmp_path / "var").stat().st_mode)) == "0o700"


def test_secrets_and_databases_stay_out_of_git_and_of_images() -> None:
    for name in (".env", "var/tandem.db", "copy.db", "backups/x.db"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0, name
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".env", "var"} <= set(ignored)
