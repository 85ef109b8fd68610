"""What the assistant can do, at a glance: the page docs/flows.md, made from the project's data."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tandem.evaluation.examples import Example, read_intents
from tandem.nlu.dialogues import FOLDER, read_dialogues
from tandem.nlu.models.context import Topics

PAGE = Path("docs") / "flows.md"
_ABCD = Path(__file__).with_name("abcd.yml")
_FACT, _FORM, _ACTION, _UTTER = "order_fact/", "_form", "action_", "utter_"
_IDENTIFIED, _CONSENT = "contact", "confirmed"
_BY = {"bot": "bot", "person": "person, with the card", "none": "not ours"}
_HEAD = """# What it can do

Made by `tandem data flows --write` from `data/`, `domain.yml` and `config.yml`; do not edit it. Counted are examples in
`data/nlu`, the customers' turns in `data/dialogues` that mean it, and the test stories (`tests/stories`,
`tests/test_stories.yml`) in which it is said.
"""


@dataclass(frozen=True)
class Project:
    """The data of a project, read where they are first needed."""

    root: Path

    @cached_property
    def examples(self) -> Counter[str]:
        """Count examples by their intent."""
        return Counter(example.label for example in self._sentences)

    @cached_property
    def _sentences(self) -> list[Example]:
        return read_intents(self.root / "data" / "nlu", self.root)

    @cached_property
    def _topics(self) -> Mapping[str, str]:
        """Find the file of each intent's examples, of the same name as that of its words."""
        return {example.label: Path(example.place.file).name for example in self._sentences}

    @cached_property
    def turns(self) -> Counter[str]:
        """Count customers' turns in dialogues by what they mean."""
        return Counter(turn.intent for turn in read_dialogues(self.root / FOLDER, Topics.of({})))

    @cached_property
    def stories(self) -> Counter[str]:
        """Count test stories by the intents that are said in them."""
        paths = [*(self.root / "tests" / "stories").glob("*.yml"), self.root / "tests" / "test_stories.yml"]
        said = [{step.get("intent") for step in story.get("steps", ())} for path in paths
                for story in _read(path).get("stories", ())]
        return Counter(intent for intents in said for intent in intents if intent)

    @cached_property
    def domain(self) -> Mapping[str, Any]:
        """Read domain.yml."""
        return _read(self.root / "domain.yml")

    @cached_property
    def policy(self) -> Mapping[str, Any]:
        """Read the keys of EscalationPolicy."""
        policies = _read(self.root / "config.yml")["policies"]
        return next(one for one in policies if one["name"].endswith("EscalationPolicy"))

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Find the file of each response."""
        return {name: path.name for path in sorted((self.root / "data" / "responses").glob("*.yml"))
                for name in _read(path).get("responses") or {}}

    @cached_property
    def rules(self) -> Mapping[str, str]:
        """Find what the rules do first, by the intent that they answer."""
        steps = [rule["steps"] for path in sorted((self.root / "data" / "rules").glob("*.yml"))
                 for rule in _read(path)["rules"] if not rule.get("condition")]
        return {one[0]["intent"]: one[1]["action"] for one in steps if "intent" in one[0] and "action" in one[1]}

    def file_of(self, intent: str, *beginnings: str) -> str:
        """Return the files in which responses of these beginnings stand, else the one of the intent's topic."""
        files = {file: None for beginning in beginnings for name, file in self.words.items()
                 if name == beginning or name.startswith(f"{beginning}_")}
        if not files and self._topics.get(intent) in self.words.values():
            files = {self._topics[intent]: None}
        return ", ".join(f"`{file}`" for file in files) or "-"

    def counts(self, intent: str) -> tuple[int, int, int]:
        """Count the examples, turns and test stories of an intent, or of all that a retrieval intent stands for."""
        examples, turns, stories = (sum(number for name, number in counter.items()
                                        if name == intent or name.startswith(f"{intent}/"))
                                    for counter in (self.examples, self.turns, self.stories))
        return examples, turns, stories


def render(root: Path) -> str:
    """Write the page. Raises OSError, YAMLError or DataFileError if a file of the project cannot be read."""
    project = Project(root)
    return "\n".join([_HEAD, *_flows(project), *_people(project), *_answers(project), *_facts(project),
                      *_small_answers(project), *_abcd(project)])


def unknown_intents(root: Path) -> set[str]:
    """Return the intents that abcd.yml names and no example has."""
    named = {intent for kinds in _read(_ABCD).values() for kind in kinds.values() for intent in kind.get("through", ())}
    return named - set(Project(root).examples)


def _flows(project: Project) -> Iterator[str]:
    rows = []
    for form, body in project.domain["forms"].items():
        slots, intent = body["required_slots"], form.removesuffix(_FORM)
        asked = [slot for slot in slots if slot not in (_IDENTIFIED, _CONSENT)]
        conditions = [name for slot, name in ((_IDENTIFIED, "identified"), (_CONSENT, "a plain yes")) if slot in slots]
        words = project.file_of(intent, f"{_UTTER}{intent}", f"{_UTTER}ask_{form}")
        rows.append((f"`{intent}`", ", ".join(asked), ", ".join(conditions) or "-", *project.counts(intent), words))
    yield from _table("Flows about an order", "Each asks what it lacks (the order and whose it is, unless known), and "
                      "can be left, interrupted and taken up again.",
                      ("flow", "asks for", "condition", "examples", "turns", "test stories", "words"), rows)


def _people(project: Project) -> Iterator[str]:
    rows = [(f"`{intent}`", f"sure from {least}", *project.counts(intent))
            for intent, least in project.policy["person_intents"].items()]
    yield from _table("Always a person", "EscalationPolicy hands over at once, in the middle of a form too; by mood "
                      "and failures besides: [escalation.md](escalation.md). Words: `human.yml`.",
                      ("intent", "condition", "examples", "turns", "test stories"), rows)


def _answers(project: Project) -> Iterator[str]:
    flows = {form.removesuffix(_FORM) for form in project.domain["forms"]}
    topics = {intent.partition("/")[0] for intent in project.examples if "/" in intent}
    done = flows | topics | set(project.policy["person_intents"])
    rows = [(f"`{intent}`", f"`{action}`", *project.counts(intent),
             project.file_of(intent, action if action.startswith(_UTTER) else _UTTER + action.removeprefix(_ACTION)))
            for intent, action in project.rules.items() if intent not in done]
    yield from _table("Other intents", "Answered by one rule, in the middle of a form too.",
                      ("intent", "answered by", "examples", "turns", "test stories", "words"), rows)


def _facts(project: Project) -> Iterator[str]:
    names = sorted(intent for intent in project.examples if intent.startswith(_FACT))
    rows = [(f"`{name.removeprefix(_FACT)}`", *project.counts(name)[:2],
             project.file_of(name, f"{_UTTER}fact_{name.removeprefix(_FACT)}")) for name in names]
    yield from _table("Facts of one's own order", f"{len(names)} facts, told from the order system once the customer "
                      "is identified.", ("`order_fact/`", "examples", "turns", "words"), rows)


def _small_answers(project: Project) -> Iterator[str]:
    names = sorted(intent for intent in project.examples if "/" in intent and not intent.startswith(_FACT))
    rows = [(f"`{name}`", *project.counts(name)[:2], project.file_of(name, f"{_UTTER}{name}")) for name in names]
    yield from _table("Small answers", f"{len(names)} answers to one question each; nobody need be identified.",
                      ("answer", "examples", "turns", "words"), rows)


def _abcd(project: Project) -> Iterator[str]:
    flows = _read(_ABCD)
    rows = [(flow, f"`{name}`", _BY[kind["by"]], ", ".join(f"`{intent}`" for intent in kind.get("through", ())) or "-",
             kind["why"]) for flow, kinds in flows.items() for name, kind in kinds.items()]
    count = ", ".join(f"{number} {by}" for by, number in Counter(row[2] for row in rows).most_common())
    yield from _table("Beside ABCD", f"The {len(rows)} kinds of the public retail set ABCD (Action-Based Conversations "
                      f"Dataset, Chen et al., 2021): {count}.",
                      ("its flow", "its kind", "done by", "through", "why"), rows)


def _table(title: str, text: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"## {title}\n\n{text}\n"
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    yield from (f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    yield ""


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return content


def figures(page: str) -> tuple[str, list[int]]:
    """Split a page into what it says and the counts in its tables."""
    return re.sub(r"(?<=\| )\d+(?= \|)", "#", page), [int(found) for found in re.findall(r"(?<=\| )\d+(?= \|)", page)]
