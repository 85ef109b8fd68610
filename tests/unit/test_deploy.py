"""The files in deploy/ and compose.yaml keep up with the settings and the commands."""
from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.cli import build_parser
from tandem.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("rasa", "actions", "desk")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_given_every_setting(compose: dict[str, Any], service: str) -> None:
    given = compose["services"][service]["environment"]
    assert {name for name in given if name.startswith("TANDEM_")} == set(VARIABLES)
    assert compose["services"][service]["env_file"] == [".env"]  # and what credentials.yml names


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_reads_the_channels_and_endpoints_of_this_folder(compose: dict[str, Any], service: str) -> None:
    mounted = dict(volume.split(":")[:2][::-1] for volume in compose["services"][service]["volumes"])
    assert {"/app/credentials.yml", "/app/endpoints.yml", "/app/var/run"} <= set(mounted)
    for place, source in mounted.items():
        if place.endswith(".yml"):
            assert (ROOT / source).is_file()


def test_every_service_has_a_health_check_that_asks_about_itself(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
    for name in SERVICES:
        _, *command = compose["services"][name]["healthcheck"]["test"]
        assert command == ["tandem", "status", "--only", name]
        build_parser().parse_args(command[1:])
        build_parser().parse_args(compose["services"][name]["command"][1:])


def test_what_compose_waits_for_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_the_image_has_a_health_check() -> None:
    assert "\nHEALTHCHECK " in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_systemd_unit_is_one_and_starts_what_there_is(tmp_path: Path) -> None:
    text = (ROOT / "deploy/tandem.service").read_text(encoding="utf-8")
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.read_string(text)
    program, *command = unit["Service"]["execstart"].split()
    assert program.endswith("/tandem")
    build_parser().parse_args(command)
    verify = shutil.which("systemd-analyze")
    if verify:
        path = tmp_path / "tandem.service"
        path.write_text(text.replace(program, "/bin/true").replace("postgresql.service", ""), encoding="utf-8")
        done = subprocess.run([verify, "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
        about = [line for line in done.stderr.splitlines() if "tandem.service" in line]
        assert about == [], done.stderr
