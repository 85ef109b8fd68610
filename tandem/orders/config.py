"""Which engine holds the orders, and how it is reached: the `orders:` section of endpoints.yml.

    endpoints.yml: orders line 7: order: numbr is not known, did you mean number? ...; see docs/order-systems.md
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, validator
from pydantic.fields import ModelField

from tandem.configuration import ConfigModel, ConfigurationError, line_finder, nearest, read_section, read_yaml, shown
from tandem.settings import SettingsError, expand

SECTION = "orders"
ENGINE = "engine"
PAGE = "order-systems.md"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_VARIABLE = re.compile(r"\$\{\w+\}")
_IN_URL = re.compile(r"://[^/@:]*:(?!\$\{)[^/@]*@")  # a password that is written out

Options = TypeVar("Options", bound="EngineOptions")


class OrdersConfigError(ConfigurationError):
    """The `orders:` section cannot be read; the text names line, key and fix."""


class EngineOptions(ConfigModel):
    """The keys of an engine under `orders:`; each adapter's own model adds its fields. One with `repr=False` is a
    secret, which comes from the environment only."""


@dataclass(frozen=True)
class OrdersSection:
    """The section as it stands in the file: the engine's name, and its own keys. `path` is None for a URL that the
    settings name."""

    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def from_environment(self) -> bool:
        """Check whether a setting says it, and no file."""
        return self.path is None

    def read(self, model: type[Options]) -> Options:
        """Read the engine's keys into its model, with what comes from the environment.

        Raises:
            OrdersConfigError: A key is missing, wrong or unknown, a secret stands in the file, or a variable is not
                set; the text never shows a secret.
        """
        if self.path is None:
            return read_section(model, self.options, where="", page=PAGE, error=OrdersConfigError)
        _refuse_secrets(model, self.options, (), self._where)
        filled = _filled(self.options, (), self._where)
        return read_section(model, filled, where=f"{self.path.name}: {SECTION}", page=PAGE, error=OrdersConfigError,
                            line_of=line_finder(self.path, SECTION))

    def wrong(self, keys: Sequence[int | str], text: str) -> OrdersConfigError:
        """Return the error that something only the adapter can judge is wrong with a key."""
        return OrdersConfigError(f"{self._where(keys)}: {': '.join(map(str, keys))} {text}; see docs/{PAGE}")

    @contextmanager
    def naming(self, key: str, *faults: type[Exception]) -> Iterator[None]:
        """Say of faults that come up inside the block that this key is wrong; not of a URL from the settings."""
        try:
            yield
        except faults as error:
            if self.path is None:
                raise
            # Without the error's text, which may hold a password.
            raise self.wrong((key,), f"cannot be used: {type(error).__name__}") from None

    def _where(self, keys: Sequence[int | str]) -> str:
        if self.path is None:
            return SECTION
        return f"{self.path.name}: {SECTION} line {line_finder(self.path, SECTION)(keys)}"


def read_orders(path: Path, engines: Sequence[str]) -> OrdersSection | None:
    """Read which engine endpoints.yml names; None if it names none.

    Args:
        engines: The names that are known; one with a colon is an adapter outside Tandem, "module:function".

    Raises:
        OrdersConfigError: The file cannot be read, or the engine is missing or not known.
    """
    content = read_yaml(path, OrdersConfigError) or {}
    given = content.get(SECTION) if isinstance(content, Mapping) else None
    if given is None:
        return None
    there = f"there are {', '.join(engines)}"
    empty = OrdersSection("", {}, path)
    if not isinstance(given, Mapping):
        raise OrdersConfigError(f"{empty._where(())}: it must be a mapping, not {shown(given)}; see docs/{PAGE}")
    name = given.get(ENGINE)
    if name is None:
        raise OrdersConfigError(f"{empty._where(())}: {ENGINE} is missing; {there}; see docs/{PAGE}")
    if not isinstance(name, str) or (name not in engines and ":" not in name):
        raise OrdersConfigError(f"{empty._where((ENGINE,))}: {ENGINE}: {nearest(shown(name).strip(chr(39)), engines)}; "
                                f"see docs/{PAGE}")
    return OrdersSection(name, {str(key): value for key, value in given.items() if key != ENGINE}, path)


def address(*fields: str) -> Any:
    """Make a validator of an `EngineOptions` model: these fields are addresses, https but on this machine."""
    return validator(*fields, allow_reuse=True)(_check_address)


def _check_address(cls: type[EngineOptions], value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        fits = False
    if not fits:
        raise TypeError  # in the words of the field's description
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("must begin with https: customers' addresses and your key travel over it")
    return value.rstrip("/")


def _refuse_secrets(
    model: type[BaseModel], values: Any, keys: tuple[int | str, ...], where: Callable[[Sequence[int | str]], str],
) -> None:
    """Refuse a secret, or a password in a URL, that is written into the file."""
    if not isinstance(values, Mapping):
        return
    fields: Mapping[str, ModelField] = {one.alias: one for one in model.__fields__.values()}
    for key, value in values.items():
        known = fields.get(str(key))
        secret = known is not None and not known.field_info.repr
        if isinstance(value, str) and (_IN_URL.search(value) or (secret and value and not _VARIABLE.search(value))):
            name = ": ".join(map(str, (*keys, key)))
            raise OrdersConfigError(
                f"{where((*keys, key))}: {name} is a secret, which does not belong into a file: set it in the "
                f"environment, and write ${{SHOP_SECRET}} here, with that variable's name; see docs/{PAGE}")
        inner = known.type_ if known is not None else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            _refuse_secrets(inner, value, (*keys, str(key)), where)


def _filled(value: Any, keys: tuple[int | str, ...], where: Callable[[Sequence[int | str]], str]) -> Any:
    """Put the environment's values in place of each `${NAME}`."""
    if isinstance(value, Mapping):
        return {str(key): _filled(one, (*keys, str(key)), where) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, (*keys, index), where) for index, one in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return expand(value)
    except SettingsError as error:
        raise OrdersConfigError(f"{where(keys)}: {': '.join(map(str, keys))}: {error}; see docs/{PAGE}") from error
