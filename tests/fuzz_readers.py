"""Reads made-up logs twice, regular lines at once and all lines one by one: `fuzz_readers.py LINES [SEED]`.

The unit tests do the same with fewer lines. It ends with an error at the first log that is read in two ways, which it
leaves among the temporary files, named by the seed that made it.
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

from atalaia.logs import PayloadNames

LINES_OF_A_LOG = 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    chosen = parser.parse_args()
    for number in range(chosen.lines // LINES_OF_A_LOG):
        seed = chosen.seed + number
        source = random.Random(seed)
        data = make_log(source, source.choice(["jsonl", "captures", "events"]), LINES_OF_A_LOG)
        names = source.choice([PayloadNames(), NAMES])
        limits = replace(SMALL, batch_rows=source.choice([7, 40, 100, 300, SMALL.batch_rows]))
        if not is_read_in_one_way(data, names=names, limits=limits):
            Path(tempfile.gettempdir(), f"log-{seed}.jsonl").write_bytes(data)
            sys.stdout.write(f"seed {seed} is read in two ways\n")
            return 1
    sys.stdout.write(f"{chosen.lines} lines are read in one way\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
