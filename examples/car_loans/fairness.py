"""Invented car loans with the lender's decision and how they ended, as a sample for `atalaia fairness`.

    python examples/car_loans/fairness.py OUT

Writes `OUT/decided.csv`: 5,000 loans that were given in a trial without looking, with what the model said beforehand.
No row describes a real person.

Loans of the young end as well as others of their salary. But they earn less, which the model may use, and the model
also takes off something for age alone, so it approves them less often than others of the same salary.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SEED = 20260728
ROWS = 5_000
COLUMNS = ("age", "gender", "salary_range", "score", "approved", "repaid")
_SALARIES = ("0 - 20K €", "20K - 40K €", "40K - 60K €", "60K+ €")
_YOUNG = 25


def main(arguments: Sequence[str]) -> int:
    """Write the loans to the folder that the one argument names."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python fairness.py OUT\n")
        return 2
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    with (out / "decided.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(loans(SEED, ROWS))
    return 0


def loans(seed: int, rows: int) -> list[tuple[object, ...]]:
    """Draw loans, in the order of `COLUMNS`."""
    random = np.random.default_rng(seed)
    age = np.clip(np.rint(random.normal(41, 13, rows)), 18, 80).astype(int)
    young = age < _YOUNG
    drawn = random.random(rows)
    salary = np.where(young, np.searchsorted([0.45, 0.75, 0.92], drawn), np.searchsorted([0.2, 0.48, 0.76], drawn))
    worth = -0.5 + 0.7 * salary
    repaid = random.random(rows) < _share(worth)
    score = _share(worth + random.normal(0, 0.8, rows) + 0.9 * (repaid - 0.5) - 0.5 * young)
    gender = random.choice(["f", "m"], rows, p=[0.45, 0.55])
    return [
        (int(a), str(g), _SALARIES[s], round(float(p), 4), int(p >= 0.5), int(r))
        for a, g, s, p, r in zip(age, gender, salary, score, repaid, strict=True)
    ]


def _share(logit: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    share: np.typing.NDArray[np.float64] = 1 / (1 + np.exp(-logit))
    return share


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
