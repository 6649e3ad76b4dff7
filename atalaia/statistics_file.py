"""SageMaker Model Monitor's `statistics.json`, read as the distributions behind a baseline.

The file holds, per column, counts, moments and for numbers a KLL sketch (`atalaia.kll`), or only ten buckets; for texts
the values it names with their counts.

Source of the schema: AWS, "Schema for Statistics (statistics.json file)".
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import StatisticsFileError
from atalaia.json_nodes import MOST_BYTES, Log, Node, decode, faults_text
from atalaia.kll import (
    DEFAULT_K,
    NOTHING,
    Bucket,
    Distribution,
    Range,
    mean_of,
    of_buckets,
    of_levels,
    published_error,
    sketch_rank_error,
)
from atalaia.wording import shortened

_MOST_FEATURES, _MOST_LEVELS, _MOST_BUCKETS = 10_000, 48, 1000
_NUMBERS, _STRINGS = ("Integral", "Fractional"), ("String", "Unknown")
_LARGEST_K = 65535
_ROUNDING = 1e-9
_CATEGORIES_SLACK = 1.15  # three standard errors of the distinct count that Deequ estimates
_BEGINNING = re.compile(rb'"dataset"\s*:\s*\{\s*"item_count"\s*:')


class NumericStatistics(Struct, frozen=True):
    """A numeric column; moments that the file leaves out, or writes as "NaN", are None. `std` has divisor n."""

    name: str
    inferred_type: str
    present: int
    missing: int
    mean: float | None
    total: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    distribution: Distribution


class StringStatistics(Struct, frozen=True):
    """A column of text, or one without any value ("Unknown").

    `distinct` is an estimate; `counts` holds the values that the file names, in its order; `unnamed` rows hold others.
    """

    name: str
    inferred_type: str
    present: int
    missing: int
    distinct: int | None
    counts: tuple[tuple[str, int], ...]
    unnamed: int


class Statistics(Struct, frozen=True):
    """A whole file; `notes` are plain sentences on what in it does not agree or is known poorly."""

    rows: int
    features: tuple[NumericStatistics | StringStatistics, ...]
    notes: tuple[str, ...]


def is_statistics_file(beginning: bytes) -> bool:
    """Tell by its *beginning*, a few hundred bytes, whether a file is a `statistics.json`."""
    return beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _BEGINNING.search(beginning) is not None


def read_statistics(data: bytes, where: str) -> Statistics:
    """Read the file *data*; *where* names it in errors.

    Raises:
        StatisticsFileError: The file has faults; the text lists them with their JSON paths.
    """
    root = Node(decode(data, where), "", Log())
    rows = root.at("dataset").at("item_count").count()
    features = root.at("features")
    if not features.value:
        features.fault("no columns", "Give the statistics.json of a data quality baseline; model quality has none.")
    read = tuple(_feature(node, rows) for node in features.items(_MOST_FEATURES))
    _check_names(root.log, [feature.name for feature in read])
    if root.log.faults:
        raise StatisticsFileError(faults_text(root.log.faults, where))
    return Statistics(rows, read, tuple(root.log.notes))


def _check_names(log: Log, names: list[str]) -> None:
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            Node(None, f"features[{i}].name", log).fault("a second column of this name")
        seen.add(name)


def _feature(node: Node, rows: int) -> NumericStatistics | StringStatistics:
    name, kind = node.at("name").text(), node.at("inferred_type").text(_NUMBERS + _STRINGS)
    numbers, strings = node.at("numerical_statistics"), node.at("string_statistics")
    if numbers.value is None and strings.value is None:
        if kind in _NUMBERS + _STRINGS[:1]:
            node.fault("neither numerical_statistics nor string_statistics")
        return StringStatistics(name, kind, 0, rows, 0, (), 0)
    if strings.value is None or (numbers.value is not None and kind in _NUMBERS):
        return _numeric(numbers, name, kind, rows)
    return _string(strings, name, kind, rows)


def _counts(node: Node, name: str, rows: int) -> tuple[int, int]:
    """Return how many values are present and missing."""
    common = node.at("common")
    present, missing = common.at("num_present").count(), common.at("num_missing").count()
    if present + missing != rows:
        node.log.notes.append(
            f"{shortened(name)}: {present:,} present and {missing:,} missing are not the file's {rows:,} rows."
        )
    return present, missing


def _string(node: Node, name: str, kind: str, rows: int) -> StringStatistics:
    present, missing = _counts(node, name, rows)
    buckets = node.at("distribution").at("categorical").at("buckets")
    pairs = [(item.at("value").text(), item.at("count").count()) for item in buckets.items(MOST_BYTES)]
    unnamed = present - sum(count for _, count in pairs)
    if unnamed < 0 and not node.is_faulty():
        buckets.fault(f"the counts sum to {present - unnamed:,}, more than the {present:,} values present")
    if len({value for value, _ in pairs}) < len(pairs) and not buckets.is_faulty():
        buckets.fault("a value is listed twice")
    distinct = node.at("distinct_count")
    estimate = None if distinct.value is None else distinct.count()
    if estimate is not None and len(pairs) > _CATEGORIES_SLACK * estimate:
        node.log.notes.append(
            f"{shortened(name)}: {len(pairs):,} values are named, but distinct_count is {estimate:,}."
        )
    return StringStatistics(name, kind, present, missing, estimate, tuple(pairs), unnamed)


def _numeric(node: Node, name: str, kind: str, rows: int) -> NumericStatistics:
    present, missing = _counts(node, name, rows)
    mean, total, std, low, high = (node.at(key).number() for key in ("mean", "sum", "std_dev", "min", "max"))
    if low is not None and high is not None and low > high:
        node.at("min").fault("above max")
    if std is not None and std < 0:
        node.at("std_dev").fault("below 0")
    kll = node.at("distribution").at("kll")
    is_counted = not node.at("common").is_faulty()
    distribution = _distribution(kll, present, (low, high), whole=kind == "Integral") if is_counted else NOTHING
    read = NumericStatistics(name, kind, present, missing, mean, total, std, low, high, distribution)
    node.log.notes.extend(_disagreements(read))
    return read


def _distribution(kll: Node, present: int, limits: Range, *, whole: bool) -> Distribution:
    sketch, buckets = kll.at("sketch"), kll.at("buckets")
    if sketch.at("data").value:
        return _from_sketch(sketch, present)
    if not present:  # Deequ's bounds are no intervals then
        return NOTHING
    if buckets.value:
        return _from_buckets(buckets, present, limits, whole=whole)
    return replace(NOTHING, source="absent", rank_error=1.0)


def _from_sketch(sketch: Node, present: int) -> Distribution:
    levels = [node.numbers() for node in sketch.at("data").items(_MOST_LEVELS)]
    k, shrink = (sketch.at("parameters").at(key) for key in ("k", "c"))
    size, factor = k.count(), shrink.number() or 0.0
    if not 8 <= size <= _LARGEST_K:
        k.fault(f"not a sketch size from 8 to {_LARGEST_K}")
    if not 0 < factor <= 1:
        shrink.fault("not a shrinking factor above 0 and up to 1")
    if sketch.is_faulty():
        return NOTHING
    sizes = [len(level) for level in levels]
    error = sketch_rank_error(sizes, size, factor)
    total = sum(size << level for level, size in enumerate(sizes))
    if not _is_near(sketch.at("data"), total, present, max(error, published_error(size))):
        return NOTHING
    return of_levels(levels, present, error)


def _is_near(node: Node, total: int, present: int, slack: float) -> bool:
    if abs(total - present) > slack * present:
        node.fault(f"the weights sum to {total:,}, but {present:,} values are present")
        return False
    return True


def _from_buckets(buckets: Node, present: int, limits: Range, *, whole: bool) -> Distribution:
    cells = [_bucket(node) for node in buckets.items(_MOST_BUCKETS)]
    for i, (cell, following) in enumerate(pairwise(cells)):
        if following[0] < cell[1] - _ROUNDING * abs(cell[1]):
            Node(None, f"{buckets.path}[{i + 1}]", buckets.log).fault("begins before the end of the bucket ahead of it")
    total = sum(count for _, _, count in cells)
    if buckets.is_faulty() or not _is_near(buckets, total, present, published_error(DEFAULT_K)):
        return NOTHING
    return of_buckets(cells, present, limits, whole=whole)


def _bucket(node: Node) -> Bucket:
    low, high, count = node.at("lower_bound").number(), node.at("upper_bound").number(), node.at("count").count()
    if low is None or high is None or low > high:
        node.fault("not an interval from lower_bound up to upper_bound")
        return (0.0, 0.0, 0)
    return (low, high, count)


def _disagreements(read: NumericStatistics) -> list[str]:
    found, values, name = _losses(read), read.distribution.values, shortened(read.name)
    if not len(values):
        return found
    low = float(values[0]) if read.minimum is None else read.minimum
    high = float(values[-1]) if read.maximum is None else read.maximum
    if values[0] < low or values[-1] > high:
        found.append(f"{name}: the distribution has values outside min and max.")
    size = float(max(abs(low), abs(high), abs(values[0]), abs(values[-1])))
    mean = mean_of(read.distribution)
    if read.mean is not None and abs(mean - read.mean) > read.distribution.rank_error * (high - low) + _ROUNDING * size:
        found.append(f"{name}: the mean is {read.mean:g}, but {mean:g} by its distribution.")
    if read.mean is not None and read.total is not None:
        share = read.total / read.present
        if abs(share - read.mean) > _ROUNDING * size:
            found.append(f"{name}: sum over the number present is {share:g}, but the mean is {read.mean:g}.")
    return found


def _losses(read: NumericStatistics) -> list[str]:
    name, share = shortened(read.name), read.distribution.rank_error
    if read.distribution.source == "absent":
        return [f"{name}: the file has no distribution, so nothing can be compared with it."]
    if read.distribution.source == "buckets":
        return [f"{name}: the file has only buckets, so ranks may be off by up to {share:.1%} of the values."]
    return []
