"""All metrics on shares of many columns: ours for all columns at once, and a plain loop of NumPy over the columns.

Both do the same work, both tests' p-values included, and must agree; else no figure counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from atalaia.signals.tables import OnTable, Table, measure_tables
from meter import Meter
from truth import WrongProfileError

_SEED = 20260719
_FLOOR = 1e-4
_ROUNDING = 1e-8  # relative to the value, or to 1

Floats = npt.NDArray[np.float64]


def measure(meter: Meter, columns: int, bins: int) -> None:
    """Time both on the same counts, each after a first round that is not timed."""
    tables = _tables(columns, bins)
    found = _timed(meter, "metrics", measure_tables, tables)
    looped = _timed(meter, "loop", lambda tables: [_of_column(*table) for table in tables], tables)
    _demand_equal(found, looped)
    ratio = meter.figures["loop_cpu_s"] / meter.figures["metrics_cpu_s"]
    meter.note(columns=columns, bins=bins, times_loop=ratio)


def _timed(meter: Meter, name: str, work: Callable[[Sequence[Table]], Any], tables: Sequence[Table]) -> Any:
    work(tables[: len(tables) // 10])
    with meter.span(name):
        return work(tables)


def _tables(columns: int, bins: int) -> list[Table]:
    random = np.random.default_rng([_SEED, columns, bins])
    shares = random.dirichlet(np.full(bins, 0.5), columns)  # some bins are almost empty
    return [(random.multinomial(100_000, share), random.multinomial(20_000, share)) for share in shares]


def _of_column(before: npt.NDArray[np.int64], now: npt.NDArray[np.int64]) -> dict[str, float]:
    n, m = before.sum(), now.sum()
    p, q = before / n, now / m
    held_p, held_q = np.maximum(p, _FLOOR), np.maximum(q, _FLOOR)
    middle, apart = (p + q) / 2, np.abs(p - q)
    divergence = (_divergence(p, middle) + _divergence(q, middle)) / 2 / math.log(2)
    table = np.stack((before, now))[:, before + now > 0]
    expected = np.outer((n, m), table.sum(axis=0)) / (n + m)
    chi_square = float(((table - expected) ** 2 / expected).sum())
    g_test = 2 * sum(_divergence(row / row.sum(), table.sum(axis=0) / (n + m)) * row.sum() for row in table)
    freedom = table.shape[1] - 1
    return {
        "psi": float(((held_q - held_p) * np.log(held_q / held_p)).sum()),
        "kullback_leibler": float((held_q * np.log(held_q / held_p) - held_q + held_p).sum()),
        "jensen_shannon": math.sqrt(divergence),
        "jensen_shannon_divergence": divergence,
        "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / math.sqrt(2)),
        "total_variation": float(apart.sum() / 2),
        "l_infinity": float(apart.max()),
        "l_infinity_robust": max(float(apart.max()) - 1.8 * math.sqrt(1 / n + 1 / m), 0.0),
        "chi_square": chi_square,
        "g_test": float(g_test),
        "p of chi_square": float(special.chdtrc(freedom, chi_square)),
        "p of g_test": float(special.chdtrc(freedom, g_test)),
    }


def _divergence(p: Floats, q: Floats) -> float:
    held = p > 0
    return float((p[held] * np.log(p[held] / q[held])).sum())


def _demand_equal(found: Sequence[OnTable], looped: Sequence[dict[str, float]]) -> None:
    for place, (ours, theirs) in enumerate(zip(found, looped, strict=True)):
        told = {**ours.metrics, **{f"p of {name}": value for name, value in ours.p_values.items()}}
        for name, value in theirs.items():
            if abs((told[name] or 0.0) - value) > _ROUNDING * max(abs(value), 1.0):
                msg = f"column {place}: {name} is {told[name]}, by a plain loop {value}"
                raise WrongProfileError(msg)
