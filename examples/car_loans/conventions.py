"""What each tool would say of a week of car loans: an invented sample, and the table of the tools' verdicts on it.

    python examples/car_loans/conventions.py OUT [--write PAGE]

Writes `OUT/reference.parquet` (20,000 loans) and `OUT/window.parquet` (4,000 loans, some of whose columns have moved)
and prints what each tool would make of each column, as a table in Markdown. `--write` puts the table into a page,
between its marks. No row describes a real person.

Moved are the car's value (by a seventh of a standard deviation), the debt ratio (more spread), the salary (the lowest
range is commoner), the down payment (a new option, rare) and, with these, the score. The loan's length, the driver's
tenure and whether an earlier loan was repaid are as they were.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from atalaia.monitor_file import Convention
from atalaia.monitoring.comparing import compare
from atalaia.monitoring.sources import LogSource
from atalaia_local import DirectoryStore

SEED = 20260727
REFERENCE_ROWS, WINDOW_ROWS = 20_000, 4_000
BEGIN, END = "<!-- table: made by examples/car_loans/conventions.py; a test compares -->\n", "<!-- end of table -->"

_TITLES = {
    Convention.ATALAIA: "Atalaia",
    Convention.AZUREML: "Azure ML",
    Convention.EVIDENTLY: "Evidently",
    Convention.NANNYML: "NannyML",
    Convention.SAGEMAKER: "SageMaker",
}
_SALARIES = ("0 - 20K €", "20K - 40K €", "40K - 60K €", "60K+ €")
_PAYMENTS = ("0%", "10%", "20%", "30%", "40%", "50%")


def loans(seed: int, rows: int, *, moved: bool) -> pa.Table:
    """Draw loans with the model's score, which is higher for the more likely repaid."""
    random = np.random.default_rng(seed)
    value = np.exp(random.normal(10.2 + 0.07 * moved, 0.5, rows)).round()
    debt = np.clip(random.normal(0.45, 0.15 * (1.25 if moved else 1.0), rows), 0, 1)
    salary = random.choice(4, rows, p=[0.34, 0.24, 0.22, 0.2] if moved else [0.25, 0.27, 0.26, 0.22])
    tenure = np.clip(random.normal(5, 2.3, rows), 0, 12)
    repaid = random.random(rows) < 0.55
    payments = [0.18, 0.3, 0.24, 0.15, 0.08, 0.05] if moved else [0.18, 0.31, 0.26, 0.16, 0.09, 0.0]
    logit = 1.1 - 2.2 * debt + 0.4 * salary + 0.15 * tenure - value / 60_000 + 0.5 * repaid
    return pa.table(
        {
            "car_value": value,
            "debt_to_income_ratio": debt,
            "loan_length": random.choice([12.0, 18, 24, 36, 48, 60, 72, 84], rows),
            "driver_tenure": tenure,
            "salary_range": _named(_SALARIES, salary),
            "size_of_downpayment": _named(_PAYMENTS, random.choice(6, rows, p=payments)),
            "repaid_loan_on_prev_car": repaid,
            "score": 1 / (1 + np.exp(-logit)),
        }
    )


def _named(names: tuple[str, ...], places: npt.NDArray[Any]) -> list[str]:
    return [names[place] for place in places.tolist()]


def write(out: Path) -> None:
    """Write both files to *out*."""
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(loans(SEED, REFERENCE_ROWS, moved=False), out / "reference.parquet")
    pq.write_table(loans(SEED + 1, WINDOW_ROWS, moved=True), out / "window.parquet")


def table(out: Path) -> str:
    """Return what each tool says of each column of the two files in *out*, as a table in Markdown."""
    store = DirectoryStore(out)
    sides = LogSource(store, "reference.parquet"), LogSource(store, "window.parquet")
    told = {name: compare(*sides, convention=name)["columns"] for name in _TITLES}
    lines = [f"| column | {' | '.join(_TITLES.values())} |", f"|{'---|' * (len(_TITLES) + 1)}"]
    for place, column in enumerate(told[Convention.ATALAIA]):
        cells = [_cell(told[name][place]["finding"]) for name in _TITLES]
        lines.append(f"| `{column['column']}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_VERDICTS = {"alert": "**alarm:**", "warning": "warning:", "ok": "ok:", "undecided": "no verdict:"}


def _cell(finding: dict[str, Any]) -> str:
    value, limit = (f"{finding[name]:.3g}" if finding[name] is not None else "?" for name in ("value", "threshold"))
    return f"{_VERDICTS[finding['status']]} {finding['metric'].partition('[')[0]} {value} (limit {limit})"


def main() -> None:
    """Do what the arguments name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder of the two files")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, too")
    given = parser.parse_args()
    write(given.out)
    made = table(given.out)
    print(made, end="")  # noqa: T201  # its data
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8")
        put = re.sub(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", lambda _: made, page, flags=re.DOTALL)
        given.write.write_text(put, encoding="utf-8")


if __name__ == "__main__":
    main()
