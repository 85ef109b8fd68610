"""Orders in tables or views of the shop's own, as endpoints.yml names them. Read only, but for the acts it gives."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import bindparam, create_engine, inspect, text
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from tandem.db.engine import now, open_engine
from tandem.orders.acts.requests import ActRequest, lines_of, name_of, values_of
from tandem.orders.adapters.sql.config import MappedSqlOptions
from tandem.orders.engine import EngineOrder, EngineRefused, EngineReport
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.mapping.fields import PartFields, sources
from tandem.orders.mapping.reader import OrderReader, newest_of
from tandem.orders.model import Address, OrderAct, OrderItem, ReturnReason

_SECONDS = 5


class MappedTables:
    """A `ShopEngine` over tables of any names.

    Raises:
        ArgumentError, ImportError: The URL is none, or names a database without a driver.
    """

    does_once = False

    def __init__(
        self, options: MappedSqlOptions, zone: tzinfo, business_days: tuple[int, int] = (5, 7),
        clock: Callable[[], datetime] = now,
    ) -> None:
        order = options.order
        self._engine = _open(options.url)
        self._reader = OrderReader(options, lambda row, source: row[source], zone, business_days)
        self._statements: Mapping[OrderAct, Sequence[str]] = {
            act: getattr(options.acts, act.value) for act in OrderAct}
        self._done = options.acts.done
        self.acts = frozenset(act for act, statements in self._statements.items() if statements)
        self._clock = clock
        self._id = str(order.id or order.number)
        columns = tuple(dict.fromkeys((
            self._id, *sources(order), *sources(order.address), *sources(order.parcel))))
        self._columns = {f"f{index}": source for index, source in enumerate(columns)}
        self._head = f"SELECT {_selected(self._columns)} FROM {order.from_}"
        self._number, self._email, self._placed_at = str(order.number), str(order.email), str(order.placed_at)
        parts: Mapping[str, PartFields | None] = {
            "items": order.items, "shipments": order.shipments, "refund": order.refund, "return": order.return_}
        self._parts = {name: part for name, part in parts.items() if part is not None}

    def by_number(self, numbers: tuple[str, ...]) -> Iterator[EngineOrder]:
        # Compared as text: a column of integers takes "1042abc" for 1042 on some databases.
        return self._read(f"{self._head} WHERE CAST({self._number} AS VARCHAR(80)) IN :wanted", {"wanted": numbers})

    def by_email(self, email: str, limit: int) -> Iterator[EngineOrder]:
        return self._read(
            f"{self._head} WHERE LOWER({self._email}) = :email ORDER BY {self._placed_at} DESC LIMIT :most",
            {"email": email, "most": limit})

    def newest(self) -> EngineOrder | None:
        return newest_of(self._read(f"{self._head} ORDER BY {self._placed_at} DESC LIMIT 1", {}))

    def cancel(self, target: EngineOrder) -> None:
        self._run(OrderAct.CANCEL, target, {}, [{}])

    def change_address(self, target: EngineOrder, address: Address) -> None:
        self._run(OrderAct.CHANGE_ADDRESS, target, {
            "name": address.name, "street": address.street, "city": address.city, "postcode": address.postcode,
            "region": address.region, "country": address.country}, [{}])

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        self._run(OrderAct.START_RETURN, target, {"reason": reason.value, "return_id": f"R-{target.order.number}"},
                  [{"sku": line.sku, "quantity": line.quantity} for line in lines])

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        self._run(request.act, target, values_of(request, reference), [
            {"sku": line.sku, "quantity": line.quantity} for line in lines_of(target.order, request)])
        return name_of(request, reference)

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        with self._reading() as connection:
            found = connection.execute(text(self._done), {"key": reference}).first() if self._done else None
        return name_of(request, reference) if found is not None else None

    def check(self) -> EngineReport:
        with self._reading() as connection:
            connection.execute(text(f"{self._head} WHERE 1 = 0"))
            if self._done:
                connection.execute(text(self._done), {"key": ""}).first()
            for part in self._parts.values():
                connection.execute(text(f"SELECT {_selected(_named(part))} FROM {part.from_} WHERE 1 = 0"))
            tables = len(inspect(connection).get_table_names())
        return EngineReport(f"{self._engine.dialect.name}, {tables} tables")

    def _read(self, query: str, values: Mapping[str, Any]) -> Iterator[EngineOrder]:
        with self._reading() as connection:
            statement = text(query)
            if "wanted" in values:
                statement = statement.bindparams(bindparam("wanted", expanding=True))
            rows = [{source: row[name] for name, source in self._columns.items()}
                    for row in connection.execute(statement, values).mappings()]
            ids = [row[self._id] for row in rows]
            parts = {name: _by_order(connection, part, ids) for name, part in self._parts.items()}
        return iter([self._reader.read(row, {name: found[row[self._id]] for name, found in parts.items()})
                     for row in rows])

    def _run(
        self, act: OrderAct, target: EngineOrder, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]],
    ) -> None:
        """Run the statements of an act in one transaction; one that runs for each line names `:sku`."""
        moment = self._clock().replace(microsecond=0)
        given = {"id": target.data[self._id], "number": target.order.number, "now": moment,
                 "total": str(target.order.total.amount), **values}
        with _reachable(), self._engine.begin() as connection:
            for number, statement in enumerate(self._statements[act]):
                changed = 0
                names = set(re.findall(r":(\w+)", statement))
                for line in lines if "sku" in names else [{}]:
                    named = {name: value for name, value in {**given, **line}.items() if name in names}
                    changed += connection.execute(text(statement), named).rowcount
                if number == 0 and changed < 1:  # its WHERE did not hold any more
                    raise EngineRefused("the first statement changed nothing")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _reachable(), self._engine.connect() as connection:
            yield connection


def _open(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        # Not `open_engine`: it would change the file's journal, owner's rights and locks, and make a missing file.
        file = str(parsed.database)
        return create_engine(f"sqlite:///file:{file}?mode=rw&uri=true", hide_parameters=True, connect_args={
            "timeout": _SECONDS, "check_same_thread": False})
    return open_engine(url)


def _named(part: PartFields) -> dict[str, str]:
    columns = (part.order, *(source for source in sources(part) if source != part.order))
    return {f"f{index}": source for index, source in enumerate(columns)}


def _selected(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{source} AS {name}" for name, source in columns.items())


def _by_order(connection: Connection, part: PartFields, ids: Sequence[Any]) -> defaultdict[Any, list[dict[str, Any]]]:
    """Read the parts of several orders in one query."""
    found: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    if not ids:
        return found
    columns = _named(part)
    sort = f" ORDER BY {part.sort}" if part.sort else ""
    query = text(f"SELECT {_selected(columns)} FROM {part.from_} WHERE {part.order} IN :ids{sort}").bindparams(
        bindparam("ids", expanding=True))
    for row in connection.execute(query, {"ids": list(ids)}).mappings():
        found[row["f0"]].append({source: row[name] for name, source in columns.items()})
    return found


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # The driver's words name tables and columns, which is what a wrong mapping needs, and no customer's data.
        why = str(getattr(error, "orig", "") or type(error).__name__).splitlines()[0]
        raise OrderSystemUnavailable(f"the order database does not answer: {why}") from error
