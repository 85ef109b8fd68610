"""The JSON shape of orders (docs/order-systems.md): field by field as in `model.py`, `shipments.py` and `money.py`.

Enums are their values, times ISO 8601 with an offset, amounts strings, so that no float touches money.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tandem.orders.errors import (
    ActNotAllowed,
    ActRefusal,
    AddressNotChangeable,
    IdempotencyConflict,
    InvalidAddress,
    InvoiceNotReady,
    NotCancellable,
    NotReturnable,
    OrderError,
    OrderNotFound,
    ReturnRefusal,
    UnknownItem,
)
from tandem.orders.model import OrderAct, OrderStatus
from tandem.orders.money import Money

T = TypeVar("T")


class JsonFormatError(ValueError):
    """The JSON is not of the shape asked for; the text names the place."""


def to_json(value: Any) -> Any:
    """Write a model value as plain JSON values."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [to_json(part) for part in value]
    return value


def from_json(kind: type[T], data: Any, place: str = "answer") -> T:
    """Read a model value. Unknown fields are ignored, fields with a default may be missing.

    Raises:
        JsonFormatError: The data is of another shape.
    """
    read: T = _read(kind, data, place)
    return read


def _read(kind: Any, data: Any, place: str) -> Any:
    if is_dataclass(kind):
        return _read_fields(kind, data, place)
    if get_origin(kind) is UnionType:  # only `X | None` occurs in the model
        inner = next(part for part in get_args(kind) if part is not type(None))
        return None if data is None else _read(inner, data, place)
    if get_origin(kind) is tuple:
        return _read_list(get_args(kind), data, place)
    if type(data) is not (kind if kind in (bool, int) else str):
        raise JsonFormatError(f"{place}: expected {kind.__name__}, got {type(data).__name__}")
    try:
        return _read_scalar(kind, data)
    except (ValueError, InvalidOperation) as error:
        raise JsonFormatError(f"{place}: expected {kind.__name__}") from error


def _read_scalar(kind: Any, data: Any) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(data.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if kind is Decimal:
        amount = Decimal(data)
        if not amount.is_finite():
            raise ValueError("no amount")
        return amount
    return kind(data)


def _read_list(kinds: tuple[Any, ...], data: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise JsonFormatError(f"{place}: expected a list")
    expected = [kinds[0]] * len(data) if kinds[-1] is Ellipsis else list(kinds)
    if len(expected) != len(data):
        raise JsonFormatError(f"{place}: expected {len(expected)} values")
    return tuple(_read(kind, part, f"{place}[{index}]") for index, (kind, part) in enumerate(zip(expected, data)))


def _read_fields(kind: Any, data: Any, place: str) -> Any:
    if not isinstance(data, Mapping):
        raise JsonFormatError(f"{place}: expected an object")
    values = {}
    for field in fields(kind):
        if field.name in data:
            values[field.name] = _read(_hints(kind)[field.name], data[field.name], f"{place}.{field.name}")
        elif field.default is MISSING:
            raise JsonFormatError(f"{place}.{field.name}: missing")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


_STATUS_CODES: Mapping[type[OrderError], int] = {
    OrderNotFound: 404,
    NotCancellable: 409,
    AddressNotChangeable: 409,
    NotReturnable: 409,
    ActNotAllowed: 409,
    InvoiceNotReady: 409,
    IdempotencyConflict: 422,
    InvalidAddress: 422,
    UnknownItem: 422,
}


def error_to_json(error: OrderError) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and body that say an error; 503 for all that are not the caller's affair."""
    status = _STATUS_CODES.get(type(error), 503)
    body: dict[str, Any] = {"code": _code(type(error)) if status != 503 else "order_system_unavailable"}
    for name in ("status", "reason", "deadline", "field", "sku", "act", "refusal", "most"):
        value = getattr(error, name, None)
        if value is not None:
            body[name] = to_json(value)
    return status, {"error": body}


def error_from_json(number: str, key: str, data: Any) -> OrderError | None:
    """Return the error of a body; None when it is of no known shape."""
    error = data.get("error") if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    try:
        return _error(error.get("code"), number, key, error)
    except (KeyError, ValueError):
        return None


def _error(code: Any, number: str, key: str, data: Mapping[str, Any]) -> OrderError | None:
    if code == _code(OrderNotFound):
        return OrderNotFound(number)
    if code == _code(NotCancellable):
        return NotCancellable(number, OrderStatus(data["status"]))
    if code == _code(AddressNotChangeable):
        return AddressNotChangeable(number, OrderStatus(data["status"]))
    if code == _code(NotReturnable):
        deadline = data.get("deadline")
        when = None if deadline is None else from_json(datetime, deadline, "error.deadline")
        return NotReturnable(number, ReturnRefusal(data["reason"]), when)
    if code == _code(ActNotAllowed):
        most = data.get("most")
        return ActNotAllowed(number, OrderAct(data["act"]), ActRefusal(data["refusal"]),
                             None if most is None else from_json(Money, most, "error.most"))
    if code == _code(InvoiceNotReady):
        return InvoiceNotReady(number)
    if code == _code(IdempotencyConflict):
        return IdempotencyConflict(key)
    if code == _code(InvalidAddress):
        return InvalidAddress(str(data["field"]))
    if code == _code(UnknownItem):
        return UnknownItem(number, str(data["sku"]))
    return None


def _code(kind: type[OrderError]) -> str:
    """Name an error as answers do: `NotCancellable` is `not_cancellable`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
