"""The bare decode of a file: every value of every column read by an engine, and nothing made of it.

It is the limit that a profile's speed is measured against. Runs in an environment of its own where the engine is none
of our dependencies. python benchmarks/decode.py '{"engine": "duckdb", ...}' prints its figures as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meter import Meter, pin

Read = Callable[[], int]
"""Reads the whole file and returns its rows."""

_BLOCK = 1 << 20
_DUCK = {"float": "DOUBLE", "integer": "BIGINT", "string": "VARCHAR", "time": "TIMESTAMP"}


def _columns(given: dict[str, Any]) -> dict[str, str]:
    columns: dict[str, str] = given["columns"]
    return columns


def pyarrow_columns(given: dict[str, Any]) -> Read:
    """Read Parquet column by column."""
    import pyarrow.parquet as pq

    texts = [name for name, kind in _columns(given).items() if kind == "string" and name != "id"]

    def read() -> int:
        file = pq.ParquetFile(given["file"], read_dictionary=texts)
        rows = 0
        for group in range(file.num_row_groups):
            for name in given["columns"]:
                read = file.read_row_group(group, columns=[name], use_threads=False)
            rows += read.num_rows
        return rows

    return read


def pyarrow_csv(given: dict[str, Any]) -> Read:
    """Read CSV in blocks; the text NaN stays a number, only an empty cell is null."""
    import pyarrow as pa
    import pyarrow.csv

    types = {"float": pa.float64(), "integer": pa.int64(), "string": pa.string(), "time": pa.timestamp("us", "UTC")}
    convert = pyarrow.csv.ConvertOptions(
        column_types={name: types[kind] for name, kind in _columns(given).items()},
        null_values=[""],
        strings_can_be_null=True,
    )

    def read() -> int:
        blocks = pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK)
        with pyarrow.csv.open_csv(given["file"], blocks, convert_options=convert) as reader:
            return sum(batch.num_rows for batch in reader)

    return read


def pyarrow_json(given: dict[str, Any]) -> Read:
    """Read JSON lines in blocks; of the collector's events, the rows inside."""
    import pyarrow as pa
    import pyarrow.json

    types = {"float": pa.float64(), "integer": pa.int64(), "string": pa.string(), "time": pa.string()}
    row = {name: types[kind] for name, kind in _columns(given).items()}
    is_nested = given["scan"] == "collector"
    schema = pa.schema({"data": pa.list_(pa.struct(list(row.items())))} if is_nested else row)

    def read() -> int:
        blocks = pyarrow.json.ReadOptions(use_threads=False, block_size=_BLOCK)
        parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        with pyarrow.json.open_json(given["file"], blocks, parse) as reader:
            return sum(len(batch["data"].flatten()) if is_nested else batch.num_rows for batch in reader)

    return read


def polars_stream(given: dict[str, Any]) -> Read:
    """Let polars stream over the file: sums of numbers, lengths of texts."""
    import polars as pl

    types = {"float": pl.Float64, "integer": pl.Int64, "string": pl.String, "time": pl.String}
    schema = {name: types[kind] for name, kind in _columns(given).items()}
    scans: dict[str, Callable[[str], Any]] = {
        "parquet": pl.scan_parquet,
        "csv": lambda file: pl.scan_csv(file, schema=schema),
        "jsonl": lambda file: pl.scan_ndjson(file, schema=schema),
    }

    def touched(name: str, kind: str) -> Any:
        column = pl.col(name)
        if kind in ("float", "integer"):
            return column.sum()
        return column.max() if kind == "time" else column.str.len_bytes().sum()

    def read() -> int:
        wanted = [touched(name, kind) for name, kind in _columns(given).items()]
        frame = scans[given["scan"]](given["file"]).select([pl.len(), *wanted]).collect(engine="streaming")
        return int(frame.item(0, 0))

    return read


def duckdb_sums(given: dict[str, Any]) -> Read:
    """Let DuckDB run over the file: sums of numbers, maxima of the rest."""
    import duckdb

    wanted = ",".join(_touched(name, kind) for name, kind in _columns(given).items())
    query = f"select count(*), {wanted} from {_duck_source(given)}"  # noqa: S608
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set preserve_insertion_order=false")
    return lambda: int(connection.execute(query).fetchone()[0])


def _touched(name: str, kind: str) -> str:
    return f"sum({name})" if kind in ("float", "integer") else f"max({name})"


def _struct(columns: dict[str, str]) -> str:
    return json.dumps({name: _DUCK[kind] for name, kind in columns.items()})


def _duck_source(given: dict[str, Any]) -> str:
    file, columns, scan = given["file"], _columns(given), given["scan"]
    if scan == "parquet":
        return f"read_parquet('{file}')"
    typed = ",".join(f"'{name}': '{_DUCK[kind]}'" for name, kind in columns.items())
    if scan == "csv":
        return f"read_csv('{file}', header=true, columns={{{typed}}})"
    lines = f"read_json('{file}', format='newline_delimited', columns={{%s}})"
    return lines % typed if scan == "jsonl" else f"({_ENVELOPES[scan](columns, lines)})"


def _collector(columns: dict[str, str], lines: str) -> str:
    row = ",".join(f"{name} {_DUCK[kind]}" for name, kind in columns.items())
    events = lines % f"'data': 'STRUCT({row})[]'"
    return f"select unnest(data, recursive := true) from {events}"  # noqa: S608


_CAPTURE = (
    "'captureData': 'STRUCT(endpointInput STRUCT(data VARCHAR), endpointOutput STRUCT(data VARCHAR))', "
    "'eventMetadata': 'STRUCT(eventId VARCHAR, inferenceTime VARCHAR)'"
)
_SIDES = "captureData.endpointInput.data a, captureData.endpointOutput.data o"


def _capture_csv(columns: dict[str, str], lines: str) -> str:
    score, inputs = _split(columns)
    cells = [_cell(place, name, kind) for place, (name, kind) in enumerate(inputs.items(), 1)]
    split = f"select string_split(a, ',') a, o from (select {_SIDES} from {lines % _CAPTURE})"  # noqa: S608
    return f"select {', '.join(cells)}, try_cast(o as double) {score} from ({split})"  # noqa: S608


def _cell(place: int, name: str, kind: str) -> str:
    return f"a[{place}] {name}" if kind == "string" else f"try_cast(a[{place}] as {_DUCK[kind]}) {name}"


def _capture_json(columns: dict[str, str], lines: str) -> str:
    score, inputs = _split(columns)
    parsed = f"from_json(a, '{_struct(inputs)}') a, from_json(o, '{_struct({score: 'float'})}') o"
    wanted = ", ".join([*(f"a.{name}" for name in inputs), f"o.{score}"])
    return f"select {wanted} from (select {parsed} from (select {_SIDES} from {lines % _CAPTURE}))"  # noqa: S608


def _split(columns: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Tell the model's score, the last of the floats, from its inputs."""
    score = [name for name, kind in columns.items() if kind == "float"][-1]
    return score, {name: kind for name, kind in columns.items() if name != score}


_ENVELOPES = {"capture-csv": _capture_csv, "capture-json": _capture_json, "collector": _collector}

ENGINES: dict[str, Callable[[dict[str, Any]], Read]] = {
    "pyarrow, column by column": pyarrow_columns,
    "pyarrow.csv": pyarrow_csv,
    "pyarrow.json": pyarrow_json,
    "polars": polars_stream,
    "duckdb": duckdb_sums,
}


def main() -> int:
    """Decode the file that the argument names and print the figures."""
    given = json.loads(sys.argv[1])
    pin(given["core"])
    meter = Meter()
    try:
        read = ENGINES[given["engine"]](given)
    except ImportError as error:
        meter.note(error=f"not installed: {error.name}")
        meter.tell()
        return 0
    with meter.span("decode"):
        rows = read()
    if rows != given["rows"]:
        meter.figures = {"wrong": f"{given['engine']} decoded {rows:,} of {given['rows']:,} rows"}
    else:
        meter.note(rows=rows, bytes=Path(given["file"]).stat().st_size)
    meter.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
