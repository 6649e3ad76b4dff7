"""Reads made-up logs twice, regular rows at once and all one by one: `fuzz_readers.py LINES [SEED] [--kind KIND]`.

Lines of JSON are read at once or one by one, CSV in blocks or row by row, Parquet by columns or by rows. The unit tests
do the same with fewer lines. Hypothesis draws each log's shape, and keys, words, numbers and cells of its own beside
the known traps. It ends with an error at the first log that is read in two ways, which it makes smaller and leaves
among the temporary files.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parent / "support"))

from logmaker import NAMES, SMALL, is_read_in_one_way, make_log
from tablemaker import csv_is_read_in_one_way, make_csv, make_parquet, parquet_is_read_in_one_way

from atalaia.logs import PayloadNames

LINES_OF_A_LOG = {"lines": 200, "captures": 200, "csv": 200, "parquet": 17_000}
"""Fewer rows of Parquet are not read by columns."""

NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.from_regex(r"-?[0-9]{0,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


@st.composite
def sources(draw):
    """Draw a source of randomness with traps of its own."""
    source = random.Random(draw(st.integers(0, 2**64 - 1)))
    source.keys = draw(st.lists(st.text(max_size=12), max_size=3))
    source.words = draw(st.lists(st.text(max_size=30), max_size=4))
    source.numbers = draw(st.lists(NUMBERS, max_size=4))
    source.cells = [*draw(st.lists(st.text(max_size=12), max_size=4)), *source.numbers]
    return source


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
    data = make_log(source, kind if kind == "captures" else source.choice(["jsonl", "captures", "events"]), lines)
    names = source.choice([PayloadNames(), NAMES])
    limits = replace(SMALL, batch_rows=source.choice([7, 40, 100, 300, SMALL.batch_rows]))
    return data, is_read_in_one_way(data, names=names, limits=limits)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--kind", choices=LINES_OF_A_LOG, default="lines")
    chosen = parser.parse_args()
    read = 0

    @seed(chosen.seed)
    @settings(
        max_examples=chosen.lines // LINES_OF_A_LOG[chosen.kind],
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(sources())
    def read_in_one_way(source):
        nonlocal read
        data, in_one_way = a_log(source, chosen.kind)
        left = Path(tempfile.gettempdir(), f"log-{chosen.seed}.{chosen.kind}")
        if not in_one_way:
            left.write_bytes(data)
        assert in_one_way, f"{left} is read in two ways"
        read += LINES_OF_A_LOG[chosen.kind]

    read_in_one_way()
    sys.stdout.write(f"{read} lines are read in one way\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
