"""Payload bodies, already parsed from JSON, to rows with names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atalaia.logs.jsontext import compact, parse_json
from atalaia.logs.records import Payload, RejectedError, Row, shortened
from atalaia.logs.settings import Context
from atalaia.logs.tensors import is_tensors, tensor_rows
from atalaia.logs.weight import with_bearable_names
from atalaia.rows import ALL_SIDES, Side

_REQUEST_KEYS = ("dataframe_split", "dataframe_records", "input_data", "instances", "inputs")
_RESPONSE_KEYS = ("predictions", "outputs")
_BESIDE_A_BODY = frozenset(
    (
        "id",
        "parameters",
        "params",
        "signature_name",
        "model_name",
        "model_version",
        "deployment_name",
        "metadata",
        "outputs",
    )
)
_ERROR_KEYS = frozenset(
    ("error", "error_code", "message", "detail", "details", "code", "status", "stack_trace", "trace_id")
)
_CHAT_KEYS = frozenset(("messages", "model", "temperature", "max_tokens", "top_p", "n", "stop", "stream", "tools"))
_TELLING_KEYS = frozenset((*_REQUEST_KEYS, *_RESPONSE_KEYS, "features", "messages", "error", "error_code"))
_WRAPPED_OUTPUT = "SageMakerOutput"
_UNNAMED = {Side.OUTPUT: "prediction", Side.LABEL: "label"}


def plain_body(value: Any, context: Context) -> Payload:
    """Read one value of a plain file: a whole row, unless it is a bare request or response body."""
    if isinstance(value, dict) and (side := _side_of_bare_body(value)) is not None:
        return body(value, side, context)
    if isinstance(value, dict) and _WRAPPED_OUTPUT in value:
        return body(value, Side.OUTPUT, context)
    if isinstance(value, dict) or (isinstance(value, list) and value):
        return Payload(_rows_of_any(value, None, context), ALL_SIDES)
    raise RejectedError(reason="no_rows" if value == [] else "not_a_record")


def body(value: Any, side: Side | None, context: Context) -> Payload:
    """Read a request, a response or a label as rows.

    Args:
        value: Parsed JSON.
        side: The side that the envelope names; None for rows that carry all sides.
        context: Names and limits.

    Raises:
        RejectedError: The body holds no rows, or they contradict each other.
    """
    sides = ALL_SIDES if side is None else frozenset((side,))
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = parse_json(value, context.limits.depth)
    if isinstance(value, dict):
        _refuse_error(value, side)
        if _WRAPPED_OUTPUT in value:
            return _wrapped(value, context)
        rows = _object_rows(value, side, context)
    else:
        rows = _rows_of_any(value, side, context)
    if not rows:
        raise RejectedError(reason="no_rows")
    return Payload(rows, sides)


def row_of(value: Any, side: Side | None, context: Context) -> Row:
    """Read one item as one row: an object by its keys, a list by its places, anything else as a single value."""
    if isinstance(value, dict):
        return _object_row(value, context)
    return positional_row(value if isinstance(value, list) else [value], side, context)


def positional_row(values: list[Any], side: Side | None, context: Context) -> Row:
    """Name the values of a row by their places.

    Raises:
        RejectedError: The names are known and are not as many as the values.
    """
    names = context.names.of(side)
    if names is None:
        names = invented_names(len(values), side)
    elif len(names) != len(values):
        raise RejectedError(reason="column_count")
    return {name: _flat_value(value) for name, value in zip(names, values, strict=True)}


def invented_names(count: int, side: Side | None) -> tuple[str, ...]:
    """Name *count* values of which nothing is known.

    Example:
        >>> invented_names(2, Side.INPUT), invented_names(1, Side.OUTPUT)
        (('_c0', '_c1'), ('prediction',))
    """
    stem = _UNNAMED.get(side) if side is not None else None
    if stem is None:
        return tuple(f"_c{place}" for place in range(count))
    return (stem,) if count == 1 else tuple(f"{stem}_{place}" for place in range(count))


def flat(value: Row) -> Row:
    """Flatten nested objects with dots; lists and empty objects become compact JSON text.

    Example:
        >>> flat({"a": {"b": 1, "c": [1, 2]}, "d": None})
        {'a.b': 1, 'a.c': '[1,2]', 'd': None}
    """
    if _NESTED.isdisjoint(map(type, value.values())):
        return value
    row: Row = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            stem = shortened(key)
            row.update((shortened(f"{stem}.{inner}"), leaf) for inner, leaf in flat(item).items())
        else:
            row[key] = _flat_value(item)
    return row


def _flat_value(value: Any) -> Any:
    return compact(value) if isinstance(value, dict | list) else value


def _side_of_bare_body(value: Row) -> Side | None:
    """Tell the side of an object that is nothing but a request or a response, or None for any other object."""
    if value.keys().isdisjoint(_TELLING_KEYS):
        return None
    request = next((key for key in _REQUEST_KEYS if isinstance(value.get(key), dict | list)), None)
    if request is not None and value.keys() <= _BESIDE_A_BODY | {request} and _outputs_only_asked_for(value):
        return Side.INPUT
    response = next((key for key in _RESPONSE_KEYS if isinstance(value.get(key), dict | list)), None)
    if response is not None and value.keys() <= _BESIDE_A_BODY | {response}:
        return Side.OUTPUT
    if value.keys() == {"features"} and isinstance(value["features"], list):
        return Side.INPUT
    if isinstance(value.get("messages"), list) and value.keys() <= _CHAT_KEYS:
        return Side.INPUT
    return Side.OUTPUT if _is_error(value) else None


def _outputs_only_asked_for(value: Row) -> bool:
    """Tell whether `outputs` beside `inputs` is what requests of the open inference protocol ask for."""
    asked = value.get("outputs", [])
    return isinstance(asked, list) and all(isinstance(item, dict) and "data" not in item for item in asked)


def _is_error(value: Row) -> bool:
    named = isinstance(value.get("error"), str | dict) or isinstance(value.get("error_code"), str)
    return named and value.keys() <= _ERROR_KEYS


def _refuse_error(value: Row, side: Side | None) -> None:
    if side in (None, Side.OUTPUT) and _is_error(value):
        raise RejectedError(reason="error_response")


def _wrapped(value: Row, context: Context) -> Payload:
    """Read a batch transform's output that was joined with its input: `{"SageMakerOutput": …, …input…}`."""
    output = body(value[_WRAPPED_OUTPUT], Side.OUTPUT, context)
    rest = {key: item for key, item in value.items() if key != _WRAPPED_OUTPUT}
    if not rest:
        return output
    given = body(rest, Side.INPUT, context)
    return zipped([given, output])


def zipped(payloads: list[Payload]) -> Payload:
    """Put payloads of the same rows side by side; where they share a name, the later one's value counts.

    Raises:
        RejectedError: They do not have the same number of rows.
    """
    if len(payloads) == 1:
        return payloads[0]
    counts = [len(payload.rows) for payload in payloads]
    if len(set(counts)) > 1:
        raise RejectedError(reason="row_count", rows=max(counts))
    rows = [dict(row) for row in payloads[0].rows]
    for payload in payloads[1:]:
        for row, part in zip(rows, payload.rows, strict=True):
            row.update(part)
    return Payload(rows, frozenset[Side]().union(*(payload.sides for payload in payloads)))


def _object_rows(value: Row, side: Side | None, context: Context) -> list[Row]:
    for key, read in _READERS[side].items():
        if key in value and (key != "data" or isinstance(value[key], list)):
            return read(value[key], side, context)
    if side is Side.INPUT and _lists_of_rows(value.get("features")) and len(value) == 1:
        return _rows_of_any(value["features"], side, context)
    return [_object_row(value, context)]


def _object_row(value: Row, context: Context) -> Row:
    features = value.get("features")
    if not isinstance(features, list) or any(isinstance(item, dict | list) for item in features):
        return flat(value)
    rest = {key: item for key, item in value.items() if key != "features"}
    return positional_row(features, Side.INPUT, context) | flat(rest)


def _lists_of_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict | list) for item in value)


def _rows_of_any(value: Any, side: Side | None, context: Context) -> list[Row]:
    """Read a bare value: a list of rows, a list of scalars, or a scalar."""
    if value is None:
        raise RejectedError(reason="no_rows")
    if not isinstance(value, list):
        return [row_of(value, side, context)]
    if value and not any(isinstance(item, dict | list) for item in value) and _is_one_row(value, side, context):
        return [positional_row(value, side, context)]
    return _row_list(value, side, context)


def _is_one_row(values: list[Any], side: Side | None, context: Context) -> bool:
    """Tell whether a bare list of scalars is one row, or a value for each of many rows."""
    names = context.names.of(side)
    if names is None:
        return side in (None, Side.INPUT)
    return len(names) > 1 or len(values) == 1


def _row_list(value: Any, side: Side | None, context: Context) -> list[Row]:
    """Read a list in which every item is a row; an object of lists is one list per column."""
    if isinstance(value, dict):
        return _column_lists(value, side, context)
    if not isinstance(value, list):
        return [row_of(value, side, context)]
    try:
        return with_bearable_names(row_of(item, side, context) for item in value)
    except RejectedError as error:
        raise RejectedError(error.reason, len(value)) from error


def _column_lists(value: Row, side: Side | None, context: Context) -> list[Row]:
    del side
    if not value or not all(isinstance(column, list) for column in value.values()):
        return [_object_row(value, context)] if value else []
    counts = {len(column) for column in value.values()}
    if len(counts) > 1:
        raise RejectedError(reason="bad_shape", rows=max(counts))
    return [dict(zip(value, map(_flat_value, items), strict=True)) for items in zip(*value.values(), strict=True)]


def _split_rows(value: Any, side: Side | None, context: Context) -> list[Row]:
    """Read a data frame as MLflow splits it: `{"columns": […], "data": [[…], …]}`; a list is taken as its rows."""
    if isinstance(value, list):
        return _row_list(value, side, context)
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise RejectedError(reason="unknown_payload")
    columns, data = value.get("columns"), value["data"]
    if columns is None:
        return _row_list(data, side, context)
    if not isinstance(columns, list):
        raise RejectedError(reason="unknown_payload", rows=len(data))
    names = [name if isinstance(name, str) else compact(name) for name in columns]
    if not all(isinstance(row, list) and len(row) == len(names) for row in data):
        raise RejectedError(reason="column_count", rows=len(data))
    return [dict(zip(names, map(_flat_value, row), strict=True)) for row in data]


def _tensors_or_rows(value: Any, side: Side | None, context: Context) -> list[Row]:
    if is_tensors(value):
        return tensor_rows(value, context.names.of(side))
    return _row_list(value, side, context)


_NESTED = frozenset({dict, list})
_Reader = Callable[[Any, Side | None, Context], list[Row]]
_REQUESTS: dict[str, _Reader] = {
    "dataframe_split": _split_rows,
    "dataframe_records": _row_list,
    "input_data": _split_rows,
    "instances": _row_list,
    "inputs": _tensors_or_rows,
    "data": _row_list,
}
_RESPONSES: dict[str, _Reader] = {"predictions": _row_list, "outputs": _tensors_or_rows, "data": _row_list}
_READERS: dict[Side | None, dict[str, _Reader]] = {
    Side.INPUT: _REQUESTS,
    Side.OUTPUT: _RESPONSES,
    Side.LABEL: {"instances": _row_list, "labels": _row_list, "predictions": _row_list},
    None: {},
}
