"""Rows as the text that each log format has: whole columns at a time, so that gigabytes are made in minutes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc  # noqa: TID251  # not on a path that starts cold

from columns import SCORE


class Format(StrEnum):
    """How a log is written; the value is also the ending of its file."""

    PARQUET = "snappy.parquet"
    PARQUET_ZSTD = "zstd.parquet"
    CSV = "csv"
    JSONL = "jsonl"
    CAPTURE_CSV = "capture-csv.jsonl"
    CAPTURE_JSON = "capture-json.jsonl"
    AZURE = "collector.jsonl"

    @property
    def is_parquet(self) -> bool:
        """Whether it is a binary table."""
        return self in (Format.PARQUET, Format.PARQUET_ZSTD)

    @property
    def is_enveloped(self) -> bool:
        """Whether a row's id and time stand in an envelope around it."""
        return self in (Format.CAPTURE_CSV, Format.CAPTURE_JSON, Format.AZURE)

    @property
    def is_strict_json(self) -> bool:
        """Whether NaN and the infinities become null."""
        return self in (Format.JSONL, Format.CAPTURE_JSON, Format.AZURE)


ROWS_PER_EVENT = 10
"""Rows that one event of the Azure collector holds."""


def _joined(*parts: Any) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _text(array: pa.Array, missing: str) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        array = _joined(pc.strftime(array, "%Y-%m-%dT%H:%M:%S"), "Z")
    return pc.fill_null(pc.cast(array, pa.string()), missing)


def _json_value(array: pa.Array) -> pa.Array:
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return _text(array, "null")
    quoted = _joined('"', _text(array, ""), '"')
    return pc.if_else(pc.is_valid(array), quoted, "null")


def _arrays(table: pa.Table) -> dict[str, pa.Array]:
    return {name: table[name].combine_chunks() for name in table.column_names}


def _objects(table: pa.Table) -> pa.Array:
    parts: list[Any] = []
    for place, (name, array) in enumerate(_arrays(table).items()):
        parts += [f'{"," if place else "{"}"{name}":', _json_value(array)]
    return _joined(*parts, "}")


def _cells(table: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(*(_text(array, "") for array in _arrays(table).values()), ",")


def _inside(table: pa.Table) -> pa.Table:
    return table.drop_columns(["id", "ts"])


def _jsonl(table: pa.Table) -> pa.Array:
    return _joined(_objects(table), "\n")


def _csv(table: pa.Table) -> pa.Array:
    return _joined(_cells(table), "\n")


def csv_header(table: pa.Table) -> bytes:
    """Return the first line of a CSV file."""
    return ",".join(table.column_names).encode() + b"\n"


def _capture(table: pa.Table, content_type: str, encoding: str, payload: Callable[[pa.Table], pa.Array]) -> pa.Array:
    """Write a line of SageMaker's data capture for each row: the features are the input, the score is the output."""
    rows = _inside(table)
    kind, end = f'{{"observedContentType":"{content_type}","mode":', f'","encoding":"{encoding}"}}'
    return _joined(
        f'{{"captureData":{{"endpointInput":{kind}"INPUT","data":"',
        payload(rows.drop_columns([SCORE])),
        f'{end},"endpointOutput":{kind}"OUTPUT","data":"',
        payload(rows.select([SCORE])),
        f'{end}}},"eventMetadata":{{"eventId":"',
        _text(table["id"].combine_chunks(), ""),
        '","inferenceTime":"',
        _text(table["ts"].combine_chunks(), ""),
        '"},"eventVersion":"0"}\n',
    )


def _escaped_objects(table: pa.Table) -> pa.Array:
    return pc.replace_substring(_objects(table), '"', '\\"')


def _capture_csv(table: pa.Table) -> pa.Array:
    return _capture(table, "text/csv", "CSV", _cells)


def _capture_json(table: pa.Table) -> pa.Array:
    return _capture(table, "application/json", "JSON", _escaped_objects)


def _azure(table: pa.Table) -> pa.Array:
    """Write an event of Azure ML's data collector for every `ROWS_PER_EVENT` rows, inputs and outputs together."""
    objects = _objects(_inside(table)).to_pylist()
    heads = table.select(["id", "ts"]).take(list(range(0, table.num_rows, ROWS_PER_EVENT)))
    starts = range(0, len(objects), ROWS_PER_EVENT)
    data = pa.array([",".join(objects[start : start + ROWS_PER_EVENT]) for start in starts])
    ids = _text(heads["id"].combine_chunks(), "")
    return _joined(
        '{"specversion":"1.0","id":"',
        ids,
        '","source":"/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/'
        'onlineEndpoints/bench/deployments/blue","type":"azureml.inference.model_inputs_outputs","datacontenttype":'
        '"application/json","time":"',
        _text(heads["ts"].combine_chunks(), ""),
        '","data":[',
        data,
        '],"correlationid":"',
        ids,
        '","modelversion":"default","collectdatatype":"pandas.core.frame.DataFrame","agent":'
        '"azureml-ai-monitoring/1.0.0"}\n',
    )


_WRITERS: dict[Format, Callable[[pa.Table], pa.Array]] = {
    Format.CSV: _csv,
    Format.JSONL: _jsonl,
    Format.CAPTURE_CSV: _capture_csv,
    Format.CAPTURE_JSON: _capture_json,
    Format.AZURE: _azure,
}


def lines(format_: Format, table: pa.Table) -> memoryview:
    """Return the text of a part: one line for each row or event, without a header."""
    text = _WRITERS[format_](table)
    _, ends, data = text.buffers()
    last = memoryview(ends).cast("i")[len(text)]  # the lines lie one behind the other
    return memoryview(data)[:last]
