"""What the database does for each statement that the code sends: captured while the code runs, then explained."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

# Tables that grow with the years. The others hold what there is at the moment (agents, sessions), or are folded.
GROWING = {
    "conversations", "messages", "handoffs", "fenced_replies", "case_entries", "relays", "webhooks", "agent_events",
    "audit_log", "sign_in_attempts", "identification_misses", "identification_refusals", "identification_grants",
    "events",
}
COSTLY = 500.0  # of PostgreSQL's units, which are pages read one after the other
PASSING_ON = {"Nested Loop", "Incremental Sort", "Subquery Scan"}  # take no more rows than they are asked for
STEPS = 1000  # of SQLite's virtual machine between two calls of its progress handler


class Statements:
    """The statements that any engine has run, each once, with the first parameters that it had."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}
        self.steps: dict[str, int] = {}  # of SQLite's virtual machine, in thousands
        self._running: dict[int, str] = {}

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Capture while this is open."""
        event.listen(Engine, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", self._note)

    def _note(self, connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any,
              many: bool) -> None:
        self.seen.setdefault(statement, parameters[0] if many else parameters)
        if connection.dialect.name == "sqlite":
            key = id(cursor.connection)
            if key not in self._running:
                cursor.connection.set_progress_handler(lambda: self._step(key), STEPS)
            self._running[key] = statement

    def _step(self, key: int) -> int:
        statement = self._running[key]
        self.steps[statement] = self.steps.get(statement, 0) + 1
        return 0

    def scans(self, engine: Engine) -> dict[str, list[str]]:
        """The steps of their plans that walk through a table that grows, by statement."""
        explain = _sqlite if engine.dialect.name == "sqlite" else _postgresql
        found = {}
        with engine.connect() as connection:
            partial = _partial_indexes(connection)
            for statement, parameters in self.seen.items():
                if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement, re.IGNORECASE):
                    bad = list(explain(connection, statement, parameters, partial))
                    if bad:
                        found[statement] = bad
        return found


def _partial_indexes(connection: Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'" \
        if connection.dialect.name == "sqlite" else "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%% WHERE %%'"
    return {row[0] for row in connection.exec_driver_sql(query)}


def _sqlite(connection: Connection, statement: str, parameters: Any, partial: set[str]) -> Iterator[str]:
    names = dict(re.findall(r"\b\"?(\w+)\"? AS \"?(\w+)\"?", statement))
    aliases = {alias: table for table, alias in names.items()}
    details = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    # The first rows of a table in its own order: nothing is skipped on the way to them.
    stops_early = "LIMIT" in statement and "WHERE" not in statement and not any("ORDER BY" in one for one in details)
    for detail in details:
        scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", detail)
        if scanned and aliases.get(scanned[1], scanned[1]) in GROWING and scanned[2] not in partial and not stops_early:
            yield detail


def _postgresql(connection: Connection, statement: str, parameters: Any, partial: set[str]) -> Iterator[str]:
    answer = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    tree = json.loads(answer) if isinstance(answer, str) else answer
    yield from _walk(tree[0]["Plan"], "", partial)


def _walk(plan: dict[str, Any], relation: str, partial: set[str], cut_at: float = COSTLY) -> Iterator[str]:
    relation = plan.get("Relation Name", relation)
    kind, index = plan["Node Type"], plan.get("Index Name")
    if relation in GROWING:
        if kind == "Seq Scan":
            yield f"{kind} on {relation}, filter {plan.get('Filter')}"
        elif index and "Index Cond" not in plan and index not in partial and cut_at >= COSTLY and (
                "Filter" in plan or plan["Plan Rows"] > 10_000):
            yield f"{kind} of all of {index}, filter {plan.get('Filter')}"
    for part in plan.get("Plans", ()):
        # A walk in the order of an index that ends early, because most rows fit, is none through the table.
        cut = plan["Total Cost"] if kind == "Limit" else cut_at if kind in PASSING_ON else COSTLY
        yield from _walk(part, relation, partial, cut)
