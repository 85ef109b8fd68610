"""One name for one thing: names that were given up stay away (docs/glossary.md, docs/decisions/0019)."""
from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.fakes.source import nodes

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tandem", "actions", "tests", "docs", "benchmarks", "scripts", "deploy")
FILES = ("README.md", "CONTRIBUTING.md", "Makefile", "config.yml", "endpoints.yml", "credentials.yml", "pyproject.toml")
KINDS = {".py", ".md", ".html", ".js", ".css", ".sh"}

# What was given up, and its name of today.
RETIRED = {
    r"[Kk]ept_?[Tt]racker\w*": "CachedTracker, cached_tracker",
    r"NearRules|near_rules": "IndexedRulePolicy",
    r"StraightRunner|straight_runner": "SequentialGraphRunner",
    r"AtHand|orders_at_hand|at_hand": "AccessibleOrders, accessible_orders",
    r"BoundedText|bounded_text": "TextTruncator",
    r"MoodReader": "SentimentClassifier",
    r"OrderEntities": "OrderEntityNormalizer",
    r"NoRoom": "CapacityReached",
    r"tell_waiting": "notify_waiting",
    r"told_at": "last_notified_at",
    r"told_with": "bot_informed_seq",
    r"MEND|mend(?:s|ed|ing)?": "FIX, fix",
    r"tune\(|equip\(|def (?:tune|equip)": "install_...",
    r"class (?:Parcel|Carrier|Acts)|carry\(": "OutboundMessage, HandoffSync.sync, AgentActions",
    r"class (?:Board|Answering)": "LiveQueue, ReplyAction",
    r"transitions\.take": "transition",
    r"hearts?": "core",
    r"doorkeeper": "webhook_throttle",
    r"json_forms": "schemas",
    r"abilities": "channel_capabilities",
    r"class (?:Leased|Found|Opened|Known|Told|Shown|Given|Kept)": "a noun of the field",
    r"with_keys|KeysMissing|run[./]keys": "with_secrets, SecretsMissing",
    r"run[./]quietly": "run/suppress_warnings",
    r"knocks?(?: too)?|walls": "plain English",
    r"Draft|Teller|DueLook|WireError|(?:to|from)_wire": "FormDraft, UpdateNotifier, DueSubscription, json_format",
    r"second_try|bring_live|keep_live|way_to": "what it does, in the field's words",
}
# Modules that were given up, each for a name that says what is in it.
RETIRED_MODULES = set("""
    abilities acts answering board bounded_reading carrier choosing deliveries disputes doorkeeper doors finding
    draft inbox json_forms keys kept_tracker kept_wishes moods notices numbers parts quietly reach reading
    same_again second_try steps telling twins waiting watch ways wire words work
""".split())
# The paths of classes that users have in their files, and the columns of the databases, stay as they are.
MOVED = {"tandem/channels/tracker_store.py", "tandem/nlu/bounded_text.py", "tandem/nlu/mood.py",
         "tandem/nlu/order_entities.py", "tests/unit/test_moved.py"}
COLUMNS = {"tandem/conversations/tables.py", "tests/integration/growth/fill.py",
           "tests/integration/db/test_migrations.py", "docs/decisions/0019-a-tree-that-names-itself.md"}
PARTICIPLES = {"found", "kept", "known", "leased", "opened", "shown", "told"}
A_MOMENT = {"holds_at", "on_duty", "opens_at", "_spans", "choose", "_event"}  # theirs need not be the present one


def allowed(name: str, file: str) -> bool:
    if file == "tests/unit/test_names.py" or "/migrations/" in file:
        return True
    if name in ("told_at", "told_with"):
        return file in COLUMNS
    return file in MOVED


@cache
def texts() -> dict[str, str]:
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
            for path in (*paths, *(ROOT / name for name in FILES))}


@pytest.mark.parametrize("pattern", RETIRED)
def test_a_name_that_was_given_up_is_used_nowhere(pattern: str) -> None:
    word = re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")
    found = [f"{file}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
             for file, text in texts().items() for match in word.finditer(text) if not allowed(match.group(), file)]
    assert not found, f"write {RETIRED[pattern]}: {found}"


def test_no_module_has_a_name_that_was_given_up() -> None:
    assert [file for file in texts() if file.startswith(("tandem/", "actions/"))
            and file.endswith(".py") and Path(file).stem in RETIRED_MODULES] == []


@cache
def definitions() -> list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The classes and functions of the product, each with its file."""
    return [(file, node) for file in texts() if file.startswith(("tandem/", "actions/"))
            and file.endswith(".py") for node in nodes(ROOT / file)
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))]


def test_a_public_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for file, node in definitions():
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name != "Config":  # pydantic's
            places[node.name].append(file)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_parameters_are_nouns_and_the_present_time_is_now() -> None:
    wrong = []
    for file, node in definitions():
        if not isinstance(node, ast.ClassDef):
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                at = one.arg == "at" and ast.unparse(one.annotation or one) == "datetime" and node.name not in A_MOMENT
                if at or one.arg in {*PARTICIPLES, "this"}:
                    wrong.append(f"{file}:{node.lineno} {node.name}({one.arg})")
    assert not wrong
