"""Ten weeks of an invented shop's deliveries, for a backtest to look back on.

    python examples/deliveries/ten_weeks.py OUT

Writes `OUT/reference.parquet` (four weeks before), `OUT/logs` (a file a day) and two monitor files: `monitor.yaml`, as
the shop watched its model, and `changed.yaml`, as it might have. No row describes a real order.

On three days there is a sale: orders are smaller, and more of them come from the app. The day after all is as before.
From Monday, 2026-04-20 on the shop delivers to a new region: distances, weights and the predicted minutes are others,
and stay so. Only that is worth a training.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260302
FIRST, NEW_REGION = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC)
DAYS, REFERENCE_DAYS = 70, 28
ORDERS = 600
SALES = {datetime(2026, 3, 13, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 4, 17, tzinfo=UTC)}


def main(out: Path) -> None:
    """Write all files below *out*."""
    random = np.random.default_rng(SEED)
    (out / "logs").mkdir(parents=True, exist_ok=True)
    days = [FIRST - timedelta(days=number) for number in range(REFERENCE_DAYS, 0, -1)]
    pq.write_table(pa.concat_tables([_orders(day, random) for day in days]), out / "reference.parquet")
    for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
        pq.write_table(_orders(day, random), out / "logs" / f"{day:%Y-%m-%d}.parquet")
    for name in ("monitor.yaml", "changed.yaml"):
        shutil.copy(Path(__file__).parent / name, out / name)


def _orders(day: datetime, random: np.random.Generator) -> pa.Table:
    """Return a day's orders."""
    sale, beyond = day in SALES, day >= NEW_REGION
    distance = random.gamma(4.0, 2.6 if beyond else 2.0, ORDERS)
    weight = random.lognormal(0.9 if beyond else 0.7, 0.5, ORDERS)
    names = ["centre", "east", "harbour", "west"]
    shares = [0.3, 0.25, 0.2, 0.25] if beyond else [0.4, 0.3, 0.0, 0.3]
    app = 0.75 if sale else 0.5
    return pa.table(
        {
            "at": [day + timedelta(seconds=int(second)) for second in np.sort(random.integers(0, 86_400, ORDERS))],
            "amount": np.round(random.lognormal(3.2 if sale else 3.5, 0.5, ORDERS), 2),
            "distance": np.round(distance, 3),
            "weight": np.round(weight, 3),
            "channel": random.choice(["app", "web"], ORDERS, p=[app, 1 - app]),
            "region": random.choice(names, ORDERS, p=shares),
            "minutes": np.round(12 + 3 * distance + 2 * weight + random.normal(0, 2, ORDERS), 1),
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
