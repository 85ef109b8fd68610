"""Starts the Shopify that is executed from Shopify's published schema. Both npm packages are checked by their sums."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.shop_engine.server import CACHE, HERE
from tests.system.conftest import free_ports

TOKEN = "shpat_of_the_test"
PACKAGES = {  # what npm calls it: its file, the sum of it
    "graphql@16.15.0": (
        "graphql-16.15.0.tgz", "eaad4bb6ed001714c570342903b65a8ba4cbb4905e9bb614be0b53fdd9b48922"),
    "@shopify/dev-mcp@1.16.0": (
        "shopify-dev-mcp-1.16.0.tgz", "4663c79229028e98f825a09d5f04ec6c3736331b740ce50260f9ffac10709474"),
}
SCHEMAS = "shopify-dev-mcp/package/dist/data/admin_{}.json.gz"


def fetched() -> Path:
    """The folder with graphql.js and Shopify's schemas, fetched once; 14 MB."""
    folder = CACHE / f"shopify-{hashlib.sha256(repr(PACKAGES).encode()).hexdigest()[:16]}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "node_modules").mkdir(parents=True)
        for package, (file, total) in PACKAGES.items():
            subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, timeout=300,
                           stdout=subprocess.DEVNULL)
            assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == total, f"{file} is not the one it was"
            with tarfile.open(folder / file) as archive:
                archive.extractall(folder / file.rpartition("-")[0])
        shutil.move(folder / "graphql" / "package", folder / "node_modules" / "graphql")
        (folder / "ready").touch()
    shutil.copy(HERE / "shopify.mjs", folder)
    return folder


class SchemaShopify:
    """A running one."""

    def __init__(self, address: str) -> None:
        self.address = address

    def control(self, **given: Any) -> Any:
        """Put orders in it, set what goes wrong, or have texts validated."""
        answer = requests.post(f"{self.address}/control", json=given, timeout=30)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def shopify_running(version: str) -> Iterator[SchemaShopify]:
    """Start one with the schema of a version of the Admin API."""
    folder = fetched()
    [port] = free_ports(1)
    command = [shutil.which("node") or "node", "shopify.mjs", SCHEMAS.format(version), str(port), TOKEN]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, env={**os.environ, "NODE_ENV": "test"})
    try:
        assert server.stdout is not None and server.stdout.readline().strip() == b"ready"
        yield SchemaShopify(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(20)
