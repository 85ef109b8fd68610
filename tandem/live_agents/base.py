"""What the adapters of outside tools are built from."""
from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

import httpx

from tandem.live_agents.config import AdapterOptions

A = TypeVar("A", bound="BaseAdapter[Any]")
Options = TypeVar("Options", bound=AdapterOptions)


class BaseAdapter(ABC, Generic[Options]):
    """A live-agent channel that is configured in endpoints.yml and speaks to its tool over HTTP.

    A subclass names its options and their page in docs/, connects its client, and has the calls of `LiveAgentChannel`.
    """

    options: ClassVar[type[AdapterOptions]]
    page: ClassVar[str]

    def __init__(
        self, name: str, options: Options, transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            clock: Seconds since 1970.
        """
        self.name = name
        self._options = options
        self._clock = clock
        self.connect(transport)

    @abstractmethod
    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the tool's API; nothing is sent yet."""

    @classmethod
    def from_options(cls: type[A], name: str, options: Mapping[str, Any]) -> A:
        """Make the channel as endpoints.yml configures it; see `AdapterOptions.read`."""
        return cls(name, cls.options.read(name, options, cls.page))

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Return nothing: most tools look only at the status of an answer to their webhook."""
        return None
