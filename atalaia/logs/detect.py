"""Deciding what an object is, from its first bytes, its path, and what the monitor file says."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from msgspec import Struct

from atalaia.logs import azureml, kserve, sagemaker
from atalaia.logs.csvtext import first_rows, looks_tabular
from atalaia.logs.framing import BOM, Stream
from atalaia.logs.jsontext import parse_json
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import Context
from atalaia.monitor_file import LogFormat

_HEAD = 1 << 18
_LOOKED_AT = 20  # lines
_PARQUET = b"PAR1"
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]")


class Layout(Enum):
    """How the values of an object are found."""

    EMPTY = "empty"
    LINES = "JSON lines"
    VALUES = "JSON document"
    WHOLE = "one JSON value"
    CSV = "CSV"
    PARQUET = "Parquet"
    NONE = "nothing"


class Decision(Struct, frozen=True):
    """What an object is.

    Attributes:
        layout: How its values are found.
        envelope: What a value is: `sagemaker`, `azureml`, `kserve`, or `plain`.
        format: For people, such as `sagemaker capture`.
        why: One sentence: what was decided and because of what.
        reason: For `Layout.NONE`, why the object is rejected as a whole.
    """

    layout: Layout
    envelope: str
    format: str
    why: str
    reason: str = ""


class _Head(Struct, frozen=True):
    """The first bytes of an object without a byte order mark.

    Attributes:
        data: The bytes.
        whole: Whether they are all of the object.
        lines: The first lines that are not blank.
        values: The JSON value of each, or None.
        document: The JSON value that the whole object is, or None.
    """

    data: bytes
    whole: bool
    lines: list[bytes]
    values: list[Any]
    document: Any


def decide(stream: Stream, context: Context, chosen: LogFormat) -> Decision:
    """Decide what an object is; nothing that the stream holds is taken from it."""
    data = stream.peek(_HEAD + 1)
    if data.startswith(_PARQUET):
        return _parquet(chosen)
    whole, data = len(data) <= _HEAD, data[:_HEAD].removeprefix(BOM)
    if not data.strip():
        return Decision(Layout.EMPTY, "plain", "empty", "The object is empty." if whole else "The object begins blank.")
    if chosen is LogFormat.PARQUET:
        return _refused(
            "damaged", "The monitor file says Parquet, but the object does not begin with Parquet's magic bytes."
        )
    if chosen is LogFormat.CSV:
        return Decision(Layout.CSV, "plain", "csv", "The monitor file says CSV.")
    head = _head(data, whole=whole, depth=context.limits.depth)
    if data.lstrip()[:1] in (b"{", b"[") or (chosen in _JSON_ONLY) or any(isinstance(v, dict) for v in head.values):
        return _json(head, context, chosen)
    return _text(head, context, chosen)


_JSON_ONLY = (LogFormat.JSONL, LogFormat.AZUREML)


def _parquet(chosen: LogFormat) -> Decision:
    why = "The object begins with Parquet's magic bytes."
    if chosen in (LogFormat.AUTO, LogFormat.PARQUET, LogFormat.KSERVE):
        return Decision(Layout.PARQUET, "plain", "parquet", why)
    return Decision(
        Layout.PARQUET, "plain", "parquet", f"{why} The monitor file says {chosen}, which Parquet cannot be."
    )


def _refused(reason: str, why: str) -> Decision:
    return Decision(Layout.NONE, "plain", "unknown", why, reason)


def _head(data: bytes, *, whole: bool, depth: int) -> _Head:
    lines = data.split(b"\n")
    if not whole:
        lines = lines[:-1]
    lines = [line for line in lines if line.strip()][:_LOOKED_AT]
    values = [_value_or_none(line, depth) for line in lines]
    goes_on = len(lines) > 1 and values[0] is not None  # what follows a value makes the whole none
    return _Head(data, whole, lines, values, None if goes_on or not whole else _value_or_none(data, depth))


def _value_or_none(line: bytes, depth: int) -> Any:
    try:
        return parse_json(line, depth)
    except RejectedError:
        return None


def _text(head: _Head, context: Context, chosen: LogFormat) -> Decision:
    if _CONTROL.search(head.data) or not _is_text(head):
        return _refused("not_text", "The object is neither text nor of a known binary format.")
    rows = first_rows(head.data, whole=head.whole)
    if rows and set(rows[0]) >= kserve.COLUMNS and chosen in (LogFormat.AUTO, LogFormat.KSERVE):
        return Decision(
            Layout.CSV, "kserve", "kserve csv", "The CSV header has the columns of KServe's payload logger."
        )
    if re.search(r"\.json(l|lines)?(\.\w+)?$", context.log.uri) and not looks_tabular(rows):
        return Decision(
            Layout.LINES, _named(chosen, context), "jsonl", "The path ends like JSON; no line is a JSON object."
        )
    if chosen is LogFormat.SAGEMAKER:
        return Decision(
            Layout.CSV, "plain", "sagemaker batch output", "The monitor file says SageMaker; the text is CSV."
        )
    if chosen is LogFormat.KSERVE:
        return _refused("not_a_record", "The monitor file says KServe, but the CSV lacks its columns.")
    if looks_tabular(rows) or re.search(r"\.csv(\.\w+)?$", context.log.uri):
        return Decision(Layout.CSV, "plain", "csv", "The text is not JSON and reads as a table.")
    return _refused("unknown_format", "The text is neither JSON nor a table.")


def _is_text(head: _Head) -> bool:
    first = head.data.split(b"\n", 1)
    cut = head.data[: head.data.rfind(b"\n") + 1] if not head.whole and len(first) > 1 else head.data
    broken = cut.decode("utf-8", "replace").count("\ufffd")
    return not head.whole or broken * 4 <= len(cut)


def _named(chosen: LogFormat, context: Context) -> str:
    """Return the envelope that the monitor file, or else the path, names."""
    if chosen in (LogFormat.SAGEMAKER, LogFormat.AZUREML, LogFormat.KSERVE):
        return chosen.value
    return "azureml" if chosen is LogFormat.AUTO and azureml.is_collector_path(context.log.uri) else "plain"


def _json(head: _Head, context: Context, chosen: LogFormat) -> Decision:
    layout = _json_layout(head)
    envelope, kind, because = _envelope(head, chosen, context)
    if envelope == "plain" and layout is not Layout.LINES:
        kind = "json"
    if kind.endswith("manifest") and layout is Layout.VALUES:
        layout = Layout.WHOLE
    return Decision(layout, envelope, kind, f"{because} It is read as {layout.value}.")


def _json_layout(head: _Head) -> Layout:
    """Tell JSON lines from one document: an array, or values over several lines."""
    if isinstance(head.document, list):
        nested = any(isinstance(item, dict | list) for item in head.document)
        nested = nested and not sagemaker.is_manifest(head.document)
        return Layout.VALUES if nested else Layout.WHOLE
    if not head.lines:
        return Layout.VALUES if head.data.lstrip()[:1] == b"[" else Layout.LINES
    if head.values[0] is not None or any(isinstance(value, dict) for value in head.values[:4]):
        opened = head.lines[0].lstrip()[:1] == b"[" and head.values[0] is None
        return Layout.VALUES if opened and not _has_lines(head) else Layout.LINES
    first = head.lines[0].lstrip()[:1]
    follows = head.lines[1].lstrip()[:1] if len(head.lines) > 1 else b""
    pretty = (first == b"{" and follows in (b'"', b"}")) or (first == b"[" and follows != b"")
    return Layout.VALUES if pretty else Layout.LINES


def _has_lines(head: _Head) -> bool:
    """Tell whether most lines are values of their own, though the first begins an array that it does not end."""
    return 2 * sum(value is not None for value in head.values) > len(head.values) + 1


_ENVELOPES: tuple[tuple[str, str, Callable[[Any], bool], str], ...] = (
    ("sagemaker", "sagemaker capture", sagemaker.is_capture, "A record has captureData or groundTruthData."),
    ("azureml", "azureml", azureml.is_collected, "A record is a CloudEvent of the Azure ML data collector."),
    ("kserve", "kserve json", kserve.is_logged, "A record has the fields of KServe's payload logger."),
    ("sagemaker", "sagemaker manifest", sagemaker.is_manifest, "The array is a batch transform's manifest."),
)
_MARKS = (
    (b'"captureData"', 0),
    (b'"groundTruthData"', 0),
    (b'"azureml.inference.', 1),
    (b'"reqType"', 2),
    (b".serving.inference.", 2),
)


def _envelope(head: _Head, chosen: LogFormat, context: Context) -> tuple[str, str, str]:
    """Tell what the values are: the envelope, its name for people, and because of what."""
    if chosen is LogFormat.JSONL:
        return "plain", "jsonl", "The monitor file says JSONL."
    found = _found(head)
    named = _named(chosen, context)
    if chosen is LogFormat.AUTO:
        if found is not None and not (named == "azureml" and found[0] == "plain"):
            return found[0], found[1], found[3]
        because = "The path is the collector's." if named == "azureml" else "No record has a known envelope."
        return named, ("azureml" if named == "azureml" else "jsonl"), because
    if found is not None and found[0] == named:
        return named, found[1], f"The monitor file says {chosen}. {found[3]}"
    if chosen is LogFormat.SAGEMAKER and any(isinstance(value, dict) and _INFERENCE in value for value in head.values):
        return "plain", "sagemaker batch output", f"The monitor file says {chosen}; the records carry inference ids."
    return named, chosen.value, f"The monitor file says {chosen}."


_INFERENCE = sagemaker.INFERENCE_ID


def _found(head: _Head) -> tuple[str, str, Callable[[Any], bool], str] | None:
    whole = head.document
    values = [*head.values, whole, *(whole[:_LOOKED_AT] if isinstance(whole, list) else [])]
    for value in values:
        for envelope in _ENVELOPES:
            if envelope[2](value):
                return envelope
    if re.match(rb'\s*\[\s*\{\s*"prefix"\s*:\s*"[^"]*"\s*\}', head.data):
        return _ENVELOPES[3]
    if any(isinstance(value, dict) for value in values):
        return None
    return next((_ENVELOPES[place] for mark, place in _MARKS if mark in head.data), None)
