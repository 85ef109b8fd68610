"""nginx and Caddy with the files of deploy/, in front of a real web chat and real desks."""
from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tandem.agents.accounts import seed_demo_agents
from tests.system.conftest import free_ports
from tests.system.webchat.conftest import CHROMIUM
from tests.system.webchat.live_chat import LiveChat

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery"
SECRETS = {"TANDEM_SECRET_KEY": "s" * 32, "TANDEM_IDENTITY_SECRET": "i" * 32, "TANDEM_API_TOKEN": "t" * 32}
_INSTALL = "{0} is not installed (apt-get install {1})"


@dataclass(frozen=True)
class Behind:
    """A proxy that runs: where each host is reached, and what stands behind it."""

    scheme: str
    port: int
    chat: LiveChat
    logs: Sequence[Path]

    def origin(self, host: str) -> str:
        """The origin of a page on that host, as browsers see it."""
        return f"{self.scheme}://{host}:{self.port}"

    def client(self, host: str) -> httpx.Client:
        """A client that asks the proxy for a host."""
        return httpx.Client(base_url=f"{self.scheme}://127.0.0.1:{self.port}", verify=False, timeout=20,
                            trust_env=False, headers={"Host": f"{host}:{self.port}"})

    def said(self) -> str:
        """What the desks have logged."""
        return "".join(path.read_text(encoding="utf-8") for path in self.logs)


@contextmanager
def process(command: Sequence[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    """Run a server until it is no longer needed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    with log.open("wb") as out, subprocess.Popen(
        command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**clean, **environment},
    ) as running:
        try:
            end = time.monotonic() + 60
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert running.poll() is None and time.monotonic() < end, log.read_text(errors="replace")
                time.sleep(0.05)
            yield
        finally:
            running.kill()  # Caddy would wait for open streams


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def behind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """The layout of the files in deploy/: over TLS behind nginx, over plain HTTP behind Caddy."""
    folder = tmp_path_factory.mktemp("proxies")
    scheme = "https" if request.param == "nginx" else "http"
    front, at_root, under_path = free_ports(3)
    origins = (f"{scheme}://shop.example.com:{front}",)
    chat = LiveChat(folder, webchat_origins=origins, proxies=1)
    seed_demo_agents(chat.services.engine, PASSWORD)
    with ExitStack() as running:
        running.callback(chat.stop)
        logs = []
        for port, url in ((at_root, f"{scheme}://desk.example.com:{front}"),
                          (under_path, f"{scheme}://shop.example.com:{front}/desk")):
            logs.append(folder / f"desk-{port}.log")
            running.enter_context(process(
                [sys.executable, "-m", "tandem.desk"], port, logs[-1], **SECRETS, TANDEM_DESK_PORT=str(port),
                TANDEM_DESK_URL=url, TANDEM_PROXIES="1", TANDEM_DATABASE_URL=chat.settings.database_url,
                TANDEM_TRACKER_URL=f"sqlite:///{folder / 'rasa.db'}",
                TANDEM_SECURE_COOKIES="1" if scheme == "https" else "0"))
        make = nginx if request.param == "nginx" else caddy
        command = make(folder, front, chat.port, at_root, under_path)
        running.enter_context(process(command, front, folder / "proxy.log"))
        yield Behind(scheme, front, chat, logs)


def nginx(folder: Path, front: int, chat: int, at_root: int, under_path: int) -> list[str]:
    """The command that starts nginx with deploy/nginx.conf, its addresses and certificates changed."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).exists(), _INSTALL.format("nginx", "nginx-light")
    certificate, key = folder / "tandem.crt", folder / "tandem.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=example.com", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{front} ssl")
    text = text.replace("127.0.0.1:5005", f"127.0.0.1:{chat}").replace("127.0.0.1:5080", f"127.0.0.1:{at_root}")
    # In the test the two ways to reach a desk stand side by side, so there are two desks.
    text, changed = re.subn(r"(location /desk/ \{\s*proxy_pass) http://tandem_desk", rf"\1 http://127.0.0.1:{under_path}",
                            text)
    assert changed == 1
    text = text.replace("/etc/nginx/tandem.", f"{folder}/tandem.")
    return nginx_with(folder, text, program)


def nginx_with(folder: Path, servers: str, program: str = "/usr/sbin/nginx") -> list[str]:
    """The command that starts nginx with these lines inside its `http` section."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""  # the test's folder is closed to others
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {paths}\n{servers}\n}}\n", encoding="utf-8")
    return [program, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]


def caddy(folder: Path, front: int, chat: int, at_root: int, under_path: int) -> list[str]:
    """The command that starts Caddy with deploy/Caddyfile, its addresses changed and without certificates."""
    program = shutil.which("caddy")
    assert program, _INSTALL.format("caddy", "caddy")
    text = (ROOT / "deploy/Caddyfile").read_text(encoding="utf-8")
    text = re.sub(r"^(\w+\.example\.com) \{", rf"http://\1:{front} {{", text, flags=re.MULTILINE)
    text = text.replace("127.0.0.1:5005", f"127.0.0.1:{chat}").replace("127.0.0.1:5080", f"127.0.0.1:{at_root}")
    head, under, tail = text.rpartition(f"127.0.0.1:{at_root}")
    assert under
    storage = f"{{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\tstorage file_system {folder}/caddy\n}}\n"
    (folder / "Caddyfile").write_text(f"{storage}{head}127.0.0.1:{under_path}{tail}", encoding="utf-8")
    return [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for which the hosts of deploy/ are this machine."""
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(system) if system.exists() else None,
            args=[*CHROMIUM, "--host-resolver-rules=MAP *.example.com 127.0.0.1"])
        yield opened
        opened.close()
