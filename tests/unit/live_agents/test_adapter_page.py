"""Adapters are of one anatomy, and the page about writing one tells the template as it is."""
from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from tandem.handoff.routing import read_channels
from tandem.live_agents import adapters
from tandem.live_agents.adapters.template import TemplateChannel
from tandem.live_agents.factory import ADAPTERS, build_channels

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/writing-a-live-agent-adapter.md").read_text(encoding="utf-8")
FOLDERS = sorted(path for path in Path(adapters.__file__).parent.iterdir()
                 if (path / "__init__.py").exists() and path.name != "desk")  # the desk is no tool outside
ANATOMY = {"__init__.py", "adapter.py", "client.py", "config.py", "inbound.py", "outbound.py", "payloads"}
MORE = {"webhook": {"signature.py", "schema.json"}}  # it signs both ways, and others write the other end
TEMPLATE = [textwrap.dedent(path.read_text(encoding="utf-8")) for path in (
    *(ROOT / "tandem/live_agents/adapters/template").glob("*.py"),
    ROOT / "tests/contract/live_agent/template_harness.py")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_adapter_has_the_same_files(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == ANATOMY | MORE.get(folder.name, set())


def test_every_adapter_but_the_template_is_a_type_of_endpoints_yml() -> None:
    assert {folder.name for folder in FOLDERS} - {"template"} | {"desk"} == set(ADAPTERS)


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.S))
def test_what_the_page_shows_of_the_template_stands_there(block: str) -> None:
    assert any(block in text for text in TEMPLATE)


@pytest.mark.parametrize("name", sorted(ANATOMY - {"__init__.py"}))
def test_the_page_tells_what_each_file_is(name: str) -> None:
    assert f"| `{name}{'' if '.' in name else '/'}` |" in PAGE


def test_the_pages_example_of_endpoints_yml_is_read_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "endpoints.yml").write_text(example.replace(
        "type: acme", "name: acme\n  type: tandem.live_agents.adapters.template:TemplateChannel"))
    monkeypatch.setenv("ACME_TOKEN", "t" * 24)
    monkeypatch.setenv("ACME_WEBHOOK_SECRET", "s" * 24)
    assert isinstance(build_channels(read_channels(tmp_path / "endpoints.yml"))["acme"], TemplateChannel)
