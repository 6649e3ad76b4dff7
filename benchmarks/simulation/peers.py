"""The default rules of other tools, each as a score of one column's window and the limit that makes it an alarm.

Written after the tools' own sources (Evidently 0.7.23, NannyML 0.13.1, whylogs 1.6.4, Azure's `azureml-assets`, Alibi
Detect) and, for SageMaker, after its documents and Deequ. `python benchmarks/false_alarms.py --prove` holds the first
three to the installed packages. SageMaker's KLL sketch (k = 2,048) is taken as exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from simulation.comparison import Comparison, Reference, divergences, reached_at
from simulation.populations import Floats, Ints
from simulation.sketches import sketch

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class PeerRule:
    """How a tool judges a column unless told otherwise.

    Attributes:
        score: How far past its limit a column is, above 0 for an alarm; or of tests that are corrected, the p-value.
        corrected: Whether that is compared with 5 % over the number of columns.
        frugal: Cheap enough for many more repetitions.
    """

    name: str
    score: Callable[[Comparison], float]
    corrected: bool = False
    frugal: bool = False

    def alarms(self, scores: Sequence[float], columns: int) -> Floats:
        """Return 1 for each score that is an alarm in a window of *columns* columns, else 0."""
        values = np.array(scores)
        return (values < _LEVEL / columns if self.corrected else values > 0).astype(np.float64)


def evidently(pair: Comparison) -> float:
    """Up to 1,000 rows tests at 5 %, above that distances from 0.1: Wasserstein / sd, or Jensen-Shannon in nats."""
    rows, _ = pair.sizes
    is_text, distinct = pair.reference.kind == "text", len(pair.union)
    if rows > 1000:
        distance = math.sqrt(pair.jensen_shannon) if is_text or distinct <= 5 else _evidently_wasserstein(pair)
        return math.nextafter(distance, math.inf) - 0.1
    if is_text or distinct <= 5:
        return _LEVEL - (_scaled_chi_square(pair) if distinct > 2 else _proportions(pair))
    return math.nextafter(_LEVEL, 1) - _exact_ks(pair)


def _evidently_wasserstein(pair: Comparison) -> float:
    return pair.wasserstein / max(pair.reference.deviation, 0.001)


def _scaled_chi_square(pair: Comparison) -> float:
    """Chi-square of the window against the baseline's counts brought to its size; a new category makes it infinite."""
    before, now = pair.counts
    if (before == 0).any():
        return 0.0
    expected = before * (now.sum() / before.sum())
    return float(stats.chi2.sf(((now - expected) ** 2 / expected).sum(), len(now) - 1))


def _proportions(pair: Comparison) -> float:
    before, now = (side[-1] for side in pair.counts)
    n, m = pair.sizes
    both = (before + now) / (n + m)
    spread = math.sqrt(both * (1 - both) * (1 / n + 1 / m))
    return float(2 * stats.norm.sf(abs(before / n - now / m) / spread)) if spread else 1.0


_known: dict[tuple[int, int], tuple[float, float]] = {}
"""For each pair of sizes the largest distance known to be no alarm, and the smallest known to be one."""


def _exact_ks(pair: Comparison) -> float:
    """Return SciPy's p-value, or 0 or 1 where an earlier one of the same sizes decides on which side of 5 % it is."""
    distance = pair.kolmogorov_smirnov
    quiet, loud = _known.get(pair.sizes, (-1.0, 2.0))
    if distance <= quiet or distance >= loud:
        return float(distance <= quiet)
    p_value = float(stats.ks_2samp(pair.reference.sample.rows, pair.window.rows).pvalue)
    _known[pair.sizes] = (quiet, distance) if p_value <= _LEVEL else (distance, loud)
    return p_value


def azure(pair: Comparison) -> float:
    """Wasserstein / sd above 0.1; Jensen-Shannon in base 2 for texts, and for whole numbers with few distinct ones."""
    sample, kind = pair.reference.sample, pair.reference.kind
    if kind == "text" or (kind == "integer" and len(sample.values) / sample.size < 0.05):
        return math.sqrt(pair.jensen_shannon / math.log(2)) - 0.1
    spread = pair.reference.deviation * math.sqrt(sample.size / (sample.size - 1))
    return pair.wasserstein / max(spread, 0.001) - 0.1


def sagemaker_simple(pair: Comparison) -> float:
    """The largest difference of distribution functions, or of a category's shares, above 0.1."""
    return (pair.largest_share_gap if pair.reference.kind == "text" else pair.kolmogorov_smirnov) - 0.1


def sagemaker_robust(pair: Comparison) -> float:
    """The same, less 1.8 sqrt(1/n + 1/m), which is the default."""
    n, m = pair.sizes
    return sagemaker_simple(pair) - 1.8 * math.sqrt(1 / n + 1 / m)


def nannyml(pair: Comparison) -> float:
    """Jensen-Shannon in base 2 above mean + 3 sd of the baseline's own chunks, each as long as the window."""
    reference, window = pair.reference, pair.window
    if window.size not in reference.chunk_limit:
        reference.chunk_limit[window.size] = _chunk_limit(reference, window.size)
    edges = reference.bins
    if reference.kind == "text":
        counts = reached_at(window, edges) - reached_at(window, edges, "left")
    else:
        begins = reached_at(window, edges[:-1], "left")
        counts = np.append(begins[1:], reached_at(window, edges[-1:])) - begins
    return _distance(reference.shares, counts, window.size) - reference.chunk_limit[window.size]


def _chunk_limit(reference: Reference, size: int) -> float:
    """Return three deviations above the mean of the baseline's chunks, the last of which may be shorter.

    A single chunk is the baseline itself: its distance is 0, or what rounding makes of it, or no number at all.
    """
    bins = len(reference.shares)
    chunk = np.arange(reference.sample.size) // size
    counts = np.bincount(chunk * bins + reference.places, minlength=(chunk[-1] + 1) * bins).reshape(-1, bins)
    if len(counts) == 1:
        past = np.array([_distance(reference.shares, counts[0], reference.sample.size)])
    else:
        past = np.sqrt(divergences(reference.shares, counts / counts.sum(axis=1, keepdims=True)) / math.log(2))
    return float(past.mean() + 3 * past.std())


def _distance(shares: Floats, counts: Ints, size: int) -> float:
    now = counts / size
    left = 1 - now.sum()
    if left > 0:
        now, shares = np.append(now, left), np.append(shares, 0.0)
    with np.errstate(invalid="ignore"):
        return float(jensenshannon(shares, now, base=2))


_QUANTILES = np.linspace(0, 1, 100)


def whylogs(pair: Comparison) -> float:
    """A test at 5 % on KLL sketches at 100 quantiles of both sides; for texts chi-square, infinite for a new one."""
    if pair.reference.kind == "text":
        return _LEVEL - _whole_chi_square(pair)
    sides = (pair.reference.sketch, sketch(pair.window.rows, pair.reference.random))
    samples = (pair.reference.sample, pair.window)
    points = np.concatenate([_quantiles(*side, sample.values) for side, sample in zip(sides, samples, strict=True)])
    before, now = (_below(*side, points) for side in sides)
    n, m = pair.sizes
    return _LEVEL - float(stats.kstwo.sf(np.abs(before - now).max(), np.round(m * n / (m + n))))


def _quantiles(kept: Floats, reached: Ints, values: Floats) -> Floats:
    rows = int(reached[-1])
    ranks = np.minimum((_QUANTILES * rows).astype(np.int64), rows - 1)
    found = kept[np.searchsorted(reached, ranks, "right")]
    found[0], found[-1] = values[0], values[-1]  # the extremes are kept apart
    return found


def _below(kept: Floats, reached: Ints, points: Floats) -> Floats:
    return np.asarray(np.concatenate(([0], reached))[np.searchsorted(kept, points)] / reached[-1], np.float64)


def _whole_chi_square(pair: Comparison) -> float:
    before, now = pair.counts
    expected = (before / before.sum() * now.sum()).astype(np.int64)
    if (expected == 0).any():
        return 0.0
    statistic = ((now - expected) ** 2 / expected).sum()
    return float(stats.chi2.sf(statistic, max(np.count_nonzero(now) - 1, 1)))


def uncorrected(pair: Comparison) -> float:
    """Kolmogorov-Smirnov, or for texts chi-square of both sides' counts, at 5 % for each column."""
    return math.nextafter(_LEVEL, 1) - pair.p_value


def alibi(pair: Comparison) -> float:
    """The p-value of the same, for 5 % over the number of columns (Bonferroni), as Alibi Detect's TabularDrift."""
    return pair.p_value


PEERS = (
    PeerRule("Evidently", evidently),
    PeerRule("Azure ML", azure),
    PeerRule("SageMaker, robust", sagemaker_robust),
    PeerRule("SageMaker, simple", sagemaker_simple),
    PeerRule("NannyML", nannyml),
    PeerRule("whylogs", whylogs),
    PeerRule("KS 5 %", uncorrected, frugal=True),
    PeerRule("Alibi, Bonferroni", alibi, corrected=True, frugal=True),
)
