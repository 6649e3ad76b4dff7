"""What a run found, as plain records for JSON, and the tables that tell it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.over_time import Course
from simulation.windows import Cell

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

Record = Mapping[str, Any]
_KEYS = ("rule", "population", "baseline", "rows", "columns", "shift", "course")
_DIGITS = 5
_UNSURE = 3


def of_cell(cell: Cell) -> Record:
    """Return a cell of single windows as a record."""
    rates = cell.rates
    told = {"family_wise": rates.family_wise, "false_discovery": rates.false_discovery, "power": rates.power}
    keys = {key: getattr(cell, key) for key in _KEYS[:-1]}
    return keys | {
        name: [round(rate.share, _DIGITS), round(rate.error, _DIGITS), rate.repetitions]
        for name, rate in told.items()
        if rate is not None
    }


def of_course(course: Course) -> Record:
    """Return a course of many windows as a record."""
    keys = {key: getattr(course, key) for key in _KEYS if key != "shift"}
    ever = course.ever
    told = [round(ever.share, _DIGITS), round(ever.error, _DIGITS), ever.repetitions]
    return keys | {"ever": told} | ({} if course.after is None else {"after": course.after})


def joined(earlier: Iterable[Record], later: Iterable[Record]) -> list[Record]:
    """Return all records, of the same setting the later one."""
    kept = {tuple(record.get(key) for key in _KEYS): record for record in (*earlier, *later)}
    return list(kept.values())


def written(records: Sequence[Record], file: Path) -> None:
    """Write records as rows under the names of their fields, one a line; null where it has none."""
    fields = list(dict.fromkeys(field for record in records for field in record))
    rows = [[record.get(field) for field in fields] for record in records]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"fields": {json.dumps(fields)},\n"records": [\n{lines}\n]}}\n')


def read(file: Path) -> list[Record]:
    """Read what was written, nothing if there is no such file."""
    told = json.loads(file.read_text()) if file.is_file() else {"fields": [], "records": []}
    rows = (zip(told["fields"], row, strict=True) for row in told["records"])
    return [{field: value for field, value in row if value is not None} for row in rows]


Table = tuple[str, list[str], list[list[str]]]
"""A title, the heads of its columns, and its rows."""

_SINGLE: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("No drift, one column: windows with an alarm", "family_wise", {"columns": 1, "shift": 0.0}),
    ("No drift, 100 columns: windows with any alarm", "family_wise", {"columns": 100, "shift": 0.0}),
    ("One column moved by 0.2 sd: windows in which it is found", "power", {"columns": 1, "shift": 0.2}),
    (
        "Ten of 100 columns moved by 0.2 sd: false alarms among all alarms",
        "false_discovery",
        {"columns": 100, "shift": 0.2},
    ),
    ("Ten of 100 columns moved by 0.2 sd: share of them found", "power", {"columns": 100, "shift": 0.2}),
)
_BASELINE = 10_000


def tables(records: Sequence[Record]) -> list[Table]:
    """Return every table that the records fill: of single windows, of other baselines, and of many windows."""
    made = [_single(title, figure, _where(records, baseline=_BASELINE, **which)) for title, figure, which in _SINGLE]
    for rows in sorted({r["baseline"] for r in records if "course" not in r} - {_BASELINE}):
        for title, figure, which in _SINGLE:
            told = _where(records, baseline=rows, **which)
            made.append(_single(f"Baseline of {rows:,} rows. {title}", figure, told))
    courses = dict.fromkeys(r["course"] for r in records if "course" in r)
    made += [_course(f"{c[0].upper()}{c[1:]}: monitors that alarm", _where(records, course=c)) for c in courses]
    return [table for table in made if table[2]]


def shown_in_docs(records: Sequence[Record]) -> list[Record]:
    """Return the records that some table tells."""
    single = [r for _, _, which in _SINGLE for r in _where(records, **which)]
    return [*single, *(r for r in records if "course" in r)]


def _where(records: Sequence[Record], **which: Any) -> list[Record]:
    return [r for r in records if all(r.get(key) == value for key, value in which.items())]


def _single(title: str, figure: str, records: Sequence[Record]) -> Table:
    return _crossed(title, ["population", "rows"], records, lambda r: percent(r[figure]))


def _course(title: str, records: Sequence[Record]) -> Table:
    def told(record: Record) -> str:
        share = percent(record["ever"])
        return f"{share}, half after {record['after']}" if "after" in record else share

    return _crossed(title, ["population", "columns", "rows"], records, told)


def _crossed(title: str, keys: list[str], records: Sequence[Record], told: Callable[[Record], str]) -> Table:
    rules = list(dict.fromkeys(r["rule"] for r in records))
    rows: dict[tuple[Any, ...], dict[str, str]] = {}
    for record in records:
        rows.setdefault(tuple(record[key] for key in keys), {})[record["rule"]] = told(record)
    lines = [[_text(part) for part in key] + [row.get(rule, "") for rule in rules] for key, row in rows.items()]
    return title, [*keys, *rules], lines


def _text(part: Any) -> str:
    return f"{part:,}" if isinstance(part, int) else str(part)


def percent(rate: Sequence[float]) -> str:
    """Write a share and its standard error in percent, such as `4.9 ± 0.2`, or a bound where little was seen."""
    share, error = 100 * rate[0], 100 * rate[1]
    if error >= _UNSURE and share in (0, 100):
        return f"≤ {error:.0f}" if share == 0 else f"≥ {100 - error:.0f}"
    digits = 0 if error >= 1 else 1 if error >= 0.1 else 2
    return f"{share:.{digits}f} ± {error:.{max(digits, 1)}f}" if error < 1 else f"{share:.0f} ± {error:.0f}"


def into_page(page: str, records: Sequence[Record]) -> str:
    """Return the documentation page with the tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = [_repetitions(records)]
    parts += [f"### {title}\n\n{_markdown(heads, rows)}" for title, heads, rows in tables(records)]
    return "\n\n".join((before + BEGIN, *parts, END + after))


def _repetitions(records: Sequence[Record]) -> str:
    """Say on how many repetitions the figures rest."""
    told = []
    for who, is_ours in (("Atalaia", True), ("others", False)):
        rates = [r.get("ever") or r["family_wise"] for r in records if r["rule"].startswith("Atalaia") == is_ours]
        if rates:
            least, most = min(rate[2] for rate in rates), max(rate[2] for rate in rates)
            told.append(f"{who} {least:,} to {most:,}")
    return f"Repetitions in a figure: {', '.join(told)}."


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
