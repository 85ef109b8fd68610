"""`scripts/install` with the tools that a machine may have or lack, played by stand-ins that write down their calls."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "install"
NEEDS = ("bash", "cat", "cksum", "rm", "mkdir", "dirname", "chmod")

PYTHON = """#!/bin/bash
echo "$(basename "$0") $*" >> "{log}"
case "$*" in
    *version_info*) exit {version_ok} ;;
    "-m venv"*) {venv} ;;
    *"pip install"*) exit {pip} ;;
esac
"""
MAKE_VENV = 'mkdir -p .venv/bin; echo home > .venv/pyvenv.cfg; cat "$0" > .venv/bin/python; chmod +x .venv/bin/python'
UV = """#!/bin/bash
[ "$1" = --version ] && exit {works}
echo "uv $*" >> "{log}"
case "$*" in venv*) {venv} ;; esac
"""


class Machine:
    """A folder with the project's files and a PATH that has only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.bin = folder / "bin"
        self.log = folder / "calls"
        (self.root / "scripts").mkdir(parents=True)
        self.bin.mkdir()
        for program in NEEDS:
            found = shutil.which(program)
            assert found is not None
            (self.bin / program).symlink_to(found)
        shutil.copy(SCRIPT, self.root / "scripts" / "install")
        for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            (self.root / name).write_text(f"# {name}\n")

    def has(self, name: str, script: str) -> None:
        """Put a program on the PATH."""
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def has_python(self, name: str = "python3.10", *, right: bool = True, venv: str = MAKE_VENV, pip: int = 0) -> None:
        """A Python on the PATH; it also plays the one inside .venv."""
        self.has(name, PYTHON.format(log=self.log, version_ok=0 if right else 1, venv=venv, pip=pip)
                 .replace("$(basename \"$0\")", "${0##*/}"))

    def has_uv(self, *, works: bool = True) -> None:
        """A uv on the PATH; if it does not work, it is as a shim of one made for another Python."""
        python = PYTHON.format(log=self.log, version_ok=0, venv="exit 1", pip=0).replace('$(basename "$0")', "${0##*/}")
        (self.root.parent / "uv-python").write_text(python)
        venv = MAKE_VENV.replace('"$0"', f'"{self.root.parent / "uv-python"}"')
        self.has("uv", UV.format(works=0 if works else 127, log=self.log, venv=venv))

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        return subprocess.run([str(self.bin / "bash"), str(self.root / "scripts" / "install"), *arguments],
                              env={"PATH": str(self.bin), "HOME": os.devnull}, capture_output=True, text=True,
                              timeout=60, check=False)

    def calls(self) -> str:
        """What the stand-ins were called with since the last look, version questions left out."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return "\n".join(line for line in text.splitlines() if "version_info" not in line and "--version" not in line)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_uv_is_used_where_it_works(machine: Machine) -> None:
    machine.has_uv()
    machine.has_python()
    assert machine.install().returncode == 0
    calls = machine.calls()
    assert "uv venv --quiet --python 3.10 .venv" in calls
    assert "--require-hashes -r requirements.txt" in calls and "--no-deps --no-build-isolation -e ." in calls
    assert "python3.10 -m venv" not in calls and "-m pip" not in calls


def test_a_uv_that_exists_but_fails_is_passed_over(machine: Machine) -> None:
    machine.has_uv(works=False)
    machine.has_python()
    assert machine.install().returncode == 0
    calls = machine.calls()
    assert "python3.10 -m venv .venv" in calls and "uv" not in calls
    assert "--require-hashes -r requirements.txt" in calls and "--no-deps --no-build-isolation -e ." in calls


def test_a_python3_that_is_3_10_will_do(machine: Machine) -> None:
    machine.has_python("python3.10", right=False)  # a shim that cannot run
    machine.has_python("python3")
    assert machine.install().returncode == 0
    assert "python3 -m venv .venv" in machine.calls()


def test_without_uv_and_python_the_message_names_the_mends(machine: Machine) -> None:
    machine.has_python("python3", right=False)
    done = machine.install()
    assert done.returncode == 1
    for fix in ("Python 3.10", "uv", "pyenv install 3.10", "apt-get install python3.10"):
        assert fix in done.stderr
    assert not (machine.root / ".venv").exists()


def test_a_python_without_venv_names_the_package_and_leaves_nothing_behind(machine: Machine) -> None:
    machine.has_python(venv="mkdir -p .venv; exit 1")
    done = machine.install()
    assert done.returncode == 1 and "python3.10-venv" in done.stderr
    assert not (machine.root / ".venv").exists()


def test_nothing_is_installed_twice(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    done = machine.install()
    assert done.returncode == 0 and done.stdout == "" and machine.calls() == ""


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "pyproject.toml"])
def test_a_changed_requirement_is_installed(machine: Machine, name: str) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    (machine.root / name).write_text("# changed\n")
    assert machine.install().returncode == 0
    calls = machine.calls()
    assert "-r requirements.txt" in calls and "-m venv" not in calls


def test_the_development_tools_are_installed_once_and_kept(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    machine.install("dev")
    assert "-r requirements-dev.txt" in machine.calls()
    machine.install()
    assert machine.calls() == ""
    (machine.root / "requirements.txt").write_text("# changed\n")
    machine.install()
    assert "-r requirements-dev.txt" in machine.calls()


def test_a_failed_installation_is_tried_again(machine: Machine) -> None:
    machine.has_python(pip=1)
    assert machine.install().returncode != 0
    shutil.rmtree(machine.root / ".venv")
    machine.has_python()
    assert machine.install().returncode == 0
    assert "-r requirements.txt" in machine.calls()


def test_an_environment_of_another_python_is_made_anew(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    (machine.root / ".venv/bin/python").write_text("#!/bin/bash\nexit 1\n")
    machine.calls()
    done = machine.install()
    assert done.returncode == 0 and "anew" in done.stdout and "-m venv" in machine.calls()


def test_a_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    machine.has_python()
    (machine.root / ".venv").mkdir()
    (machine.root / ".venv" / "precious").write_text("mine")
    done = machine.install()
    assert done.returncode == 1 and "in the way" in done.stderr
    assert (machine.root / ".venv" / "precious").read_text() == "mine"


def test_a_wrong_word_shows_the_usage(machine: Machine) -> None:
    done = machine.install("everything")
    assert done.returncode == 2 and "usage" in done.stderr
