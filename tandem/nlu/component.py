"""What the pipeline's components share: keys in config.yml that pydantic reads, and how Rasa makes a component."""
from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import InvalidConfigException

from tandem.configuration import ConfigModel, read_section

C = TypeVar("C", bound="ConfiguredComponent")
L = TypeVar("L", bound="LearningComponent[Any]")


class Saved(Protocol):
    """What is learnt, and can be written to a file."""

    def save(self, path: Path) -> None:
        """Write it."""


M = TypeVar("M", bound=Saved)


class ConfiguredComponent(GraphComponent):
    """A component whose keys in config.yml are the fields of `options`."""

    options: ClassVar[type[ConfigModel]]

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        """Return all keys with their defaults."""
        return cls.options().dict()

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Check the keys.

        Raises:
            InvalidConfigException: One is unknown or wrong; the text names it.
        """
        read_section(cls.options, config, where=f"config.yml: {cls.__name__}", page="nlu.md",
                     error=InvalidConfigException)

    @classmethod
    def create(
        cls: type[C], config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> C:
        """Create the component, if its keys are right: Rasa itself does not check them."""
        cls.validate_config(config)
        return cls({**cls.get_default_config(), **config})


class LearningComponent(ConfiguredComponent, Generic[M]):
    """A component that learns a model, and keeps it in a file of the trained archive."""

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: M | None) -> None:
        super().__init__(config)
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls: type[L], config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> L:
        """Create it untrained."""
        cls.validate_config(config)
        return cls({**cls.get_default_config(), **config}, model_storage, resource, None)

    def _learnt(self, model: M, file: str) -> Resource:
        """Read with this model from now on, and store it."""
        self._model = model
        with self._storage.write_to(self._resource) as folder:
            model.save(folder / file)
        return self._resource
