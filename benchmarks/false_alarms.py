"""How often monitors alarm without drift, and how soon they find it: ours, and the default rules of other tools.

`make bench-alarms` prints tables, in percent with Monte-Carlo standard errors, and writes every figure as JSON.
Runs of different parts may go on at once, each with its own --out; --parts --add FOLDER ... joins their figures.

Exit codes: 0 all was simulated, 1 a rule of ours differs from the package it stands for (--prove), 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from simulation import over_time, windows
from simulation.ours import NAMES, Atalaia, AtalaiaOverTime
from simulation.peers import PEERS
from simulation.picture import draw
from simulation.populations import POPULATIONS, Population, Random
from simulation.proof import prove
from simulation.results import Record, into_page, joined, of_cell, of_course, read, shown_in_docs, tables, written
from simulation.windows import Plan

_HERE = Path(__file__).parent
PAGE = _HERE.parent / "docs" / "false-alarms.md"
PICTURE, KEPT = PAGE.with_suffix(".svg"), PAGE.with_suffix(".json")

_SEED = 20260719
_SIZES = (50, 100, 300, 1_000, 10_000, 1_000_000)
_MAIN = Plan(10_000, _SIZES, (1, 10, 100), (0.1, 0.2, 0.5), ours=1_000, peers=2_000, peers_large=100)
_OTHER = Plan(1_000, (100, 1_000, 10_000), (1, 100), (0.2,), ours=200, peers=500, peers_large=100)
_QUICK = Plan(1_000, (50, 300), (1, 10), (0.2, 0.5), ours=10, peers=20, peers_large=20)
_FEW = ("normal", "few categories")
_ROWS = (100, 1_000, 10_000)
_RULES = (*NAMES, *(rule.name for rule in PEERS))
_TOGETHER = 20  # columns of the larger monitors over time


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="false_alarms", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few small settings, in seconds; figures mean little")
    parser.add_argument("--only", nargs="+", choices=POPULATIONS, default=[*POPULATIONS], metavar="POPULATION")
    parts = ["windows", "baselines", "courses"]
    parser.add_argument(
        "--parts",
        nargs="*",
        choices=parts,
        default=parts,
        help="what is simulated, nothing if none is named: " + ", ".join(parts),
    )
    parser.add_argument("--who", nargs="+", choices=["ours", "peers"], default=["ours", "peers"])
    parser.add_argument("--scale", type=float, default=1.0, help="of the repetitions, such as 0.1 for a tenth")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the results")
    parser.add_argument(
        "--add",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="keep the docs' and earlier results of what is not simulated now, and those of other runs' folders",
    )
    parser.add_argument("--write-docs", action="store_true", help=f"write {PAGE.name}, its picture and its figures")
    parser.add_argument("--prove", action="store_true", help="only compare the rules with the tools' own packages")
    parser.add_argument("--venvs", type=Path, help="where the environments of other tools are or will be")
    parser.add_argument("--no-install", action="store_true", help="use the tools that are installed")
    return parser.parse_args()


def main() -> int:
    """Simulate what the arguments name."""
    given = _arguments()
    talk, out = Console(stderr=True), Console(width=None if sys.stdout.isatty() else 220)
    if given.prove:
        return prove((given.venvs or given.out / "venv").absolute(), not given.no_install, out)
    file = given.out / "false-alarms.json"
    records: list[Record] = []
    if given.add is not None:
        records = _in_order(_earlier([file, *(folder / file.name for folder in given.add)]))
        written(records, file)
    for what, found in _simulated(given):
        records = _in_order(joined(records, found))
        written(records, file)  # a long run may be ended at any time
        talk.print(what, style="dim", markup=False)
    _show(records, out)
    if given.write_docs:
        kept = shown_in_docs(records)
        written(kept, KEPT)
        PAGE.write_text(into_page(PAGE.read_text(), kept))
        PICTURE.write_text(draw(kept))
    return 0


def _earlier(files: Sequence[Path]) -> list[Record]:
    """Return what the docs and these files have of rules that there still are, of the same setting the last."""
    told = joined(read(KEPT), (record for file in files for record in read(file)))
    return [record for record in told if record["rule"] in _RULES]


def _in_order(records: Sequence[Record]) -> list[Record]:
    """Sort records as populations and rules are listed, however they came to be."""
    populations = list(POPULATIONS)
    courses = ["", *over_time.COURSES]

    def place(record: Record) -> tuple[float, ...]:
        told = (record["baseline"], populations.index(record["population"]), record["rows"], record["columns"])
        return (courses.index(record.get("course", "")), *told, record.get("shift", 0.0), _RULES.index(record["rule"]))

    return sorted(records, key=place)


def _simulated(given: argparse.Namespace) -> Iterator[tuple[str, list[Record]]]:
    chosen = [POPULATIONS[name] for name in given.only]
    few = [POPULATIONS[name] for name in given.only if name in _FEW]
    if "windows" in given.parts:
        yield from _single(_QUICK if given.quick else _MAIN, chosen, given)
    if "baselines" in given.parts and not given.quick:
        for rows in (1_000, 100_000):
            yield from _single(replace(_OTHER, baseline=rows), few, given)
    if "courses" in given.parts:
        yield from _courses(few[:1] if given.quick else few, given)


def _single(plan: Plan, chosen: Sequence[Population], given: argparse.Namespace) -> Iterator[tuple[str, list[Record]]]:
    repeated = {name: max(round(getattr(plan, name) * given.scale), 2) for name in ("ours", "peers", "peers_large")}
    plan = replace(plan, **repeated)
    for population in chosen:
        for who in given.who:
            random = _random("single", who, population.name, str(plan.baseline))
            cells = (
                windows.peers(plan, population, random)
                if who == "peers"
                else windows.ours(plan, population, Atalaia(), random)
            )
            yield f"{population.name}, baseline of {plan.baseline:,}, {who}", [of_cell(cell) for cell in cells]


def _courses(chosen: Sequence[Population], given: argparse.Namespace) -> Iterator[tuple[str, list[Record]]]:
    for course in over_time.DRAWN[-1 if given.quick else 0 :]:
        for population in chosen:
            for rows in _ROWS[: 1 if given.quick else None]:
                for who in given.who:
                    random = _random(course, who, population.name, str(rows))
                    yield (
                        f"{course}, {population.name}, {rows:,}, {who}",
                        _course(course, population, rows, who, given, random),
                    )


def _course(
    course: str, population: Population, rows: int, who: str, given: argparse.Namespace, random: Random
) -> list[Record]:
    scale = given.scale * (0.005 if given.quick else 1)
    most = {"ours": {1: 1000, _TOGETHER: 100}, "peers": {1: 100}}[who]
    journeys = [
        over_time.Journey(course, population, 10_000, rows, columns, max(round(monitors * scale), 2))
        for columns, monitors in most.items()
    ]
    if who == "peers":
        found = over_time.peers(journeys[0], (1, _TOGETHER), random)
        return [of_course(each) for each in found]
    return [of_course(each) for journey in journeys for each in over_time.ours(journey, AtalaiaOverTime, random)]


def _random(*what: str) -> Random:
    """Return the generator of one part, whatever else is simulated."""
    return np.random.default_rng([_SEED, *(" ".join(what)).encode()])


def _show(records: Sequence[Record], console: Console) -> None:
    for title, heads, rows in tables(records):
        table = Table(title=f"{title}, %", title_justify="left")
        for head in heads:
            table.add_column(head)
        for row in rows:
            table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    sys.exit(main())
