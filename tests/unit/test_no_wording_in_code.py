"""What customers read stands in files by language: not in Python, and not in the widget's JavaScript."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.channels.webchat.assets import STATIC

ROOT = Path(__file__).resolve().parents[2]
SPEAKING = ("actions", "tandem/channels", "tandem/conversations", "tandem/gateway", "tandem/handoff/queue_watchdog.py",
            "tandem/live_agents/relay", "tandem/rasa_ext", "tandem/wording", "tandem/desk/agent_service.py")
FOR_AGENTS = {"tandem/conversations/context_card.py"}
# Calls whose texts are for developers and operators, or are patterns to read by.
_FOR_OTHERS = re.compile(r"(?:^|\.)(?:logger\.\w+|warn|compile|Finding|text|Field|\w*[Ee]rror|\w*[Rr]efus\w*)$")
_SENTENCE = re.compile(r"[“\"']?[A-Z][a-z’']*,? (?:\S+ )*\S*[a-z].*|.*\w+ .*[.?!…]", re.DOTALL)
_PARTICLES = re.compile(r"\W*(?:\b(?:and|or|to|by|at|on|in|from|of|ago|days?|about|today|tomorrow|yesterday)\b\W*)+")
_LIST = re.compile(r" ?[,;·–] ")  # between things, when they are joined
# Texts that others than customers read, by how they begin.
AGENTS_READ = (
    "Refund of {x} for cancelled", "Refund of {x} for lost", "Return {x}: free label", "Taken over by {x}",
    "The customer has left this conversation", "Tell when something changes with order",
)
DEVELOPERS_READ = (
    "Twilio's webhooks cannot be checked", "pages of {x} may not use the chat", "Rasa's HTTP API is off", "Bearer {x}",
    # The message beside the code of an answer over HTTP; the widget has its own words for each.
    "The session has ended.", "Too many requests", "There is no such conversation any more.",
    "Please try again in a moment.",
)
NAMES = ("Web chat", "Facebook Messenger")
PATTERNS = ("(?:(?:i want (?:you )?to|", "(?:{x})(?:| about {x}")  # of what customers write
NO_WORDING = AGENTS_READ + DEVELOPERS_READ + NAMES + PATTERNS


class Texts(ast.NodeVisitor):
    """Collects (line, text) of the strings of a module, but for docstrings and what developers read."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        return None

    def visit_Call(self, node: ast.Call) -> None:
        if _FOR_OTHERS.search(ast.unparse(node.func)):
            return
        match node.func:
            case ast.Attribute(attr="join", value=ast.Constant(value=str(separator))) if _LIST.fullmatch(separator):
                self.found.append((node.lineno, f"{{x}}{separator}{{x}}"))
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (str(one.value) if isinstance(one, ast.Constant) else "{x}" for one in node.values)
        self.found.append((node.lineno, "".join(parts)))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append((node.lineno, node.value))


def is_wording(text: str) -> bool:
    """Whether a text reads like a sentence, or like what stands between the things of one."""
    pieces = text.split("{x}")
    particles = " " in text and any(_PARTICLES.fullmatch(piece) for piece in pieces)
    listed = len(pieces) > 2 and any(_LIST.fullmatch(piece) for piece in pieces[1:-1])
    return bool(_SENTENCE.fullmatch(text)) or particles or listed


def wording(code: str) -> Iterator[tuple[int, str]]:
    texts = Texts()
    texts.visit(ast.parse(code))
    yield from ((line, text) for line, text in texts.found if is_wording(text))


def modules() -> Iterator[Path]:
    for folder in SPEAKING:
        place = ROOT / folder
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.relative_to(ROOT).as_posix() not in FOR_AGENTS:
                yield path


def test_python_has_no_wording_for_customers() -> None:
    found = [(f"{path.relative_to(ROOT)}:{line}", text)
             for path in modules() for line, text in wording(path.read_text(encoding="utf-8"))]
    unknown = [f"{place}: {text!r}" for place, text in found if not text.startswith(NO_WORDING)]
    assert unknown == [], "customers' words go into data/responses/ or tandem/wording/<language>.yml"
    assert [one for one in NO_WORDING if not any(text.startswith(one) for _, text in found)] == [], "these are gone"


@pytest.mark.parametrize("code", [
    'say("Your order was shipped.")', 'say(f"Hello {name}, how are you?")', 'days = f"{least} to {most}"',
    'say(f"{days} days ago")', 'text = "; ".join(names)', 'text = ", ".join(names) + " and " + last',
    'text = f"{number} · {item}"', 'text = "tomorrow at " + time',
])
def test_the_search_finds_wording(code: str) -> None:
    assert list(wording(code))


@pytest.mark.parametrize("code", [
    'def f():\n    """Say what it does."""', 'raise ValueError("This is wrong.")', 'logger.info("Nobody is there.")',
    'utter(response="utter_order_status", number=number)', 'path = f"/{intent}/{number}"',
    'key = f"{channel}:{number}"',
])
def test_the_search_leaves_alone_what_is_no_wording(code: str) -> None:
    assert not list(wording(code))


# What JavaScript says to developers, and its selectors, classes, keys and names of the browser.
_CALL = r"\((?:[^()]|\([^()]*\))*\)"
_STRING = r"""(?:"[^"]*"|`[^`]*`)"""
_NOT_SHOWN = re.compile(
    rf"(?:new Error|super|console\.\w+){_CALL}|(?:class:|rel:|className =) {_STRING}"
    rf"|\w+(?:Selector\w*|Media)\({_STRING}|(?:key|name) [!=]== {_STRING}|\"\w+-[A-Z][\w-]*\""
    r"|`Bearer [^`]*`|\"use strict\"|/(?:\\.|[^/\\\n])+/[gimsuvy]+\b")
_SHOWN = re.compile(r"(?<!\w)[A-Z][a-z]+\b|\b[a-z]{2,}[,.…!?]? [a-z]{2,}\b|\}[,;·]? \{")


def shown(code: str) -> list[str]:
    """The strings of a script that read like words for people."""
    code = _NOT_SHOWN.sub(" ", re.sub(r"(?:^|(?<=\s))//.*", "", code))
    strings = (re.sub(r"\$\{[^}]*\}", "{x}", one[1:-1]) for one in re.findall(_STRING, code))
    return [text for text in strings if _SHOWN.search(text)]


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_the_widgets_scripts_have_no_wording(path: Path) -> None:
    assert shown(path.read_text(encoding="utf-8")) == [], "the widget's words go into assets/lang/<language>.json"


@pytest.mark.parametrize("code", [
    'h("span", {}, "Sign in")', "title = `${a}, ${b}`;", 'h("p", {}, "not signed in")', 'label = "Assistant";',
])
def test_the_search_finds_wording_in_a_script(code: str) -> None:
    assert shown(code)
