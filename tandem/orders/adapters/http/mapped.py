"""Orders of a service with JSON of its own, as endpoints.yml describes it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any
from urllib.parse import quote

from tandem.orders.acts.requests import ActRequest, lines_of, name_of, values_of
from tandem.orders.adapters.http.config import HttpRequest, MappedHttpOptions
from tandem.orders.engine import EngineOrder, EngineRefused, EngineReport
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import HttpAnswer, HttpClient
from tandem.orders.mapping.reader import OrderReader, newest_of
from tandem.orders.model import Address, OrderAct, OrderItem, ReturnReason


class MappedService:
    """A `ShopEngine` over any JSON API."""

    does_once = True

    def __init__(
        self, options: MappedHttpOptions, client: HttpClient, zone: tzinfo, business_days: tuple[int, int] = (5, 7),
    ) -> None:
        self._client = client
        self._requests = options.requests
        self._order = options.order
        self._reader = OrderReader(options, value_at, zone, business_days)
        acts: Mapping[OrderAct, HttpRequest | None] = {
            act: getattr(options.requests, act.value) for act in OrderAct}
        self._acts = {act: request for act, request in acts.items() if request is not None}
        self.acts = frozenset(self._acts)

    def by_number(self, numbers: tuple[str, ...]) -> Iterator[EngineOrder]:
        for number in numbers:
            if "/" not in number and number not in (".", ".."):  # servers decode %2F before they choose a route
                yield from self._orders(self._requests.by_number, {"number": number})

    def by_email(self, email: str, limit: int) -> Iterator[EngineOrder]:
        return self._orders(self._requests.by_email, {"email": email, "limit": limit}, limit)

    def newest(self) -> EngineOrder | None:
        request = self._requests.newest
        return None if request is None else newest_of(self._orders(request, {"limit": 1}, 1))

    def cancel(self, target: EngineOrder) -> None:
        self._act(OrderAct.CANCEL, target, {})

    def change_address(self, target: EngineOrder, address: Address) -> None:
        self._act(OrderAct.CHANGE_ADDRESS, target, {
            "name": address.name, "street": address.street, "city": address.city, "postcode": address.postcode,
            "region": address.region, "country": address.country})

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        self._act(OrderAct.START_RETURN, target, {"reason": reason.value, "skus": [line.sku for line in lines]})

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        skus = {"skus": list(dict.fromkeys(line.sku for line in lines_of(target.order, request)))}
        self._act(request.act, target, {**skus, **values_of(request, reference)})
        return name_of(request, reference)

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        return None  # it is asked again, with the same key

    def check(self) -> EngineReport:
        warnings = [] if self._requests.newest else ["requests has no newest: the check cannot read an order"]
        if self._requests.health is not None:
            answer = self._ask(self._requests.health, {})
            if not 200 <= answer.status < 300:
                raise OrderSystemUnavailable(f"the order service answered its health check with {answer.status}")
        return EngineReport("a JSON service", tuple(warnings))

    def _orders(self, request: HttpRequest, values: Mapping[str, Any], limit: int = 100) -> Iterator[EngineOrder]:
        """Read the orders of an answer, and of the pages after it until there are enough."""
        pages, seen = request.pages, 0
        cursor: Any = pages.first if pages is not None else None
        for _ in range(pages.most if pages is not None else 1):
            extra = {} if pages is None or cursor is None else {pages.query: str(cursor)}
            answer = self._ask(request, values, extra)
            if answer.status in request.missing:
                return
            if not answer.ok:
                raise _away(answer)
            found = _listed(value_at(answer.data, request.orders) if request.orders else answer.data)
            for record in found:
                yield self._reader.read(record, self._parts(record))
            seen += len(found)
            if pages is None or not found or seen >= limit:
                return
            cursor = value_at(answer.data, pages.next) if pages.next else int(cursor) + pages.step
            if not cursor:
                return

    def _parts(self, record: Any) -> dict[str, Sequence[Any]]:
        fields = self._order
        lists = {"items": fields.items, "shipments": fields.shipments, "refund": fields.refund,
                 "return": fields.return_}
        return {name: _listed(value_at(record, part.list)) for name, part in lists.items() if part is not None}

    def _act(self, act: OrderAct, target: EngineOrder, values: Mapping[str, Any]) -> None:
        request = self._acts[act]
        answer = self._ask(request, {"id": target.id, "number": target.order.number, **values})
        if answer.status in request.refused:
            raise EngineRefused(f"status {answer.status}")
        if not 200 <= answer.status < 300:
            raise _away(answer)

    def _ask(
        self, request: HttpRequest, values: Mapping[str, Any], extra: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        quoted = {name: quote(str(value), safe="") for name, value in values.items()}
        query = {name: filled(text, values) for name, text in request.query.items()}
        return self._client.call(request.method, filled(request.path, quoted), query={**query, **(extra or {})},
                                 body=filled(request.body, values))


def value_at(record: Any, path: str) -> Any:
    """Follow a path into JSON: `customer.email`, `lines.0.sku`, `lines[].sku` (a list); None where it leads nowhere."""
    for step, rest in _steps(path):
        if step.endswith("[]"):
            inner = value_at(record, step[:-2]) if step != "[]" else record
            return [value_at(one, rest) if rest else one for one in inner] if isinstance(inner, list) else None
        if isinstance(record, Mapping):
            record = record.get(step)
        elif isinstance(record, list) and step.lstrip("-").isdigit() and -len(record) <= int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Put values in place of {names}; a text that is nothing but one name becomes the value itself, a list too."""
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if template[:1] == "{" and template[-1:] == "}" and template[1:-1] in values:
        return values[template[1:-1]]
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", str(value))
    return template


def _away(answer: HttpAnswer) -> OrderSystemUnavailable:
    if answer.status in (401, 403):
        return OrderSystemUnavailable(f"the order service does not take what auth: sends (status {answer.status})")
    return OrderSystemUnavailable(f"the order service answered status {answer.status}, not understood")


def _steps(path: str) -> Iterator[tuple[str, str]]:
    rest = path
    while rest:
        step, _, rest = rest.partition(".")
        yield step, rest


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, Mapping) else []
