"""What the query API answers: typed columns and rows, or what is wrong with the query."""

import json
import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb_kql
from duckdb_kql.types import kusto_type

from emulated_azure.insights.store import MOST_ROWS, Found, Span

DURATION = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
COLUMN = re.compile(r'(?:Referenced column|Column) "([^"]+)"|column named "([^"]+)"')
TABLE = re.compile(r"Table with name (\S+) does not exist")


def answer(found: Found) -> dict[str, Any]:
    """The tables of a good answer; rows beyond the API's limit are left out, and said to be."""
    columns = [{"name": name, "type": kusto_type(kind)} for name, kind in found.columns]
    kinds = [column["type"] for column in columns]
    rows = [[_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in found.rows[:MOST_ROWS]]
    told: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}
    if len(found.rows) > MOST_ROWS:
        told["error"] = _error("PartialError", "There were some errors when processing your query.")
        told["error"]["details"] = [{"code": "E_QUERY_RESULT_SET_TOO_LARGE", "message": f"More than {MOST_ROWS} rows."}]
    return told


def _value(value: Any, kind: str) -> Any:
    """As the API writes it: no null strings, dynamic values as text, numbers that JSON lacks as text."""
    if value is None:
        return "" if kind == "string" else None
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if kind == "dynamic":
        return value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
    if isinstance(value, timedelta):
        return timespan(value)
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 (its zone comes next)
        return moment.replace(tzinfo=None).isoformat() + "Z"
    return value if isinstance(value, bool | int | float | str) else str(value)


def timespan(value: timedelta) -> str:
    """As Kusto writes it: `1.02:03:04.5000000`."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    fraction = f".{value.microseconds * 10:07}" if value.microseconds else ""
    days = f"{value.days}." if value.days else ""
    return f"{sign}{days}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


def span_of(text: str, now: datetime) -> Span:
    """An ISO 8601 duration up to *now*, or an interval: start/end, start/duration, duration/end.

    Raises:
        ValueError: It is neither.
    """
    if not text:
        return Span()
    first, slash, second = text.partition("/")
    if not slash:
        return Span(now - duration_of(first), None)
    if first.startswith("P"):
        end = _moment(second)
        return Span(end - duration_of(first), end)
    start = _moment(first)
    return Span(start, start + duration_of(second) if second.startswith("P") else _moment(second))


def duration_of(text: str) -> timedelta:
    """An ISO 8601 duration without months and years.

    Raises:
        ValueError: It is none.
    """
    found = DURATION.fullmatch(text)
    given = {name: float(number) for name, number in found.groupdict().items() if number} if found else {}
    if not given:
        message = f"{text} is no duration, such as PT1H"
        raise ValueError(message)
    return timedelta(**given)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def fault(error: Exception, query: str) -> dict[str, Any]:
    """What is wrong with *query*, in the API's nested form; the innermost message names the construct."""
    if isinstance(error, duckdb_kql.KqlSyntaxError):
        where = error.diagnostics[0].span if error.diagnostics else None
        line, position = (where.line, where.column) if where else (1, 0)
        token = _token(query, line, position)
        inner = {
            "code": "SYN0002",
            "message": f"Query could not be parsed at '{token}' on line [{line},{position}]",
            "line": line,
            "pos": position,
            "token": token,
        }
        return bad("SyntaxError", "A recognition error occurred in the query.", inner)
    if isinstance(error, duckdb_kql.KqlUnsupportedError):
        where = {"line": error.span.line, "pos": error.span.column} if error.span else {}
        inner = {"code": "SEM0260", "message": f"The emulator does not run it: {error}", **where}
        return bad("SemanticError", "A semantic error occurred.", inner)
    inner = {"code": "SEM0100", "message": _semantic(error)}
    return bad("SemanticError", "A semantic error occurred.", inner)


def _semantic(error: Exception) -> str:
    column, table = COLUMN.search(str(error)), TABLE.search(str(error))
    if table:
        return f"'where' operator: Failed to resolve table or column expression named '{table[1]}'"
    if column:
        return f"Failed to resolve scalar expression named '{column[1] or column[2]}'"
    return str(error)


def _token(query: str, line: int, position: int) -> str:
    lines = query.splitlines()
    rest = lines[line - 1][position:] if line <= len(lines) else ""
    return rest.split()[0] if rest.split() else "<EOF>"


def bad(code: str, message: str, inner: dict[str, Any] | None = None) -> dict[str, Any]:
    """An answer with status 400."""
    cause: dict[str, Any] = {"code": code, "message": message, **({"innererror": inner} if inner else {})}
    return {"error": _error("BadArgumentError", "The request had some invalid properties") | {"innererror": cause}}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}
