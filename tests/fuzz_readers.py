"""Reads made-up logs twice, regular rows at once and all one by one: `fuzz_readers.py LINES [SEED] [--kind KIND]`.

Lines of JSON are read at once or one by one, CSV in blocks or row by row, Parquet by columns or by rows. The unit tests
do the same with fewer lines. It ends with an error at the first log that is read in two ways, which it leaves among the
temporary files, named by the seed that made it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

from logmaker import NAMES, SMALL, is_read_in_one_way, make_log
from tablemaker import csv_is_read_in_one_way, make_csv, make_parquet, parquet_is_read_in_one_way

from atalaia.logs import PayloadNames

LINES_OF_A_LOG = {"lines": 200, "csv": 200, "parquet": 17_000}  # fewer rows of Parquet are not read by columns


def a_log(source, kind):
    """Make a log, and tell whether it is read in one way."""
    lines = LINES_OF_A_LOG[kind]
    if kind == "parquet":
        data = make_parquet(source, lines)
        return data, parquet_is_read_in_one_way(data)
    if kind == "csv":
        data = make_csv(source, lines)
        limits = replace(SMALL, batch_rows=source.choice([7, 40, SMALL.batch_rows]))
        return data, csv_is_read_in_one_way(data, limits)
    data = make_log(source, source.choice(["jsonl", "captures", "events"]), lines)
    names = source.choice([PayloadNames(), NAMES])
    limits = replace(SMALL, batch_rows=source.choice([7, 40, 100, 300, SMALL.batch_rows]))
    return data, is_read_in_one_way(data, names=names, limits=limits)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--kind", choices=LINES_OF_A_LOG, default="lines")
    chosen = parser.parse_args()
    for number in range(chosen.lines // LINES_OF_A_LOG[chosen.kind]):
        seed = chosen.seed + number
        data, in_one_way = a_log(random.Random(seed), chosen.kind)
        if not in_one_way:
            Path(tempfile.gettempdir(), f"log-{seed}.{chosen.kind}").write_bytes(data)
            sys.stdout.write(f"seed {seed} is read in two ways\n")
            return 1
    sys.stdout.write(f"{chosen.lines} lines are read in one way\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
