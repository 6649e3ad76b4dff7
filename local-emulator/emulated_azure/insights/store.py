"""The telemetry that came, in DuckDB; it is asked in KQL."""

import json
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import duckdb_kql

from emulated_azure.insights.tables import SQL_TYPES, TABLES, TIMES, Table, statements

MOST_ROWS = 500_000
MEMORY = "1GB"
TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found: the columns with DuckDB's names of their types, and the rows."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Span:
    """The times that a query sees, in UTC; None for no bound."""

    start: datetime | None = None
    end: datetime | None = None


class Store:
    """All tables of one resource; any thread may use it.

    Args:
        folder: Where DuckDB puts what does not fit into its memory.
    """

    def __init__(self, folder: Path) -> None:
        settings = {"enable_external_access": False, "memory_limit": MEMORY, "threads": 2}
        self._connection = duckdb.connect(config={**settings, "temp_directory": str(folder)})
        self._lock = threading.Lock()
        self._counts = {table.name: 0 for table in TABLES}
        for statement in statements():
            self._connection.execute(statement)

    def add(self, rows: Iterable[tuple[Table, Mapping[str, Any]]]) -> None:
        """Insert *rows*; of one call all at once or, if it fails, none."""
        by_table: dict[str, list[Mapping[str, Any]]] = {}
        for table, row in rows:
            by_table.setdefault(table.name, []).append(row)
        with self._lock:
            self._connection.begin()
            try:
                for table in TABLES:
                    if table.name in by_table:
                        self._connection.execute(_INSERTS[table.name], [json.dumps(by_table[table.name])])
            except duckdb.Error:
                self._connection.rollback()
                raise
            self._connection.commit()
            for name, added in by_table.items():
                self._counts[name] += len(added)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return dict(self._counts)

    def query(self, text: str, span: Span, seconds: float) -> Found:
        """Run the KQL *text* on what *span* lets see.

        Raises:
            duckdb_kql.KqlError: It is no KQL, or has something that is not there.
            duckdb.Error: It cannot be run.
            TimeoutError: It took longer than *seconds*.
        """
        cursor = self._connection.cursor()
        done = threading.Event()
        threading.Thread(target=_interrupt, args=(cursor, seconds, done), daemon=True).start()
        try:
            _narrow(cursor, span)
            duckdb_kql.execute(cursor, text, allow_write=False)
            columns = [(str(name), str(kind)) for name, kind, *_ in cursor.description]
            return Found(columns, cursor.fetchmany(MOST_ROWS + 1))
        except duckdb.InterruptException as error:
            raise TimeoutError from error
        finally:
            done.set()
            cursor.close()

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()


def _interrupt(cursor: duckdb.DuckDBPyConnection, seconds: float, done: threading.Event) -> None:
    """Interrupt until it is done: what comes while nothing runs on the cursor yet has no effect."""
    over = done.wait(seconds)
    while not over:
        with suppress(duckdb.Error):  # it may be closed by now
            cursor.interrupt()
        over = done.wait(TICK_SECONDS)


def _narrow(cursor: duckdb.DuckDBPyConnection, span: Span) -> None:
    """Put views of the same names before the tables; they are this cursor's alone."""
    if span.start is None and span.end is None:
        return
    for name, column in TIMES.items():
        bounds = [f"\"{column}\" >= TIMESTAMP '{span.start:%Y-%m-%d %H:%M:%S.%f}'"] if span.start else []
        bounds += [f"\"{column}\" < TIMESTAMP '{span.end:%Y-%m-%d %H:%M:%S.%f}'"] if span.end else []
        where = " AND ".join(bounds)
        cursor.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM memory.main."{name}" WHERE {where}')  # noqa: S608 (our own names and numbers)


def _insert(table: Table) -> str:
    """An INSERT of all rows of one JSON text at once: a hundred times as fast as row by row."""
    kinds = {column.name: SQL_TYPES[column.type] for column in table.columns if column.name}
    rows = f"unnest(from_json(?::JSON, '{json.dumps([kinds])}'), recursive := true)"
    return f'INSERT INTO "{table.stored}" BY NAME SELECT {rows}'


_INSERTS: Mapping[str, str] = {table.name: _insert(table) for table in TABLES}
