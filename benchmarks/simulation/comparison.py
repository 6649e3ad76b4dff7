"""One window beside its baseline: the distances that the rules of several tools share, each computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import stats
from scipy.special import rel_entr

from simulation.populations import Floats, Ints, Random, Sample
from simulation.sketches import sketch


@dataclass(frozen=True)
class Reference:
    """A baseline column, and what tools keep of it.

    Attributes:
        kind: `float`, `integer` or `text`.
        random: For the coins of sketches.
        chunk_limit: The limit that NannyML takes from chunks of so many rows.
    """

    sample: Sample
    kind: str
    random: Random
    chunk_limit: dict[int, float] = field(default_factory=dict)

    @cached_property
    def deviation(self) -> float:
        """The population standard deviation."""
        return float(self.sample.rows.std())

    @cached_property
    def sketch(self) -> tuple[Floats, Ints]:
        """What a KLL sketch keeps."""
        return sketch(self.sample.rows, self.random)

    @cached_property
    def bins(self) -> Floats:
        """Where NannyML's bins begin, and the last one ends; of texts, its categories."""
        return self.sample.values if self.kind == "text" else np.histogram_bin_edges(self.sample.rows, bins="doane")

    @cached_property
    def places(self) -> Ints:
        """In which of these bins each row is; shape (n,)."""
        if self.kind == "text":
            return np.searchsorted(self.bins, self.sample.rows)
        return np.minimum(np.searchsorted(self.bins, self.sample.rows, "right") - 1, len(self.bins) - 2)

    @cached_property
    def shares(self) -> Floats:
        """The share of rows in each bin."""
        bins = len(self.bins) - (self.kind != "text")
        return np.bincount(self.places, minlength=bins) / self.sample.size


@dataclass(frozen=True)
class Comparison:
    """A window beside its baseline."""

    reference: Reference
    window: Sample

    @property
    def sizes(self) -> tuple[int, int]:
        """Rows of the baseline and of the window."""
        return self.reference.sample.size, self.window.size

    @cached_property
    def union(self) -> Floats:
        """Every value of either side, rising; ties once, but for floats, which have none."""
        if self.reference.kind != "float":
            return np.union1d(self.reference.sample.values, self.window.values)
        before = self.reference.sample.values
        return np.insert(before, np.searchsorted(before, self.window.values), self.window.values)

    @cached_property
    def gaps(self) -> Floats:
        """The difference of the two distribution functions at each value of the union."""
        n, m = self.sizes
        if self.reference.kind != "float":
            before, now = (reached_at(side, self.union) for side in (self.reference.sample, self.window))
            return before / n - now / m
        is_now = np.zeros(n + m, bool)
        is_now[np.searchsorted(self.reference.sample.values, self.window.values) + np.arange(m)] = True
        now = np.cumsum(is_now)
        return (np.arange(1, n + m + 1) - now) / n - now / m

    @cached_property
    def kolmogorov_smirnov(self) -> float:
        """The largest difference of the distribution functions."""
        if self.reference.kind != "float":
            return float(np.abs(self.gaps).max())
        few, many = sorted((self.reference.sample, self.window), key=lambda side: side.size)
        passed = np.searchsorted(many.values, few.values) / many.size
        ends = few.reached / few.size
        return float(max((ends - passed).max(), (passed - ends + 1 / few.size).max()))

    @cached_property
    def wasserstein(self) -> float:
        """The area between the distribution functions."""
        return float((np.abs(self.gaps[:-1]) * np.diff(self.union)).sum())

    @cached_property
    def counts(self) -> tuple[Ints, Ints]:
        """Rows of each side at each value of the union."""
        before, now = (
            np.diff(reached_at(side, self.union), prepend=0) for side in (self.reference.sample, self.window)
        )
        return before, now

    @cached_property
    def largest_share_gap(self) -> float:
        """The largest difference of a category's shares."""
        before, now = (side / side.sum() for side in self.counts)
        return float(np.abs(before - now).max())

    @cached_property
    def jensen_shannon(self) -> float:
        """The Jensen-Shannon divergence of the shares of all categories, in nats."""
        before, now = self.counts
        return float(divergences(before / before.sum(), (now / now.sum())[None])[0])

    @cached_property
    def p_value(self) -> float:
        """Of Kolmogorov-Smirnov (asymptotic), or of texts of chi-square of both sides' counts."""
        n, m = self.sizes
        if self.reference.kind == "text":
            return float(stats.chi2_contingency(np.stack(self.counts)).pvalue)
        return float(stats.kstwo.sf(self.kolmogorov_smirnov, np.round(m * n / (m + n))))


def reached_at(side: Sample, points: Floats, at: str = "right") -> Ints:
    """Return how many rows of *side* are at or below each point; strictly below with *at* `left`."""
    places = np.searchsorted(side.values, points, "right" if at == "right" else "left")
    return np.concatenate(([0], side.reached))[places]


def divergences(p: Floats, q: Floats) -> Floats:
    """Return the Jensen-Shannon divergence, in nats, of shares *p* (bins,) and each row of *q* (rows, bins)."""
    middle = (p + q) / 2
    twice = rel_entr(p, middle).sum(axis=-1) + rel_entr(q, middle).sum(axis=-1)
    return np.asarray(np.maximum(twice / 2, 0.0), np.float64)
