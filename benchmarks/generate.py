"""Make the benchmarks' files by hand.

python benchmarks/generate.py --rows 100k --formats jsonl csv --variants base drift --out build/bench/data
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from columns import Layout, Variant
from datasets import Dataset, make
from formats import Format

DATA = Path("build/bench/data")
_UNITS = {"k": 1_000, "m": 1_000_000}


def rows_of(text: str) -> int:
    """Read a number of rows such as `100k`, `1m` or `2500`.

    Example:
        >>> rows_of("100k"), rows_of("1m"), rows_of("2500")
        (100000, 1000000, 2500)
    """
    unit = _UNITS.get(text[-1:].lower(), 1)
    rows = int(text[:-1] if unit > 1 else text) * unit
    if rows < 1:
        msg = f"{text} is not a number of rows"
        raise ValueError(msg)
    return rows


def main() -> int:
    """Make every file that the arguments name and print its path, rows and bytes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=rows_of, nargs="+", default=[100_000], help="such as 100k or 10m")
    parser.add_argument("--formats", nargs="+", default=list(Format), choices=list(Format))
    parser.add_argument("--variants", nargs="+", default=list(Variant), choices=list(Variant))
    parser.add_argument("--layout", default=Layout.LOG, choices=list(Layout))
    parser.add_argument("--rows-per-object", type=int, default=0, help="many small objects instead of one file")
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args()
    for rows in given.rows:
        for variant in map(Variant, given.variants):
            for format_ in map(Format, given.formats):
                dataset = Dataset(variant, rows, format_, Layout(given.layout), given.rows_per_object)
                made = make(dataset, given.out)
                sys.stdout.write(f"{made.folder}  {made.rows:,} rows  {made.bytes:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
