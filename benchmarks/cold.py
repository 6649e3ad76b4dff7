"""`make bench-cold`: what the first call of a function pays before it does anything, in fresh processes.

Two paths: ingest, which turns a log object into profiles, and evaluate, which turns profiles into a report. Each is
measured as imports alone, and once more with its first piece of work, because much is imported only when it is needed.
Figures are over those of a bare interpreter, which cannot be avoided. pandas is hidden: functions are shipped without.
Modules are compiled before, as functions are shipped and as installing a wheel leaves them: also where the environment
forbids Python to write compiled files, whose own cost would be in every figure else.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from goals import judge
from running import HERE, Outcome, WrongResultError

_MOST_PACKAGES = 12
_SECONDS = 120
_DEEPER = ("atalaia", "pyarrow", "scipy", "numpy")
_IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Start:
    """A way to start: the code that a fresh process runs, and whose goals its figures are, if any."""

    name: str
    code: str
    goals: str = ""


_INGEST = """
from atalaia.monitor_file import load_monitor
from atalaia.baseline import baseline_from_bytes
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia_local import DirectoryStore, MemoryStore
"""
_EVALUATE = """
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.evaluating import Evaluator
from atalaia_local import DirectoryStore, MemoryStore
"""
_WORLD = """
from atalaia.baseline import build_baseline
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource, payload_names
monitor = load_monitor('{name: m, model: {name: m}, logs: {source: l}, output: o, columns: [{name: x}]}', 'm.yaml')
logs, output = MemoryStore('logs'), MemoryStore('out')
logs.put('log.jsonl', b''.join(b'{"x": %d}\\n' % number for number in range(100)))
source = LogSource(logs, names=payload_names(monitor.columns))
baseline = build_baseline(monitor.columns, source.batches)
Ingester(monitor, baseline, output).ingest(source, next(source.objects()))
"""
_REPORT = """
evaluator = Evaluator(monitor, baseline, output, 1 << 52)
[evaluator.evaluate(window) for window in evaluator.windows()]
"""

STARTS = (
    Start("ingest", _INGEST, "ingest"),
    Start("evaluate", _EVALUATE, "evaluate"),
    Start("ingest and the first object", _INGEST + _WORLD),
    Start("evaluate and the first report", _EVALUATE + _WORLD + _REPORT),
)
_FRAME = """
import meter
meter.pin({core})
meter.hide_pandas()
measured = meter.Meter()
{code}
measured.note(cpu_ms=meter.cpu_seconds() * 1000, mb=meter.peak_mb())
measured.tell()
"""


def measure(runs: int, core: int) -> list[Outcome]:
    """Start in every way *runs* times and return the medians over a bare interpreter.

    The first run of each fills the caches of compiled files and is not counted.
    """
    bare = _medians("", runs, core)
    goals: dict[str, float] = {}
    outcomes = []
    for start in STARTS:
        told = {name: value - bare[name] for name, value in _medians(start.code, runs, core).items()}
        if start.goals:
            goals |= {f"{start.goals}_ms": told["cpu_ms"], f"{start.goals}_mb": told["mb"]}
        figures = {"import_cpu_s": told["cpu_ms"] / 1000, "import_wall_s": told["wall_ms"] / 1000}
        outcomes.append(Outcome(start.name, "start", {**figures, "import_peak_mb": told["mb"]}, runs))
    first = outcomes[0]
    return [Outcome(first.name, "ours", {**first.figures, **goals}, first.runs), *outcomes[1:]]


def _medians(code: str, runs: int, core: int) -> dict[str, float]:
    told = [_start(code, core) for _ in range(runs + 1)][1:]
    return {name: statistics.median(figures[name] for figures in told) for name in told[0]}


def _start(code: str, core: int) -> dict[str, float]:
    began = time.perf_counter()
    done = _python(["-c", _FRAME.format(core=core, code=code)])
    wall = time.perf_counter() - began
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**figures, "wall_ms": wall * 1000}


def _python(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    settings = ["-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPATH={HERE}", "OMP_NUM_THREADS=1"]
    command = ["/usr/bin/env", *settings, sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)  # noqa: S603
    if done.returncode:
        msg = f"a cold start failed: {(done.stderr.strip().splitlines() or [''])[-1]}"
        raise WrongResultError(msg)
    return done


def dearest(code: str) -> list[tuple[str, float]]:
    """Return the packages that take longest to import, with the milliseconds of all their modules together."""
    told = _python(["-X", "importtime", "-c", f"import meter\nmeter.hide_pandas()\n{code}"]).stderr
    spent: Counter[str] = Counter()
    for line in told.splitlines():
        if found := _IMPORTED.match(line):
            spent[_package(found[2])] += int(found[1])
    return [(name, spent_us / 1000) for name, spent_us in spent.most_common(_MOST_PACKAGES)]


def _package(module: str) -> str:
    """Return what a module is summed up under: its package, for our own and large ones one level deeper."""
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] in _DEEPER else 1])


def main() -> int:
    """Measure all starts and print them beside their goals, and what is dear to import."""
    parser = argparse.ArgumentParser(prog="benchmarks/cold.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="fresh processes for each start (7)")
    parser.add_argument("--core", type=int, default=0, help="which core they run on (0)")
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    given = parser.parse_args()
    outcomes = measure(given.runs, given.core)
    if given.json:
        sys.stdout.write(json.dumps({outcome.name: dict(outcome.figures) for outcome in outcomes}) + "\n")
        return 0
    console = Console(width=None if sys.stdout.isatty() else 120)
    _show(console, outcomes)
    for start in STARTS[:2]:
        listed = ", ".join(f"{name} {spent:.0f}" for name, spent in dearest(start.code))
        console.print(f"Dearest imports of {start.name}, ms of their own: {listed}", highlight=False)
    return 0


def _show(console: Console, outcomes: list[Outcome]) -> None:
    table = Table("start", "CPU ms", "wall ms", "peak MB", title="Over a bare interpreter", title_justify="left")
    for outcome in outcomes:
        told = outcome.figures
        times = [f"{told[f'import_{kind}_s'] * 1000:,.0f}" for kind in ("cpu", "wall")]
        table.add_row(outcome.name, *times, f"{told['import_peak_mb']:,.0f}")
    console.print(table)
    for item in judge({"cold": outcomes}):
        if item.value is not None:
            reached, limit = item.goal.text(item.value), item.goal.text(item.goal.limit)
            console.print(f"{item.goal.what}: {reached}, goal at most {limit}: {item.verdict}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
