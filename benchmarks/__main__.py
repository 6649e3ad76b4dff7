"""`make bench`: run every job, print the table with its goals, and write JSON, the docs' table and their picture.

Exit codes: 0 everything was measured and told (goals may be missed: the table says so), 2 a result was wrong or
something could not run.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from breaking import BREAKS
from cold import measure as measure_cold
from environments import Environments
from generate import rows_of
from jobs import JOBS
from picture import draw, panels
from running import HERE, Outcome, Runner, WrongResultError
from tables import Run, into_page, show, to_plain
from workshop import Workshop

PAGE = HERE.parent / "docs" / "benchmarks.md"
PICTURE = PAGE.with_suffix(".svg")
_COLD = "cold"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").partition("\n")[0])
    choices = [*JOBS, _COLD]
    parser.add_argument("--rows", type=rows_of, default=1_000_000, help="rows of an ordinary job, such as 100k (1m)")
    parser.add_argument("--runs", type=int, default=5, help="how often everything is run, in turns (5)")
    parser.add_argument("--only", nargs="+", choices=choices, default=choices, metavar="JOB", help=", ".join(choices))
    parser.add_argument("--skip", nargs="+", choices=choices, default=[], metavar="JOB")
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument("--no-install", action="store_true", help="use what is installed, tell what is not")
    parser.add_argument("--venvs", type=Path, help="where the environments of peers and engines are or will be")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of data and results")
    parser.add_argument("--keep", action="store_true", help="keep the files of several gigabytes")
    parser.add_argument("--core", type=int, default=0, help="which core everything runs on (0)")
    parser.add_argument("--seconds", type=float, default=1800, help="how long one process may take (1800)")
    parser.add_argument("--add", action="store_true", help="keep earlier results of jobs that are not run now")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables and the picture into {PAGE.name}")
    parser.add_argument("--break", dest="broken", choices=[*BREAKS], default="", help="for the self-test: must fail")
    return parser.parse_args()


def main() -> int:
    """Run what the arguments name."""
    given = _arguments()
    talk, results_file = Console(stderr=True), given.out / "results.json"
    titles = {name: job.title for name, job in JOBS.items()} | {_COLD: "cold start"}
    try:
        results = _earlier(results_file, given.rows) if given.add else {}
        results |= _measure(given, talk)
    except WrongResultError as error:
        talk.print(f"A result is wrong: {error}", style="red", markup=False, soft_wrap=True)
        return 2
    run = Run(_machine(), given.rows, titles, {name: results[name] for name in titles if name in results})
    show(run, Console(width=None if sys.stdout.isatty() else 160))
    results_file.parent.mkdir(parents=True, exist_ok=True)
    results_file.write_text(json.dumps(to_plain(run), indent=1, ensure_ascii=False) + "\n")
    if given.write_docs:
        PAGE.write_text(into_page(PAGE.read_text(), run))
        PICTURE.write_text(draw(panels(run.results, titles)))
    return 0


def _earlier(file: Path, rows: int) -> dict[str, list[Outcome]]:
    told: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"rows": rows, "jobs": {}}
    if told["rows"] != rows:
        msg = f"{file} is of {told['rows']:,} rows, so results of {rows:,} cannot be added to it"
        raise WrongResultError(msg)
    return {name: [Outcome(**outcome) for outcome in job["outcomes"]] for name, job in told["jobs"].items()}


def _measure(given: argparse.Namespace, talk: Console) -> dict[str, list[Outcome]]:
    environments = Environments((given.venvs or given.out / "venv").absolute(), not given.no_install)
    runner = Runner(given.core, given.seconds, environments)
    shop = Workshop(given.out.absolute(), runner, given.rows, given.keep, given.broken, partial(_say, talk))
    results: dict[str, list[Outcome]] = {}
    for name in (*JOBS, _COLD):
        left_out = name in given.skip or (name == "peers" and given.no_peers)
        if name in given.only and not left_out:
            talk.print(name, style="bold")
            results[name] = _job(shop, name, given.runs)
    return results


def _say(talk: Console, what: str) -> None:
    talk.print(f"  {what}", style="dim", markup=False)


def _job(shop: Workshop, name: str, runs: int) -> list[Outcome]:
    if name == _COLD:
        return measure_cold(max(runs, 1), shop.runner.core)
    job = JOBS[name]
    try:
        return shop.runner.run_all(job.steps(shop), min(runs, job.runs or runs), shop.say)
    finally:
        shop.clear()


def _machine() -> str:
    """Describe where it ran: processor, cores, and the versions that speed depends on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    wide = any(line.startswith("flags") and "avx512f" in line for line in lines)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow"))
    return f"{model}{', AVX-512' if wide else ', no AVX-512'}, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    sys.exit(main())
