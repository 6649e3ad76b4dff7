"""Our rule, as the simulation asks it, says what monitors say."""

import math

import numpy as np
import pytest

from atalaia.drifting import drift_of, over_time_of
from atalaia.findings import Pair
from atalaia.schema import Column as Feature
from atalaia.schema import Kind
from atalaia.signals.chance import chance_of
from atalaia.signals.distributions import cramer_von_mises
from simulation.ours import ALERTS, EVIDENCE, PROMISE, RATE, WARNINGS, Atalaia, AtalaiaOverTime
from simulation.populations import POPULATIONS
from simulation.rules import Column

TEXTS = [name for name, population in POPULATIONS.items() if population.kind == "text"]
NUMERIC = [name for name in POPULATIONS if name not in TEXTS]


def pairs_of(columns, windows):
    """What monitors are given of a window."""
    pairs = []
    for place, (column, counts) in enumerate(zip(columns, windows, strict=True)):
        feature = Feature(f"c{place}", kind=Kind.CATEGORICAL if column.population.kind == "text" else Kind.NUMERIC)
        pairs.append(Pair(feature, None, column.grid, column.baseline, column.profile(counts)))
    return pairs


@pytest.mark.parametrize("shift", [0.0, 0.12, 0.6])
@pytest.mark.parametrize("name", POPULATIONS)
def test_our_rule_says_of_a_window_what_monitors_say(name, shift):
    """Of twenty columns together, two of which have moved."""
    random, rule = np.random.default_rng(12), Atalaia()
    columns = [Column.drawn(POPULATIONS[name], random, 5_000) for _ in range(20)]
    drawn = [column.windows(random, [400, 60], shift * (place % 10 == 0)) for place, column in enumerate(columns)]
    measured = np.stack([rule.measure(*pair) for pair in zip(columns, drawn, strict=True)], axis=1)
    for windows, each in zip(zip(*drawn, strict=True), measured, strict=True):
        told = [drift.findings[0].status for drift in drift_of((), pairs_of(columns, windows), PROMISE)]

        ours = rule.judge(each, 20)
        assert ours[WARNINGS].tolist() == [status in ("warning", "alert") for status in told]
        assert ours[ALERTS].tolist() == [status == "alert" for status in told]


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize("size", [1_000, 20_000])
def test_what_our_rule_takes_for_usual_is_likelier_than_any_level(name, size):
    random, usual = np.random.default_rng(14), 0
    for shift in (0.0, 0.1):
        column = Column.drawn(POPULATIONS[name], random, size)
        windows = column.windows(random, [50, 300, 3_000, 100_000] * 20, shift)
        for counts, (tail, _) in zip(windows, Atalaia().measure(column, windows), strict=True):
            profile = column.profile(counts)
            chance = chance_of("cramer_von_mises", (column.grid, column.baseline, profile))
            exact = chance.tail(cramer_von_mises(column.baseline, profile)[0])

            assert tail == pytest.approx(exact) if tail < 1 else exact > RATE
            usual += tail == 1
    assert usual > 40


@pytest.mark.parametrize("shift", [0.0, 0.15])
@pytest.mark.parametrize("names", [["normal"], ["few categories"], ["whole numbers", "normal", "many categories"]])
def test_our_rule_over_time_says_what_monitors_say(names, shift):
    random = np.random.default_rng(13)
    columns = [Column.drawn(POPULATIONS[name], random, 5_000) for name in names]
    windows = [column.windows(random, [400] * 40, shift) for column in columns]
    windows[0][7:9] = columns[0].windows(random, [400] * 2, 1.5)  # these alert by themselves
    expected, trail = dict.fromkeys((WARNINGS, ALERTS, EVIDENCE), math.inf), None
    for place, counts in enumerate(zip(*windows, strict=True), 1):
        pairs = pairs_of(columns, counts)
        drift = drift_of((), pairs, PROMISE)
        over_time = over_time_of((), pairs, drift, trail, PROMISE)
        trail = over_time.trail
        statuses = {each.findings[0].status for each in drift}
        alerts = {ALERTS: "alert" in statuses, EVIDENCE: bool(over_time.findings)}
        raised = {WARNINGS: bool(statuses & {"warning", "alert"}), **alerts, ALERTS: any(alerts.values())}
        expected = {name: min(first, place if raised[name] else math.inf) for name, first in expected.items()}

    told = AtalaiaOverTime(columns).follow(windows)

    assert told == expected
    assert (told[EVIDENCE] < math.inf) == (shift > 0)
