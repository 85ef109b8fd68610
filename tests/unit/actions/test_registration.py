"""The action server finds every action, in `actions/` and in the packages inside it, each under a name of its own."""
from __future__ import annotations

import inspect
from collections import Counter

import pytest
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.utils import all_subclasses

from tests.unit.actions.conftest import DOMAIN


@pytest.fixture(scope="module")
def executor() -> ActionExecutor:
    """An action server's actions, registered as `python -m rasa_sdk --actions actions` does it."""
    made = ActionExecutor()
    made.register_package("actions")
    return made


def classes() -> list[type[Action]]:
    """The classes in `actions/` that the server registers: all that are not abstract, in whichever module."""
    return [one for one in set(all_subclasses(Action))
            if one.__module__.split(".")[0] == "actions" and not inspect.isabstract(one)]


def test_what_the_domain_names_is_registered_and_nothing_else(executor: ActionExecutor) -> None:
    named = {name for one in DOMAIN["actions"] for name in ([one] if isinstance(one, str) else one)}
    ours = {one().name() for one in classes()}
    assert ours == {name for name in named if not name.startswith("utter_")}
    assert ours <= set(executor.actions)


def test_no_two_actions_have_one_name(executor: ActionExecutor) -> None:
    """The later one would silently stand for both."""
    count = Counter(one().name() for one in classes())
    assert {name: times for name, times in count.items() if times > 1} == {}


def test_modules_of_the_base_hold_no_action_of_their_own(executor: ActionExecutor) -> None:
    assert [one for one in classes() if one.__module__.startswith("actions.base")] == []


def test_what_has_no_name_is_abstract(executor: ActionExecutor) -> None:
    """The server registers every class that is not, and asks it for its name."""
    for kind in classes():
        for parent in kind.__mro__[1:]:
            assert parent.__module__.startswith(("rasa_sdk", "abc", "builtins")) or inspect.isabstract(parent), parent
