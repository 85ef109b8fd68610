"""Complete the tables of a database that was made before its schema had versions."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Numeric, Table, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateColumn


def complete_tables(connection: Connection, metadata: MetaData) -> None:
    """Create the tables and columns of `metadata` that are missing; what is there stays as it is."""
    for table in metadata.sorted_tables:
        if not inspect(connection).has_table(table.name):
            table.create(connection)
            continue
        present = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                _add_column(connection, table, column)


def complete_indexes(connection: Connection, metadata: MetaData) -> None:
    """Create the indexes of `metadata` that are missing; the rows must fit those that are unique."""
    for table in metadata.sorted_tables:
        present = {index["name"] for index in inspect(connection).get_indexes(table.name)}
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if index.name not in present:
                index.create(connection)


def _add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    """Add a column; where it may not be null, the rows that are there get a value."""
    needs_value = not column.nullable and column.server_default is None
    added = str(CreateColumn(column).compile(dialect=connection.dialect))
    if needs_value:
        added += f" DEFAULT {_value_for(column, connection.dialect.name)}"
    connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {added}")
    if needs_value and connection.dialect.name != "sqlite":  # SQLite cannot take a default away again
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ALTER COLUMN {column.name} DROP DEFAULT")


def _value_for(column: Column[Any], dialect: str) -> str:
    """Return the column's own default as SQL, or what stands for nothing in its type."""
    kind = column.type
    value = column.default.arg if column.default is not None and column.default.is_scalar else None
    if isinstance(kind, Boolean):
        return ("1" if value else "0") if dialect == "sqlite" else ("true" if value else "false")
    if isinstance(kind, (Integer, Numeric)):
        return str(value or 0)
    if isinstance(kind, DateTime):
        return f"'{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S.%f}{'' if dialect == 'sqlite' else '+00'}'"
    if isinstance(kind, LargeBinary):
        return "X''" if dialect == "sqlite" else "''"
    if isinstance(kind, JSON):
        return "'{}'"
    return "'" + str(value or "").replace("'", "''") + "'"
