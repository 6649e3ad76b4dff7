"""The tables of a run: what everyone took, and how the goals fared; for the terminal, for JSON and for the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from goals import Judged, Results, figures_of, judge
from running import Outcome

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
_SPANS = ("profile", "window", "backtest", "decode", "merge", "metrics", "accuracy", "import")
_MB = 1e6
_GOALS = ("work", "figure", "goal", "reached", "met")
_TIMES = ("work", "who", "rows/s", "rows/CPU s", "MB/s", "CPU s", "peak MB", "profile kB", "runs", "ratio")


@dataclass(frozen=True, slots=True)
class Run:
    """What a whole run measured, and where.

    Attributes:
        machine: Processor, memory and versions, in words.
        rows: Rows of an ordinary job.
        titles: What each job is called.
    """

    machine: str
    rows: int
    titles: Mapping[str, str]
    results: Results

    @property
    def judged(self) -> list[Judged]:
        """Return the goals and how they fared."""
        return judge(self.results)


def to_plain(run: Run) -> dict[str, Any]:
    """Return everything for JSON."""
    return {
        "machine": run.machine,
        "rows": run.rows,
        "jobs": {
            name: {"figures": figures_of(outcomes), "outcomes": [asdict(outcome) for outcome in outcomes]}
            for name, outcomes in run.results.items()
        },
        "goals": [
            {
                "job": item.goal.job,
                "figure": item.goal.figure,
                "goal": item.goal.limit,
                "reached": item.value,
                "met": item.verdict,
            }
            for item in run.judged
        ],
    }


def goal_rows(run: Run) -> list[tuple[str, ...]]:
    """Return a line for each goal."""
    return [
        (
            run.titles[item.goal.job],
            item.goal.what,
            f"{'≤' if item.goal.is_cost else '≥'} {item.goal.text(item.goal.limit)}",
            "" if item.value is None else item.goal.text(item.value),
            item.verdict,
        )
        for item in run.judged
    ]


def time_rows(run: Run) -> list[tuple[str, ...]]:
    """Return a line for each who took part in each job."""
    return [
        _time_row(run.titles[name], outcome, figures_of(outcomes))
        for name, outcomes in run.results.items()
        for outcome in outcomes
        if name != "accuracy"
    ]


def _time_row(title: str, outcome: Outcome, ours: Mapping[str, float]) -> tuple[str, ...]:
    if outcome.error:
        return (title, outcome.name, outcome.error, *[""] * 7)
    told = outcome.figures
    span = next(name for name in _SPANS if f"{name}_cpu_s" in told)
    cpu, wall = told[f"{span}_cpu_s"], told[f"{span}_wall_s"]
    rows, size = told.get("rows"), told.get("bytes")
    stored = told.get("profile_bytes")
    return (
        title,
        outcome.name,
        f"{rows / wall:,.0f}" if rows else "",
        f"{rows / cpu:,.0f}" if rows else "",
        f"{size / _MB / wall:,.0f}" if size else "",
        f"{cpu:,.2f}",
        f"{told[f'{span}_peak_mb']:,.0f}",
        f"{stored / 1000:,.0f}" if stored else "",
        str(outcome.runs),
        _ratio(outcome, ours),
    )


def _ratio(outcome: Outcome, ours: Mapping[str, float]) -> str:
    """Say how much of the fastest decode our profile reaches, or how many times faster than a peer we are."""
    if outcome.role == "peer":
        return f"{ours[f'times_{outcome.name}']:,.1f} x" if f"times_{outcome.name}" in ours else ""
    if outcome.role == "decode" and "profile_cpu_s" in ours:
        return f"{outcome.figures['decode_cpu_s'] / ours['profile_cpu_s']:.0%}"
    return ""


def show(run: Run, console: Console) -> None:
    """Print both tables."""
    console.print(_table("What each took (medians; peers: the whole window)", _TIMES, time_rows(run)))
    goals = _table(f"Goals for 1m rows, measured with {run.rows:,}", _GOALS, goal_rows(run))
    console.print(goals)
    console.print(f"{run.machine}; in turns, one core", markup=False)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row, style="bold red" if row[-1] == "no" else "")
    return table


def into_page(page: str, run: Run) -> str:
    """Return the documentation page with the tables of this run between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    met = sum(item.verdict == "yes" for item in run.judged)
    head = f"{run.machine}. {run.rows:,} rows, medians. {met} of {len(run.judged)} goals met."
    tables = [_markdown(_GOALS, goal_rows(run)), _markdown(_TIMES, time_rows(run))]
    return "\n\n".join((before + BEGIN, head, *tables, END + after))


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
