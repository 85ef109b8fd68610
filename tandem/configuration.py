"""Configuration is read into pydantic models; whatever is wrong with it is told in one form.

    endpoints.yml: live_agent: support: url must be an address such as https://chat.example.com; see docs/chatwoot.md
    data/duty.yml: hours: mondy is not known, did you mean monday? There are monday, tuesday, ...; see docs/duty.md

Where, which key, what it takes, what stood there instead (unless it may be a secret), and the page that explains it.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_origin

import yaml
from pydantic import BaseModel, Extra, ValidationError, root_validator, validator
from pydantic.fields import MAPPING_LIKE_SHAPES, SHAPE_SINGLETON, ModelField
from pydantic.utils import lenient_issubclass

M = TypeVar("M", bound="ConfigModel")



class ConfigurationError(ValueError):
    """Something in the configuration is missing or wrong; the text names it, and the fix.

    SettingsError                 an environment variable
    LiveAgentConfigError          `live_agent:` of endpoints.yml
    BusinessHoursError            data/duty.yml
    ShopFileError                 data/shop.yml
    WaitingRoomError              data/waiting.yml
    SafetyError                   data/safety.yml
    EscalationSettingsError       EscalationPolicy in config.yml
    OrdersConfigError             `orders:` of endpoints.yml
    """


_LONGEST = 80  # characters of a wrong value that are shown
_MANY = 12  # keys; where there are more, the page tells them
_NOWHERE = object()
_TAKEN: Mapping[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}


class ConfigModel(BaseModel):
    """A section of configuration, which knows all its keys and takes no value of another type.

    A field's `description` finishes the sentence "key must be ..."; without one the sentence tells type and range. A
    field with `repr=False` is a secret: no message shows its value. A validator's ValueError finishes "key ..." in its
    own words, or leaves that to the description if it has none. `Field(from_text=True)` takes a number or a flag that
    is written as text too, because it may come from an environment variable; `Config.from_text` is for all fields.
    With `Config.empty_is_default` a key after which nothing stands, its entries commented out perhaps, is left out.
    """

    class Config:
        extra = Extra.forbid
        frozen = True
        arbitrary_types_allowed = True
        from_text = False
        empty_is_default = False

    @root_validator(pre=True)
    def _leave_out_empty(cls, values: dict[str, Any]) -> dict[str, Any]:
        empty_is_default = getattr(cls.__config__, "empty_is_default", False)
        return {key: value for key, value in values.items() if value is not None or not empty_is_default}

    @validator("*", pre=True, each_item=True, allow_reuse=True)
    def _refuse_other_types(cls, value: Any, field: ModelField) -> Any:
        """Refuse values of other types: YAML has types, so "5" is no number, 5 no text, and `yes` neither."""
        kind = field.type_
        basic = next((one for one in _TAKEN if lenient_issubclass(kind, one)), None)
        if value is None or basic is None or field.shape != SHAPE_SINGLETON or issubclass(kind, Enum):
            return value
        from_text = getattr(cls.__config__, "from_text", False) or field.field_info.extra.get("from_text")
        if basic is not str and from_text and isinstance(value, str) and _is_plain(value):
            return value
        if not isinstance(value, _TAKEN[basic]) or (isinstance(value, bool) and basic is not bool):
            raise TypeError
        return value


LineOf = Callable[[Sequence[int | str]], int]  # the line of a file on which a key stands, from 1


def read_section(
    model: type[M], values: Any, *, where: str, page: str, error: type[Exception], line_of: LineOf | None = None,
) -> M:
    """Read the values of one section into its model.

    Args:
        values: What stands there; nothing (None) is an empty mapping.
        where: The file and the section: "endpoints.yml: live_agent: support"; empty if the keys tell.
        page: The page of docs/ that explains the keys.
        line_of: Tells the line of what is wrong, which then stands after `where`.

    Raises:
        error: A key is unknown or missing, or a value is wrong; the text has a line for each.
    """
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise error(f"{where} must be a mapping, not {shown(values)}; see docs/{page}")
    try:
        return model.parse_obj({str(key): value for key, value in values.items()})
    except ValidationError as wrong:
        raise error(explain(wrong, model, values, where=where, page=page, line_of=line_of)) from None


def read_file(model: type[M], path: Path, *, name: str, page: str, error: type[Exception]) -> M | None:
    """Read a whole YAML file into its model; None if there is no such file.

    Args:
        name: What messages call the file: "data/shop.yml".

    Raises:
        error: The file cannot be read, a key is unknown or missing, or a value is wrong; the text has a line for each,
            with the line of the file.
    """
    content = read_yaml(path, error)
    if content is None and not path.is_file():
        return None
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return read_section(model, content, where=name, page=page, error=error, line_of=lambda loc: _line_of(root, loc))


def read_yaml(path: Path, error: type[Exception]) -> Any:
    """Read a YAML file; None if there is no such file or nothing in it.

    Raises:
        error: The file cannot be read; the text names it, and the line.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise error(f"{path}: cannot be read: {' '.join(str(wrong).split())}") from wrong


def explain(
    wrong: ValidationError, model: type[BaseModel], values: Any, *, where: str, page: str,
    line_of: LineOf | None = None,
) -> str:
    """Tell what is wrong, a line for each key; entries of lists are counted from 1: "rules 2: channel is missing"."""
    lines: dict[str, str] = {}
    for found in wrong.errors():
        place = _Place.of(model, values, found["loc"])
        text = _sentence(place, found["type"], found["msg"])
        # The first of each key: those after it are of other kinds that a key may be.
        before = f"{where}: " if line_of is None else f"{where} line {line_of(found['loc'])}: "
        lines.setdefault(place.name, f"{before if where else ''}{text}; see docs/{page}")
    return "\n".join(lines.values())


def line_finder(path: Path, *section: str) -> LineOf:
    """Return what finds the lines of the keys of a section of a YAML file."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return lambda loc: _line_of(root, (*section, *loc))


def _line_of(root: yaml.Node | None, loc: Sequence[int | str]) -> int:
    """Find the line of a key; for one that is missing, that of the section in which it should stand."""
    node, line = root, root.start_mark.line if root is not None else 0
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            key, value = next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
            if key is None:
                break
            node, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
    return int(line) + 1


def shown(value: Any) -> str:
    """Write a wrong value as a message shows it, in YAML's spelling."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def nearest(name: str, names: Sequence[str]) -> str:
    """Tell that a name is not known, which was probably meant, and all there are unless that is a long list."""
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    if close and len(names) > _MANY:
        return f"{name} is not known, did you mean {close[0]}?"
    meant = f", did you mean {close[0]}? There" if close else "; there"
    return f"{name} is not known{meant} {'are' if len(names) > 1 else 'is'} {', '.join(names)}"


class _Place:
    """Where an error is: the key's name as a person says it, its field, and the value that stands there."""

    def __init__(self, model: type[BaseModel], value: Any) -> None:
        self.model: type[BaseModel] | None = model  # of the keys at this place
        self.field: ModelField | None = None
        self.inside = False  # an entry of the field's list or mapping, not the field itself
        self.secret = False
        self.value = value
        self.names: list[str] = []

    @classmethod
    def of(cls, model: type[BaseModel], values: Any, loc: Sequence[int | str]) -> _Place:
        place = cls(model, values)
        for step in loc:
            if step not in ("__root__", "__key__"):
                place._enter(step)
        return place

    def _enter(self, step: int | str) -> None:
        known = {one.alias: one for one in self.model.__fields__.values()} if self.model is not None else {}
        if isinstance(step, int):
            self.inside = True
            told = self.field is not None and self.field.field_info.description
            self.model = _model_of(self.field)
            if self.model is not None or not told:  # where the description is of the whole list, the value tells
                self.names[-1:] = [f"{self.names[-1] if self.names else 'entry'} {step + 1}"]
        elif step in known:
            self.field, self.inside = known[step], False
            self.secret = self.secret or not self.field.field_info.repr
            self.model = _model_of(self.field)
            self.names.append(step)
        else:
            self.inside = self.model is None
            self.names.append(str(step))
        self.value = _inside(self.value, step)

    @property
    def name(self) -> str:
        return ": ".join(self.names)

    @property
    def expected(self) -> str:
        """Return what finishes "must be"."""
        if self.field is None:
            return ""
        told = self.field.field_info.description or ""
        listed = self.field.shape not in {SHAPE_SINGLETON, *MAPPING_LIKE_SHAPES}
        if self.inside and not (told and listed and _model_of(self.field) is None):
            return _kind(self.field.type_)
        return told or ("a list" if listed else _kind(self.field.type_) if self.field.shape == SHAPE_SINGLETON
                        else "a mapping")


def _sentence(place: _Place, kind: str, said: str) -> str:
    *above, last = place.names or [""]
    before = "".join(f"{name}: " for name in above)
    if kind == "value_error.extra":
        return before + nearest(last, [one.alias for one in place.model.__fields__.values()] if place.model else ())
    if kind == "value_error.missing":
        return f"{place.name} is missing" + (f"; it must be {place.expected}" if place.expected else "")
    if kind == "value_error" and said:
        return f"{place.name} {said}".strip()
    if not place.expected:
        return f"{place.name}: {said}"
    if place.value is None:
        return f"{place.name} must be {place.expected}, and is empty"
    hidden = place.secret or place.value is _NOWHERE or ("://" in str(place.value) and "@" in str(place.value))
    quotes = " (in quotes: YAML reads no, off, yes and on so)" if isinstance(place.value, bool) else ""
    return f"{place.name} must be {place.expected}" + ("" if hidden else f", not {shown(place.value)}{quotes}")


def _kind(kind: Any) -> str:
    """Return a type and its range in words."""
    if not lenient_issubclass(kind, object):
        options = getattr(kind, "__args__", ())
        if get_origin(kind) is tuple:
            return "a list"
        if get_origin(kind) in (Union, UnionType):
            return " or ".join(_kind(one) for one in options)
        return f"one of {', '.join(map(str, options))}" if options else ""
    if issubclass(kind, Enum):
        return f"one of {', '.join(str(one.value) for one in kind)}"
    if issubclass(kind, BaseModel):
        return "a mapping"
    for basic, words in ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "a text")):
        if issubclass(kind, basic):
            low, high = getattr(kind, "ge", None), getattr(kind, "le", None)
            span = f"from {low:g} " if low is not None else ""
            return f"{words} {span}{f'to {high:g}' if high is not None else 'on' if span else ''}".strip()
    return ""


def _model_of(field: ModelField | None) -> type[BaseModel] | None:
    """Return the model of a field's value, or of the entries of its list or mapping."""
    return field.type_ if field is not None and lenient_issubclass(field.type_, BaseModel) else None


def _inside(value: Any, step: int | str) -> Any:
    if isinstance(value, str):  # a validator made a list of it
        return value
    try:
        return value[step]
    except (LookupError, TypeError):
        return _NOWHERE


def _is_plain(text: str) -> bool:
    """Check whether a text is a number as people write it, or a word; Python also takes "5_000"."""
    return text.isascii() and "_" not in text
