"""The whole of Tandem, started as `make run` starts it, on free ports and databases of its own."""
from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

START_SECONDS = 240
ARTEFACTS = Path("artifacts")


@dataclass(frozen=True)
class Stack:
    """A running Tandem. Agents are anna (agent) and sam (supervisor), both with `password`."""

    folder: Path
    rasa_url: str
    actions_url: str
    desk_url: str
    database_url: str
    tracker_url: str
    api_token: str
    identity_secret: str
    password: str
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    root: Path = Path()

    @property
    def webchat_url(self) -> str:
        """The page with the web chat."""
        return f"{self.rasa_url}/webhooks/webchat/"

    @property
    def api(self) -> httpx.Client:
        """A client of the desk's API with the token; close it, or use it in a `with`."""
        return httpx.Client(base_url=self.desk_url, headers={"Authorization": f"Bearer {self.api_token}"},
                            timeout=15, trust_env=False)

    def output(self) -> str:
        """All that was printed so far."""
        return (self.folder / "run.log").read_text(encoding="utf-8", errors="replace")

    def pid(self, name: str) -> int:
        """The present process id of rasa, actions or desk."""
        found = re.findall(rf"{re.escape(name)} is up(?: again)? \(process (\d+)\)", self.output())
        assert found, f"{name} never came up:\n{self.output()[-4000:]}"
        return int(found[-1])

    def kill(self, name: str) -> int:
        """Kill rasa, actions or desk with -9; the process id it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_restarted(self, name: str, old_pid: int, seconds: float = 120) -> int:
        """Wait until `name` answers again after `kill`; its new process id."""
        end = time.monotonic() + seconds
        while (pid := self.pid(name)) == old_pid:
            assert time.monotonic() < end, f"{name} did not come back in {seconds} s:\n{self.output()[-4000:]}"
            time.sleep(0.2)
        return pid

    def freeze(self, name: str) -> None:
        """Halt a process without killing it, as a machine that swaps would."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid(name), signal.SIGCONT)


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens just now, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def running(root: Path, folder: Path, **environment: str) -> Iterator[Stack]:
    """Start everything with `tandem run`, the code of `make run`, and stop it as Ctrl-C does.

    Args:
        folder: For its databases and its log.
        environment: More settings, such as TANDEM_SHOP_NAME="Kiosk".
    """
    rasa, actions, desk = free_ports(3)
    stack_settings = {
        "TANDEM_DEMO": "1", "TANDEM_DEMO_PASSWORD": "correct horse battery",
        "TANDEM_SECRET_KEY": "s" * 32, "TANDEM_IDENTITY_SECRET": "i" * 32, "TANDEM_API_TOKEN": "t" * 32,
        "TANDEM_DATABASE_URL": f"sqlite:///{folder / 'tandem.db'}",
        "TANDEM_TRACKER_URL": f"sqlite:///{folder / 'rasa.db'}",
        "TANDEM_RASA_PORT": str(rasa), "TANDEM_ACTIONS_PORT": str(actions), "TANDEM_DESK_PORT": str(desk),
        **environment,
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    log = folder / "run.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "tandem.cli", "run", "--no-train"], cwd=root, stdout=out,
                                   stderr=subprocess.STDOUT, env={**clean, **stack_settings}, start_new_session=True)
    stack = Stack(
        folder, f"http://127.0.0.1:{rasa}", f"http://127.0.0.1:{actions}", f"http://127.0.0.1:{desk}",
        stack_settings["TANDEM_DATABASE_URL"], stack_settings["TANDEM_TRACKER_URL"],
        stack_settings["TANDEM_API_TOKEN"], stack_settings["TANDEM_IDENTITY_SECRET"],
        stack_settings["TANDEM_DEMO_PASSWORD"], process, {**clean, **stack_settings}, root,
    )
    try:
        _wait_up(stack)
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"Ctrl-C did not stop Tandem within 30 s:\n{stack.output()[-4000:]}")


def _wait_up(stack: Stack) -> None:
    end = time.monotonic() + START_SECONDS
    while "Stop       Ctrl-C" not in stack.output():
        if stack.process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"Tandem did not start:\n{stack.output()[-6000:]}", pytrace=False)
        time.sleep(0.2)


@pytest.fixture(scope="session")
def stack(project_root: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One Tandem for all system tests; keep to conversations of your own in it."""
    assert trained_model.is_file()
    with running(project_root, tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture
def start_stack(
    project_root: Path, trained_model: Path, tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Stack]]:
    """Start another Tandem, with settings of your own: `start_stack(TANDEM_SHOP_NAME="Kiosk", ...)`."""
    assert trained_model.is_file()
    with ExitStack() as started:
        def start(**environment: str) -> Stack:
            return started.enter_context(running(project_root, tmp_path_factory.mktemp("stack"), **environment))

        yield start


@pytest.fixture(scope="session")
def artefacts(project_root: Path) -> Path:
    """Where screenshots and logs of the run are kept."""
    folder = project_root / ARTEFACTS
    folder.mkdir(exist_ok=True)
    return folder
