"""Cross-moments of the numeric columns: counts of rows, sums, and sums of products, all of them integers.

From them alone follow means, covariances, correlations, principal components, and the mean square of any linear
reconstruction's error (`atalaia.signals.multivariate`).

Each value is rounded once, by itself, to a whole number of steps from its column's centre; the baseline fixes centre
and step (`CrossGrid`). What is added up afterwards is exact, so the summary is the same, bit for bit, however rows were
split over batches and files and in whatever order the parts are merged.

- A step is 2^-16 of the column's scale, the power of two just above the baseline's standard deviation: a value is off
  by at most 2^-16 standard deviations.
- What lies beyond `REACH` scales from the centre counts as lying there, and is counted in `clipped`. No value of n lies
  further than sqrt(n - 1) standard deviations from their mean: of the values that the grid was made from, up to a
  million, none is clipped, however heavy their tails.
- A value that is missing or not finite counts as the centre, the baseline's mean, and is counted in `imputed`. So rows
  stay whole, and a column that goes missing loses its correlations, which is a change worth seeing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import BaselineError, StoredFormError
from atalaia.profile.products import LARGEST, WORD_BITS, carried
from atalaia.profile.values import Floats, Ints
from atalaia.schema import MOST_TOGETHER

MOST_ROWS = 2**36
"""Up to so many rows no sum can overflow; merging beyond is refused."""

REACH = 1024.0
"""How far from its centre a value counts as where it is, in scales."""

STEPS = LARGEST / REACH
"""So many steps make a scale."""

_LEAST_EXPONENT, _MOST_EXPONENT = -1000, 1023
_VERSION = 1
_COUNTS = ("imputed", "clipped", "totals")


class CrossGrid(Struct, frozen=True):
    """The columns taken together, and where each is counted from and in what.

    Attributes:
        columns: Names, at most `MOST_TOGETHER`.
        centres: What steps are counted from, and what a missing value counts as; shape (columns,).
        scales: Powers of two from 2^-1000 to 2^1023; a step is 2^-16 of its column's scale.
    """

    columns: tuple[str, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]

    @property
    def version(self) -> str:
        """Derived from the content; moments of different versions do not merge."""
        content = msgspec.msgpack.encode((self.columns, self.centres, self.scales))
        return hashlib.blake2b(content, digest_size=8).hexdigest()


def cross_grid(samples: Mapping[str, Floats]) -> CrossGrid:
    """Take each column's centre and scale from a sample of the baseline's values.

    Args:
        samples: Values by column; NaN and infinities are left out.

    Raises:
        BaselineError: There are more than `MOST_TOGETHER` columns.
    """
    if len(samples) > MOST_TOGETHER:
        msg = (
            f"multivariate drift takes at most {MOST_TOGETHER} numeric columns, but there are {len(samples)}: its cost "
            "grows with their square. Name the columns that matter under multivariate.columns."
        )
        raise BaselineError(msg)
    places = [_centre_and_scale(sample[np.isfinite(sample)]) for sample in samples.values()]
    return CrossGrid(tuple(samples), tuple(c for c, _ in places), tuple(s for _, s in places))


def _centre_and_scale(values: Floats) -> tuple[float, float]:
    """The mean, and the power of two above the deviation: above its size for a constant, 1 for zeros or nothing.

    The mean is rounded to a step, so that machines that add up in another order find the same grid.
    """
    peak = float(np.abs(values).max(initial=0.0))
    if not peak:
        return 0.0, 1.0
    shares = values / peak  # the squares of the values themselves may overflow
    centre = float(shares.mean()) * peak
    exponent = math.frexp(float(shares.std()) * peak or abs(centre))[1]
    scale = math.ldexp(1.0, min(max(exponent, _LEAST_EXPONENT), _MOST_EXPONENT))
    step = scale / STEPS
    return round(centre / step) * step, scale


class CrossMoments(Struct, frozen=True):
    """What is kept of the numeric columns together.

    Attributes:
        grid: Version of the grid that the steps were counted on.
        rows: Rows taken in.
        imputed: Per column, rows whose value was missing or not finite; shape (columns,).
        clipped: Per column, values beyond `REACH`; shape (columns,).
        totals: Per column, the sum of steps; shape (columns,).
        high, low: Per pair, the sum of products of steps as high · 2^26 + low with 0 <= low < 2^26; each of shape
            (columns, columns).
    """

    grid: str
    rows: int
    imputed: Ints
    clipped: Ints
    totals: Ints
    high: Ints
    low: Ints

    @classmethod
    def empty(cls, grid: CrossGrid) -> CrossMoments:
        """Return the neutral element on *grid*."""
        size = len(grid.columns)
        row, square = np.zeros(size, np.int64), np.zeros((size, size), np.int64)
        return cls(grid.version, 0, row, row, row, square, square)

    def merge(self, other: CrossMoments) -> CrossMoments:
        """Return both together.

        Raises:
            BaselineError: The two were counted on different grids.
            OverflowError: Together they hold more than `MOST_ROWS` rows.
        """
        if self.grid != other.grid:
            msg = (
                f"cannot merge cross-moments on grid {self.grid} with those on grid {other.grid}: they were made on "
                "different baselines. Ingest the logs again on one of the two."
            )
            raise BaselineError(msg)
        if self.rows + other.rows > MOST_ROWS:
            msg = f"cannot merge cross-moments of more than {MOST_ROWS} rows: their sums could overflow"
            raise OverflowError(msg)
        added = {name: getattr(self, name) + getattr(other, name) for name in ("rows", *_COUNTS)}
        high, low = carried(self.high + other.high, self.low + other.low)
        return replace(self, **added, high=high, low=low)

    def means(self) -> Floats:
        """Return each column's mean, from its centre and in its scale; shape (columns,), NaN without rows."""
        return self.totals / STEPS / self.rows if self.rows else np.full(len(self.totals), np.nan)

    def covariances(self) -> Floats:
        """Return the covariances with divisor n, in the product of the two scales; NaN without rows.

        They are computed in integers and rounded once: a constant column has exactly 0. Shape (columns, columns).
        """
        if not self.rows:
            return np.full(self.high.shape, np.nan)
        totals = self.totals.astype(object)  # integers without limit
        products = (self.high.astype(object) << WORD_BITS) + self.low.astype(object)
        spreads = self.rows * products - np.multiply.outer(totals, totals)
        return np.asarray(spreads / self.rows**2, dtype=np.float64) / STEPS**2


def cross_to_plain(moments: CrossMoments) -> dict[str, Any]:
    """Return *moments* as numbers, texts and little-endian bytes; of each pair only one order is kept."""
    triangle = np.triu_indices(len(moments.totals))
    counts = {name: getattr(moments, name).astype("<i8").tobytes() for name in _COUNTS}
    high, low = moments.high[triangle].astype("<i8"), moments.low[triangle].astype("<u4")
    plain = {"version": _VERSION, "grid": moments.grid, "rows": moments.rows}
    return plain | counts | {"high": high.tobytes(), "low": low.tobytes()}


def cross_from_plain(plain: Mapping[str, Any]) -> CrossMoments:
    """Return the moments behind `cross_to_plain`'s result.

    Raises:
        StoredFormError: They are of another version.
    """
    if plain["version"] != _VERSION:
        msg = f"cross-moments of form {plain['version']}, but this release reads {_VERSION}. Use the one that wrote it."
        raise StoredFormError(msg)
    counts = [np.frombuffer(plain[name], "<i8") for name in _COUNTS]
    words = [_square(plain[name], kind, len(counts[0])) for name, kind in (("high", "<i8"), ("low", "<u4"))]
    return CrossMoments(plain["grid"], plain["rows"], *counts, *words)


def _square(triangle: bytes, kind: str, size: int) -> Ints:
    square, places = np.zeros((size, size), np.int64), np.triu_indices(size)
    square[places] = np.frombuffer(triangle, kind)
    square.T[places] = square[places]
    return square
