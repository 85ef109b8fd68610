"""Keep the class paths working that users wrote in YAML files before things moved."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def moved(module: str, **classes: str) -> Callable[[str], Any]:
    """Make a module's `__getattr__` that finds classes at their new places, and warns with the new path.

    Args:
        module: The old module's name.
        classes: Each old class name with the full path of the class today.
    """

    def find(name: str) -> Any:
        if name not in classes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, _, today = classes[name].rpartition(".")
        warnings.warn(f"{module}.{name} is now {classes[name]}; please change your YAML files, the old path will go",
                      FutureWarning, stacklevel=2)
        return getattr(import_module(place), today)

    return find
