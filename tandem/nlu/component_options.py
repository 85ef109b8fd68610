"""Reads the keys of the pipeline's components in config.yml."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from rasa.shared.exceptions import InvalidConfigException

from tandem.configuration import ConfigModel, read_section

M = TypeVar("M", bound=ConfigModel)


def read_options(model: type[M], component: type, config: Mapping[str, Any]) -> M:
    """Read what config.yml says of a component.

    Raises:
        InvalidConfigException: A key is unknown or wrong; the text names it.
    """
    return read_section(model, config, where=f"config.yml: {component.__name__}", page="nlu.md",
                        error=InvalidConfigException)
