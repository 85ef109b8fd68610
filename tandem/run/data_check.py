"""Look over data/ and domain.yml before anything is trained on them; each trouble with its file and line.

Only what would stop the training or leave a customer without an answer, and only what takes a moment: YAML that cannot
be read, responses of a wrong form, names that do not exist. `make stories` checks much more.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

import yaml

from tandem.run.errors import InvalidData

_DOMAIN = Path("domain.yml")
_CONTENT = {"text", "custom", "image", "attachment", "elements", "quick_replies", "template", "buttons"}
_KEYS = _CONTENT | {"button_type", "channel", "condition", "metadata", "id"}
_NAMES_A_RESPONSE = "utter_action"  # the key of Rasa's events, and no response itself
_RASAS_ACTIONS = {"listen", "restart", "session_start", "default_fallback", "deactivate_loop", "back",
                  "two_stage_fallback", "unlikely_intent", "extract_slots", "revert_fallback_events",
                  "default_ask_affirmation", "default_ask_rephrase"}
_RASAS_INTENTS = {"restart", "back", "session_start", "out_of_scope", "nlu_fallback"}


@dataclass
class _Data:
    """What was found so far, each name where it stands."""

    troubles: list[str] = field(default_factory=list)
    responses: dict[str, str] = field(default_factory=dict)
    known: dict[str, set[str]] = field(default_factory=dict)  # sections of domain.yml: intents, actions, forms, slots
    used: list[tuple[str, str, str]] = field(default_factory=list)  # "action" or "intent", its name, where


def require_sound_data(root: Path) -> None:
    """Check the project's data.

    Raises:
        InvalidData: Something is wrong; the text has a line for each trouble: "data/responses/x.yml:12: ...".
    """
    found = troubles(root)
    if found:
        raise InvalidData("\n".join(found))


def troubles(root: Path) -> list[str]:
    """List everything that is wrong, in the order of the files."""
    data = _Data()
    for path in [root / _DOMAIN, *sorted((root / "data").rglob("*.yml")), *sorted((root / "data").rglob("*.yaml"))]:
        if path.is_file() and not path.name.startswith("."):
            _read(path, path.relative_to(root).as_posix(), data)
    return [*data.troubles, *_unknown(data), *_unknown_to_actions(root, data)]


def _read(path: Path, name: str, data: _Data) -> None:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        data.troubles.append(f"{name}: not UTF-8: {error.reason} at byte {error.start}")
        return
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        data.troubles.append(f"{name}:{line}: not YAML: {' '.join(filter(None, (error.context, error.problem)))}")
        return
    except yaml.YAMLError as error:
        data.troubles.append(f"{name}: not YAML: {' '.join(str(error).split())}")
        return
    for key, value in _items(root):
        if key.value == "responses":
            for response, variants in _items(value):
                _response(response, variants, name, data)
        elif key.value in ("rules", "stories"):
            _steps(value, name, data)
        elif name == _DOMAIN.as_posix():
            data.known[key.value] = set(_names(value))


def _items(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _names(node: yaml.Node) -> Iterator[str]:
    """Return the names of a section, written as a list, as a list of mappings, or as a mapping."""
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from [one.value] if isinstance(one, yaml.ScalarNode) else [key.value for key, _ in _items(one)]
    yield from (key.value for key, _ in _items(node))


def _where(name: str, node: yaml.Node) -> str:
    return f"{name}:{node.start_mark.line + 1}"


def _response(key: yaml.ScalarNode, variants: yaml.Node, name: str, data: _Data) -> None:
    where = _where(name, key)
    if key.value in data.responses:
        data.troubles.append(f"{where}: {key.value} stands in {data.responses[key.value]} already")
    data.responses.setdefault(key.value, where)
    if not isinstance(variants, yaml.SequenceNode) or not variants.value:
        data.troubles.append(f"{where}: {key.value} needs a list of variations, each beginning with `- text:`")
        return
    for variant in variants.value:
        fields = {field.value: value for field, value in _items(variant)}
        which = f"{_where(name, variant)}: a variation of {key.value}"
        if not set(fields) & _CONTENT:
            data.troubles.append(f"{which} has no text")
        data.troubles += [f"{which} has {unknown!r}, which is unknown" for unknown in sorted(set(fields) - _KEYS)]
        text = fields.get("text")
        if isinstance(text, yaml.ScalarNode):
            _braces(key.value, text, name, data)


def _braces(response: str, text: yaml.ScalarNode, name: str, data: _Data) -> None:
    """Check what stands in braces: Rasa fills it in, and sends the text as it is if it cannot read them."""
    try:
        list(Formatter().parse(text.value))
    except ValueError as error:
        data.troubles.append(f"{_where(name, text)}: the braces of {response} cannot be read: {error}")


def _steps(node: yaml.Node, name: str, data: _Data) -> None:
    """Note every `action:` and `intent:` of rules and stories, however deep."""
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _steps(one, name, data)
    for key, value in _items(node):
        if key.value in ("action", "intent") and isinstance(value, yaml.ScalarNode):
            data.used.append((key.value, value.value, _where(name, value)))
        else:
            _steps(value, name, data)


def _unknown(data: _Data) -> Iterator[str]:
    actions = data.known.get("actions", set()) | data.known.get("forms", set())
    actions |= {f"action_{name}" for name in _RASAS_ACTIONS}
    intents = data.known.get("intents", set()) | _RASAS_INTENTS
    for kind, name, where in data.used:
        if kind == "action" and name.startswith("utter_"):
            if name not in data.responses and not any(known.startswith(f"{name}/") for known in data.responses):
                yield f"{where}: there is no response {name} in data/responses/"
        elif kind == "action" and name not in actions and name != "...":
            yield f"{where}: there is no action or form {name} in domain.yml"
        elif kind == "intent" and name.partition("/")[0] not in intents:
            yield f"{where}: there is no intent {name} in domain.yml"


def _unknown_to_actions(root: Path, data: _Data) -> Iterator[str]:
    """Find responses that an action says by their full name and that are not there any more."""
    for path in sorted((root / "actions").rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError:
            continue  # the action server says so
        pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces \
                    and node.value.startswith("utter_") and node.value.isidentifier() and not node.value.endswith("_") \
                    and node.value not in data.responses and node.value != _NAMES_A_RESPONSE:
                yield (f"{path.relative_to(root).as_posix()}:{node.lineno}: says {node.value}, which is no response in "
                       "data/responses/")
