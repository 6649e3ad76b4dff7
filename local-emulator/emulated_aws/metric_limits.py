"""What PutMetricData refuses, before anything is stored: one bad datum refuses the whole request, as on AWS."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 1_048_576
MAX_DATUMS = 1000
MAX_DIMENSIONS = 30
MAX_VALUES = 150
MAX_NAME, MAX_DIMENSION_VALUE = 255, 1024
MAX_MAGNITUDE = 2.0**360
OLDEST_SECONDS, NEWEST_SECONDS = 14 * 86400, 2 * 3600


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer: its code, words, and HTTP status."""

    code: str
    message: str
    status: int = 400


def refusal(request: Mapping[str, Any], size: int, now: float) -> Refusal | None:
    """The first fault of a request of *size* bytes (uncompressed), None if there is none; *now* is Unix time."""
    data = request.get("MetricData") or []
    namespace = request.get("Namespace") or ""
    if size > MAX_BYTES:
        return Refusal("RequestEntityTooLarge", f"Request size {size} exceeded {MAX_BYTES} bytes", 413)
    if len(data) > MAX_DATUMS:
        return _invalid(f"The collection MetricData must not have a size greater than {MAX_DATUMS}.")
    if not namespace:
        return Refusal("MissingParameter", "The parameter Namespace is required.")
    if namespace.startswith("AWS/"):
        return _invalid("The value AWS/ for parameter Namespace is invalid.")
    for index, datum in enumerate(data, 1):
        for fault in _datum_faults(datum, f"MetricData.member.{index}", now):
            return fault
    return None


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _datum_faults(datum: Mapping[str, Any], where: str, now: float) -> Iterator[Refusal]:
    if not datum.get("MetricName"):
        yield Refusal("MissingParameter", f"The parameter {where}.MetricName is required.")
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if len(given) != 1:
        message = f"The parameters {where}.Value, {where}.Values and {where}.StatisticValues: give exactly one."
        yield Refusal("InvalidParameterCombination", message)
    yield from _dimension_faults(datum.get("Dimensions") or [], where)
    yield from _number_faults(datum, where)
    stamp = datum.get("Timestamp")
    if stamp is not None and not now - OLDEST_SECONDS <= stamp <= now + NEWEST_SECONDS:
        yield _invalid(
            f"The parameter {where}.Timestamp must specify a time no more than two hours in the future "
            "and within the past two weeks."
        )


def _dimension_faults(dimensions: list[Mapping[str, str]], where: str) -> Iterator[Refusal]:
    if len(dimensions) > MAX_DIMENSIONS:
        yield _invalid(f"The collection {where}.Dimensions must not have a size greater than {MAX_DIMENSIONS}.")
    names = [dimension.get("Name") or "" for dimension in dimensions]
    if len(set(names)) < len(names):
        yield _invalid(f"No two dimensions of {where} may have the same name.")
    for name, value in zip(names, (dimension.get("Value") or "" for dimension in dimensions), strict=True):
        if not 0 < len(name) <= MAX_NAME or not 0 < len(value) <= MAX_DIMENSION_VALUE or name.startswith(":"):
            yield _invalid(f"A dimension of {where} has an invalid name or value.")


def _number_faults(datum: Mapping[str, Any], where: str) -> Iterator[Refusal]:
    values, counts = datum.get("Values") or [], datum.get("Counts")
    if len(values) > MAX_VALUES:
        yield _invalid(f"The collection {where}.Values must not have a size greater than {MAX_VALUES}.")
    if counts is not None and len(counts) != len(values):
        yield _invalid(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    statistics = datum.get("StatisticValues") or {}
    for number in [datum.get("Value"), *values, *(counts or []), *statistics.values()]:
        if number is not None and not (math.isfinite(float(number)) and abs(float(number)) <= MAX_MAGNITUDE):
            yield _invalid(f"The value {number} for parameter {where}.Value is invalid.")
