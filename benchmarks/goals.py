"""The goals, and the figures that are held against them.

Rates and ratios are of processor seconds, because other work on the machine stretches wall time; the table tells both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from running import Outcome

Figures = Mapping[str, float]
Results = Mapping[str, Sequence[Outcome]]
"""Outcomes by the name of their job."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure of a job must reach: at least *limit*, or at most if it is a cost.

    Attributes:
        what: The figure in words.
        write: How its values are written.
    """

    job: str
    figure: str
    what: str
    limit: float
    is_cost: bool
    write: str = "{:,.0f}"

    def is_reached(self, value: float) -> bool:
        """Tell whether *value* is good enough."""
        return value <= self.limit if self.is_cost else value >= self.limit

    def text(self, value: float) -> str:
        """Write a value of the figure."""
        return self.write.format(value)


def _least(job: str, figure: str, what: str, limit: float, write: str = "{:,.0f}") -> Goal:
    return Goal(job, figure, what, limit, False, write)


def _most(job: str, figure: str, what: str, limit: float, write: str = "{:,.0f}") -> Goal:
    return Goal(job, figure, what, limit, True, write)


_RATE, _SHARE = "rows per CPU second", "share of the bare decode"

GOALS = (
    _least("parquet", "rows_per_cpu_s", _RATE, 1_200_000),
    _least("parquet", "share_of_decode", _SHARE, 0.40, "{:.0%}"),
    _least("peers", "times_fastest_peer", "times the fastest peer", 10, "{:,.1f}"),
    _least("peers", "times_whylogs", "times whylogs", 60, "{:,.1f}"),
    _least("peers", "times_evidently", "times Evidently", 200, "{:,.1f}"),
    _least("jsonl", "rows_per_cpu_s", _RATE, 300_000),
    _least("jsonl", "share_of_decode", _SHARE, 0.65, "{:.0%}"),
    _least("capture-csv", "rows_per_cpu_s", _RATE, 300_000),
    _least("capture-csv", "share_of_decode", _SHARE, 0.60, "{:.0%}"),
    _least("capture-json", "rows_per_cpu_s", _RATE, 200_000),
    _least("capture-json", "share_of_decode", _SHARE, 0.60, "{:.0%}"),
    _least("azure", "rows_per_cpu_s", _RATE, 200_000),
    _most("memory-parquet", "peak_mb", "peak memory of the largest file, MB", 256),
    _most("memory-parquet", "growth", "peak memory, largest file over middle one", 1.1, "{:.2f}"),
    _most("memory-jsonl", "peak_mb", "peak memory of the largest file, MB", 400),
    _most("memory-jsonl", "growth", "peak memory, largest file over middle one", 1.1, "{:.2f}"),
    _least("wide", "values_per_cpu_s", "values per CPU second", 40_000_000),
    _most("wide", "peak_mb", "peak memory, MB", 512),
    _most("wide", "compare_cpu_s", "all drift metrics of 1,000 columns, CPU s", 1, "{:.2f}"),
    _most("metrics", "metrics_cpu_s", "all metrics on shares and p-values, CPU s", 0.5, "{:.2f}"),
    _least("metrics", "times_loop", "times a plain loop of NumPy over the columns", 2, "{:,.1f}"),
    _most("merge", "merge_cpu_s", "reading and merging, CPU s", 2, "{:.2f}"),
    _most("backtest", "window_column_cpu_ms", "for each window and column, CPU ms", 0.5, "{:.2f}"),
    _most("backtest", "times_decode", "times plainly decoding the same profiles", 10, "{:.1f}"),
    _least("objects-jsonl", "objects_per_cpu_s", "objects per CPU second", 1_500),
    _least("objects-capture", "objects_per_cpu_s", "objects per CPU second", 1_500),
    _most("accuracy", "ks_error", "largest error of Kolmogorov-Smirnov", 0.001, "{:.2g}"),
    _most("accuracy", "ks_outside", "exact Kolmogorov-Smirnov outside its bounds, cases", 0),
    _most("accuracy", "cvm_error", "largest error of Cramér-von Mises", 0.001, "{:.2g}"),
    _most("accuracy", "cvm_outside", "exact Cramér-von Mises outside its bounds, cases", 0),
    _most("accuracy", "psi_error", "largest error of PSI", 1e-12, "{:.2g}"),
    _most("accuracy", "jensen_shannon_error", "largest error of Jensen-Shannon", 1e-12, "{:.2g}"),
    _most("accuracy", "other_shares_error", "largest error of the other metrics on shares", 1e-9, "{:.2g}"),
    _most("accuracy", "wasserstein_error", "largest error of Wasserstein, normalised", 0.005, "{:.2g}"),
    _most("accuracy", "wasserstein_outside", "exact Wasserstein outside its bounds, cases", 0),
    _most("cold", "ingest_ms", "import of the ingest path, CPU ms", 250),
    _most("cold", "ingest_mb", "memory of the ingest path, MB", 120),
    _most("cold", "evaluate_ms", "import of the evaluate path, CPU ms", 600),
    _most("cold", "evaluate_mb", "memory of the evaluate path, MB", 200),
)


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """Derive from one job's outcomes what goals are about; what could not be measured is not among them."""
    ours = [outcome for outcome in outcomes if outcome.role == "ours" and outcome.figures]
    if not ours:
        return {}
    first = ours[0].figures
    figures = {name: float(value) for name, value in first.items() if isinstance(value, int | float)}
    if "profile_cpu_s" in first:
        figures |= _rates(first)
    if "backtest_cpu_s" in first:
        cpu = first["backtest_cpu_s"]
        figures["window_column_cpu_ms"] = 1000 * cpu / (first["windows"] * first["columns"])
        figures["times_decode"] = cpu / first["decode_cpu_s"]
    if len(ours) > 1:
        peaks = [outcome.figures["profile_peak_mb"] for outcome in ours]
        figures |= {"peak_mb": max(peaks), "growth": peaks[-1] / peaks[-2]}
    return figures | _ratios(figures, outcomes)


def _rates(told: Figures) -> dict[str, float]:
    cpu = told["profile_cpu_s"]
    rates = {"rows_per_cpu_s": told["rows"] / cpu, "peak_mb": told["profile_peak_mb"]}
    counted = {"columns": "values_per_cpu_s", "objects": "objects_per_cpu_s"}
    per = {"columns": told["rows"], "objects": 1}
    return rates | {name: told[what] * per[what] / cpu for what, name in counted.items() if what in told}


def _ratios(ours: Figures, outcomes: Sequence[Outcome]) -> dict[str, float]:
    decodes = seconds(outcomes, "decode", "decode_cpu_s")
    peers = seconds(outcomes, "peer", "window_cpu_s")
    ratios: dict[str, float] = {}
    if decodes:
        ratios["share_of_decode"] = min(decodes.values()) / ours["profile_cpu_s"]
    if peers:
        window = ours["profile_cpu_s"] + ours["compare_cpu_s"]
        ratios |= {f"times_{name}": cpu / window for name, cpu in peers.items()}
        ratios["times_fastest_peer"] = min(peers.values()) / window
    return ratios


def seconds(outcomes: Sequence[Outcome], role: str, figure: str) -> dict[str, float]:
    """Return the seconds of all who took part in a *role* and finished."""
    return {o.name: float(o.figures[figure]) for o in outcomes if o.role == role and figure in o.figures}


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and what was reached; None if it was not measured."""

    goal: Goal
    value: float | None

    @property
    def verdict(self) -> str:
        """Say `yes`, `no`, or that it was not measured."""
        if self.value is None:
            return "not measured"
        return "yes" if self.goal.is_reached(self.value) else "no"


def judge(results: Results, figures: Callable[[Sequence[Outcome]], Figures] = figures_of) -> list[Judged]:
    """Hold every goal of the jobs that were run against its figure."""
    told = {job: figures(outcomes) for job, outcomes in results.items()}
    return [Judged(goal, told[goal.job].get(goal.figure)) for goal in GOALS if goal.job in told]
