"""Multivariate drift from cross-moments: did the columns' relations change, even where no column did by itself?

Two measures. Correlations compare the two sides pair by pair and do not see shifts or changes of spread. The
reconstruction error fits principal components to the baseline and asks how much of the current rows lies off them: it
sees shifts and spread too.

Missing values count as the baseline's mean on both sides, and values beyond reach as lying there
(`atalaia.profile.cross`).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from atalaia.profile.cross import CrossGrid, CrossMoments
from atalaia.profile.values import Floats

EXPLAINED = 0.65
"""The components kept explain more than this share of the baseline's variance, as in NannyML."""

Mask = npt.NDArray[np.bool_]


class CorrelationChange(Struct, frozen=True):
    """How far Pearson's correlations moved.

    Attributes:
        largest: Largest absolute change of any pair's correlation; 0 to 2, None without a defined pair.
        pair: Where it is; the first in the columns' order among equals.
        before, now: That pair's correlations.
        root_mean_square: Root of the mean over pairs of the squared change; 0 to 2, at most `largest`.
        by_chance: Root of the expected mean square of the changes if nothing drifted and rows were normal and
            independent: the variance of a correlation r of n rows is about (1 - r²)² / n, and the sides' variances add.
        pairs: Pairs compared.
        undefined: Pairs left out because a column of theirs is constant on either side.
    """

    largest: float | None
    pair: tuple[str, str] | None
    before: float | None
    now: float | None
    root_mean_square: float | None
    by_chance: float | None
    pairs: int
    undefined: int


def correlations(moments: CrossMoments) -> Floats:
    """Return Pearson's correlations; shape (columns, columns), NaN where a column is constant or there are no rows."""
    covariances = moments.covariances()
    spreads = np.sqrt(covariances.diagonal())
    spreads = np.where(spreads > 0, spreads, np.nan)
    return np.clip(covariances / np.multiply.outer(spreads, spreads), -1.0, 1.0)


def correlation_change(grid: CrossGrid, baseline: CrossMoments, current: CrossMoments) -> CorrelationChange:
    """Compare the correlations of all pairs of columns."""
    places = np.triu_indices(len(grid.columns), 1)
    before, now = correlations(baseline)[places], correlations(current)[places]
    changes = np.abs(now - before)
    defined = ~np.isnan(changes)
    pairs = int(np.count_nonzero(defined))
    if not pairs:
        return CorrelationChange(None, None, None, None, None, None, 0, len(changes))
    where = int(np.nanargmax(changes))
    one, other = (grid.columns[int(place[where])] for place in places)
    of_rows = 1 / baseline.rows + 1 / current.rows
    return CorrelationChange(
        largest=float(changes[where]),
        pair=(one, other),
        before=float(before[where]),
        now=float(now[where]),
        root_mean_square=_root_mean_square(changes[defined]),
        by_chance=_root_mean_square(1 - before[defined] ** 2) * math.sqrt(of_rows),
        pairs=pairs,
        undefined=len(changes) - pairs,
    )


def _root_mean_square(values: Floats) -> float:
    return math.sqrt(math.fsum(values**2) / len(values))  # the same on every machine


class Components(Struct, frozen=True):
    """The principal components of a baseline whose columns are brought to mean 0 and standard deviation 1.

    Attributes:
        used: Which columns take part: those not constant in the baseline; shape (columns,).
        means, deviations: Of the used columns, in the grid's scales; shape (used,).
        kept: How many components are kept.
        variances: Variance along every component, falling; shape (used,). They sum to the number of used columns.
        directions: The components as columns, in the same order; shape (used, used).
    """

    used: Mask
    means: Floats
    deviations: Floats
    kept: int
    variances: Floats
    directions: Floats

    @property
    def explained(self) -> float:
        """The share of the baseline's variance along the kept components."""
        return float(self.variances[: self.kept].sum() / len(self.variances))


def principal_components(baseline: CrossMoments, explained: float = EXPLAINED) -> Components | None:
    """Fit principal components: the fewest whose share of the variance is above *explained*.

    These are the eigenvectors of the correlation matrix, the same as those of scikit-learn's `PCA(explained)` after its
    `StandardScaler`, to rounding, unless the last kept variance equals the first one left out.

    Returns:
        None if every column is constant.
    """
    related = correlations(baseline)
    used = ~np.isnan(related.diagonal())
    if not used.any():
        return None
    rising, directions = np.linalg.eigh(related[np.ix_(used, used)])
    variances = np.maximum(rising[::-1], 0.0)
    shares = np.cumsum(variances) / len(variances)
    kept = min(int(np.searchsorted(shares, explained, side="right")) + 1, len(variances))
    deviations = np.sqrt(baseline.covariances().diagonal()[used])
    return Components(used, baseline.means()[used], deviations, kept, variances, directions[:, ::-1])


class ReconstructionError(Struct, frozen=True):
    """How far rows lie from what the baseline's principal components can tell of them.

    A row is brought to the baseline's mean 0 and standard deviation 1, projected onto the kept components and back; its
    error is the Euclidean length of the difference.

    NannyML reports the mean of these lengths, which moments cannot give. Here it is the root of their mean square:
    never less (Jensen's inequality), and apart by the lengths' variance, mean square = mean² + variance. Components
    and rows are the same as NannyML's where all columns are numeric and none is constant.

    Attributes:
        baseline, current: Root mean square error of either side, in standard deviations; from 0, without upper limit.
        change: Current over baseline, less one; None where the baseline has no error to speak of.
        by_chance: Standard deviation of `change` if nothing drifted and rows were normal and independent. Rows with
            heavy tails spread more, and by how much takes fourth moments, which are not kept.
        kept: How many components are kept.
        explained: Share of the baseline's variance that they explain.
        constant: Columns left out because the baseline's are constant.
    """

    baseline: float
    current: float
    change: float | None
    by_chance: float | None
    kept: int
    explained: float
    constant: int


_NEGLIGIBLE = 1e-3  # rounding to steps alone makes an error of up to 2^-16 a column, for 100 columns 1.5e-4


def reconstruction_error(
    baseline: CrossMoments, current: CrossMoments, explained: float = EXPLAINED
) -> ReconstructionError | None:
    """Measure both sides on the components of *baseline*.

    With P the projection on the kept components and S the second moments of the standardised rows, the mean square
    error is tr((I - P) S): the sum over the components left out of v' S v.

    Returns:
        None where either side has no rows, or every column of the baseline is constant.
    """
    components = principal_components(baseline, explained)
    if components is None or not current.rows:
        return None
    left_out = components.variances[components.kept :]
    before = math.sqrt(float(left_out.sum()))
    now = math.sqrt(_mean_square_error(components, current))
    measurable = before > _NEGLIGIBLE
    return ReconstructionError(
        baseline=before,
        current=now,
        change=now / before - 1 if measurable else None,
        by_chance=_spread_by_chance(left_out, baseline.rows, current.rows) if measurable else None,
        kept=components.kept,
        explained=components.explained,
        constant=int(np.count_nonzero(~components.used)),
    )


def _mean_square_error(components: Components, moments: CrossMoments) -> float:
    places = np.ix_(components.used, components.used)
    shift = (moments.means()[components.used] - components.means) / components.deviations
    deviations = np.multiply.outer(components.deviations, components.deviations)
    second = moments.covariances()[places] / deviations + np.multiply.outer(shift, shift)
    directions = components.directions[:, components.kept :]
    return max(float(np.sum(directions * (second @ directions))), 0.0)


def _spread_by_chance(left_out: Floats, baseline_rows: int, current_rows: int) -> float:
    """The squared length of a normal row's error has mean sum(v) and variance 2 sum(v²); the root halves the share."""
    of_rows = 1 / baseline_rows + 1 / current_rows
    return math.sqrt(2 * float((left_out**2).sum()) * of_rows) / (2 * float(left_out.sum()))
