"""What profiles lose: drift measured from them against SciPy's and NumPy's exact values from the raw rows.

Fifteen distributions, four drifts each. The exact values follow the conventions of `atalaia.signals.drift`: PSI floors
shares at 0.0001, bins end at the baseline's deciles and contain them, a smallest value that fills a bin has what lies
below it told apart, and Wasserstein is divided by the baseline's population standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special, stats
from scipy.spatial import distance

from atalaia.baseline import Baseline, build_baseline, count_rows
from atalaia.monitor_file import Monitor, load_monitor
from atalaia.report import ColumnReport
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from comparing import compare

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Random = np.random.Generator

_SEED = 20260719
_FLOOR = 1e-4
_BATCH = 65_536
_ROUNDING = 1e-12  # of a distance between two distribution functions, which are sums of shares

DISTRIBUTIONS: dict[str, Callable[[Random, int], Floats]] = {
    "normal": lambda random, n: random.normal(10, 3, n),
    "normal far from zero": lambda random, n: random.normal(1e6, 1, n),
    "log-normal": lambda random, n: random.lognormal(0, 1.5, n),
    "Student t, 2": lambda random, n: random.standard_t(2, n),
    "Pareto 1.1": lambda random, n: random.pareto(1.1, n),
    "Cauchy": lambda random, n: random.standard_cauchy(n),
    "two peaks": lambda random, n: np.where(random.random(n) < 0.3, random.normal(-4, 1, n), random.normal(3, 0.5, n)),
    "uniform": lambda random, n: random.uniform(-1, 1, n),
    "beta": lambda random, n: random.beta(2, 8, n),
    "twenty values": lambda random, n: random.integers(0, 20, n).astype(np.float64),
    "Poisson 4": lambda random, n: random.poisson(4, n).astype(np.float64),
    "binary": lambda random, n: (random.random(n) < 0.2).astype(np.float64),
    "mostly zero": lambda random, n: np.where(random.random(n) < 0.7, 0.0, random.gamma(2, 10, n)),
    "money": lambda random, n: np.round(random.normal(50, 10, n), 2),
    "constant": lambda random, n: np.full(n, 3.25),  # noqa: ARG005
}


def _mixed(values: Floats, random: Random) -> Floats:
    others = values[random.integers(0, len(values), len(values))] * 2 + 1
    return np.where(random.random(len(values)) < 0.1, others, values)


DRIFTS: dict[str, Callable[[Floats, float, Random], Floats]] = {
    "none": lambda values, std, random: values,  # noqa: ARG005
    "shifted by a twentieth of its deviation": lambda values, std, random: values + 0.05 * std,  # noqa: ARG005
    "scaled by 1.15": lambda values, std, random: values * 1.15,  # noqa: ARG005
    "a tenth mixed": lambda values, std, random: _mixed(values, random),  # noqa: ARG005
}


@dataclass(frozen=True, slots=True)
class Errors:
    """How far one case's measured values lie from the exact ones; a certificate is broken or it is not.

    `wasserstein` is the error of the normalised metric (of the raw one where the baseline has no spread),
    `other_shares` the largest of the other metrics on shares, relative where the value is above 1.
    """

    case: str
    ks: float
    ks_outside: bool
    cvm: float
    cvm_outside: bool
    psi: float
    jensen_shannon: float
    other_shares: float
    wasserstein: float
    wasserstein_outside: bool


def worst(sizes: list[int]) -> dict[str, float | str]:
    """Return the largest errors over all cases of *sizes* rows and where they occur, and the certificates broken."""
    cases = [errors for size in sizes for errors in _cases(size)]
    told: dict[str, float | str] = {"cases": len(cases)}
    for name in ("ks", "cvm", "psi", "jensen_shannon", "other_shares", "wasserstein"):
        largest = max(cases, key=lambda errors: getattr(errors, name))
        told |= {f"{name}_error": getattr(largest, name), f"{name}_error_in": largest.case}
    for name in ("ks_outside", "cvm_outside", "wasserstein_outside"):
        told[name] = sum(getattr(errors, name) for errors in cases)
    return told


def _cases(size: int) -> Iterator[Errors]:
    for place, (distribution, draw) in enumerate(DISTRIBUTIONS.items()):
        random = np.random.default_rng([_SEED, size, place])
        before = draw(random, size)
        baseline = build_baseline(_MONITOR.columns, partial(_batches, before))
        for name, drift in DRIFTS.items():
            now = drift(draw(random, size), float(np.std(before)) or 1.0, random)
            case = f"{distribution}, {name}, {size:,} rows"
            yield _errors(case, before, now, _measured(baseline, now))


_MONITOR: Monitor = load_monitor(
    "{name: accuracy, model: {name: accuracy}, logs: {source: logs}, output: out, columns: [{name: x}]}", "monitor.yaml"
)


def _batches(values: Floats) -> Iterator[RowBatch]:
    for start in range(0, len(values), _BATCH):
        part = values[start : start + _BATCH]
        times = np.full(len(part), NO_TIME)
        yield RowBatch({"x": pa.array(part)}, len(part), ALL_SIDES, times, None, np.zeros(len(part), np.int64))


def _measured(baseline: Baseline, values: Floats) -> ColumnReport:
    return compare(_MONITOR, baseline, count_rows(baseline.profiler(), _batches(values))).columns[0]


def _errors(case: str, before: Floats, now: Floats, measured: ColumnReport) -> Errors:
    ks = float(stats.ks_2samp(before, now, method="asymp").statistic)
    area = float(stats.wasserstein_distance(before, now))
    cvm = _cramer_von_mises(before, now)
    counts = _counts(before, now)
    p, q = (side / side.sum() for side in counts)
    metrics, bounds = measured.metrics, measured.bounds
    spread = float(np.std(before)) if metrics["wasserstein_normalised"] is not None else 1.0
    low, high = bounds["wasserstein"]
    slack = 1e-9 * max(area, 1e-300) + float(np.abs(before).max()) * _ROUNDING  # SciPy's own sums round, too
    return Errors(
        case,
        ks=abs(_value(metrics["kolmogorov_smirnov"]) - ks),
        ks_outside=not _holds(bounds["kolmogorov_smirnov"], ks, _ROUNDING),
        cvm=abs(_value(metrics["cramer_von_mises"]) - cvm),
        cvm_outside=not _holds(bounds["cramer_von_mises"], cvm, _ROUNDING),
        psi=abs(_value(metrics["psi"]) - _psi(p, q)),
        jensen_shannon=abs(_value(metrics["jensen_shannon"]) - _jensen_shannon(p, q)),
        other_shares=max(
            abs(_value(metrics[name]) - exact) / max(exact, 1.0) for name, exact in _other_shares(*counts).items()
        ),
        wasserstein=abs(_value(metrics["wasserstein"]) - area) / spread,
        wasserstein_outside=not _holds((low, high), area, slack),
    )


def _value(metric: float | None) -> float:
    return math.inf if metric is None else metric


def _holds(interval: tuple[float, float], exact: float, slack: float) -> bool:
    return interval[0] - slack <= exact <= interval[1] + slack


def _counts(before: Floats, now: Floats) -> tuple[Ints, Ints]:
    """Cut both sides at the baseline's deciles: a bin ends with the smallest value that has k/10 at or below it."""
    ordered = np.sort(before)
    ends = np.unique(ordered[(np.arange(1, 10) * len(ordered) + 9) // 10 - 1])
    below = [float(np.nextafter(ends[0], -np.inf))] if ends[0] == ordered[0] else []
    cuts = np.concatenate((below, ends))
    sides = [np.searchsorted(np.sort(side), cuts, "right") for side in (before, now)]
    p, q = (np.diff(np.concatenate(([0], ranks, [len(before)]))) for ranks in sides)
    return p, q


def _other_shares(before: Ints, now: Ints) -> dict[str, float]:
    """Return what SciPy makes of the counts."""
    p, q = (side / side.sum() for side in (before, now))
    table = np.stack((before, now))[:, before + now > 0]
    if table.shape[1] == 1:
        table = np.repeat(table, 2, axis=1)  # SciPy refuses a single category; this has the same statistic of 0
    tests = {"chi_square": "pearson", "g_test": "log-likelihood"}
    linf, variation = float(distance.chebyshev(p, q)), float(distance.cityblock(p, q)) / 2
    robust = max(linf - 1.8 * math.sqrt(1 / before.sum() + 1 / now.sum()), 0.0)
    return {
        "kullback_leibler": float(special.kl_div(np.maximum(q, _FLOOR), np.maximum(p, _FLOOR)).sum()),
        "jensen_shannon_divergence": float(distance.jensenshannon(p, q, base=2)) ** 2,
        "hellinger": float(distance.euclidean(np.sqrt(p), np.sqrt(q))) / math.sqrt(2),
        "total_variation": variation,
        "l_infinity": linf,
        "l_infinity_robust": robust,
    } | {
        name: float(stats.chi2_contingency(table, correction=False, lambda_=kind).statistic)
        for name, kind in tests.items()
    }


def _cramer_von_mises(before: Floats, now: Floats) -> float:
    """Integrate the squared distance over the values of both sides in their order, those of a tie evenly mixed."""
    values = np.union1d(before, now)
    ranks = [np.concatenate(([0], np.searchsorted(np.sort(side), values, "right"))) for side in (before, now)]
    first, last = (apart := ranks[0] / len(before) - ranks[1] / len(now))[:-1], apart[1:]
    weights = np.diff(ranks[0] + ranks[1]) / (len(before) + len(now))
    return math.sqrt(float((weights * (first * first + first * last + last * last)).sum()) / 3)


def _psi(p: Floats, q: Floats) -> float:
    p, q = np.maximum(p, _FLOOR), np.maximum(q, _FLOOR)
    return float(((q - p) * np.log(q / p)).sum())


def _jensen_shannon(p: Floats, q: Floats) -> float:
    middle = (p + q) / 2
    parts = [float((side[side > 0] * np.log2(side[side > 0] / middle[side > 0])).sum()) for side in (p, q)]
    return math.sqrt(max(sum(parts) / 2, 0.0))
