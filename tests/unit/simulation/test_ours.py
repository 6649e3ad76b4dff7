"""Our rule, as the simulation asks it, says what monitors say."""

import numpy as np
import pytest

from atalaia.drifting import drift_of, over_time_of
from atalaia.findings import Pair
from atalaia.schema import Column as Feature
from atalaia.schema import Kind
from simulation.ours import ALERTS, EVIDENCE, PROMISE, WARNINGS, Atalaia, AtalaiaOverTime
from simulation.populations import POPULATIONS
from simulation.rules import Column

TEXTS = [name for name, population in POPULATIONS.items() if population.kind == "text"]


@pytest.mark.parametrize("shift", [0.0, 0.12, 0.6])
@pytest.mark.parametrize("name", POPULATIONS)
def test_our_rule_says_of_a_window_what_monitors_say(name, shift):
    """Of twenty columns together, two of which have moved."""
    random = np.random.default_rng(12)
    columns = [Column.drawn(POPULATIONS[name], random, 5_000) for _ in range(20)]
    kind = Kind.CATEGORICAL if name in TEXTS else Kind.NUMERIC
    for _ in range(2):
        windows = [column.windows(random, 400, shift * (place % 10 == 0))[0] for place, column in enumerate(columns)]
        pairs = [
            Pair(Feature(f"c{place}", kind=kind), None, column.grid, column.baseline, column.profile(counts))
            for place, (column, counts) in enumerate(zip(columns, windows, strict=True))
        ]

        told = [drift.findings[0].status for drift in drift_of((), pairs, PROMISE)]

        ours = Atalaia().judge(Atalaia().measure(columns, windows), 20)
        assert ours[WARNINGS].tolist() == [status in ("warning", "alert") for status in told]
        assert ours[ALERTS].tolist() == [status == "alert" for status in told]


@pytest.mark.parametrize("name", ["normal", "few categories"])
def test_our_rule_over_time_says_what_monitors_say(name):
    random = np.random.default_rng(13)
    column = Column.drawn(POPULATIONS[name], random, 5_000)
    kind = Kind.CATEGORICAL if name in TEXTS else Kind.NUMERIC
    watch, trail, found = AtalaiaOverTime([column]), None, []
    for _ in range(40):
        counts = column.windows(random, 400, 0.15)[0]
        pair = Pair(Feature("c", kind=kind), None, column.grid, column.baseline, column.profile(counts))
        drift = drift_of((), [pair], PROMISE)
        over_time = over_time_of((), [pair], drift, trail, PROMISE)
        trail = over_time.trail
        found.append(bool(over_time.findings))

        told = watch.update([counts])

        assert told[EVIDENCE] == found[-1]
        assert told[ALERTS] == (found[-1] or drift[0].findings[0].status == "alert")
    assert not found[0]
    assert any(found)
