"""The rules of other tools, written out: their distances, their numbers, and how often they alarm."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from simulation.comparison import Comparison, Reference
from simulation.over_time import Journey, peers
from simulation.peers import PEERS
from simulation.populations import POPULATIONS, Sample
from simulation.sketches import sketch

NUMERIC = [name for name, population in POPULATIONS.items() if population.kind != "text"]
RULES = {rule.name: rule for rule in PEERS}


def drawn(name, n, m, shift=0.0, seed=1):
    random, population = np.random.default_rng(seed), POPULATIONS[name]
    reference = Reference(population.draw(random, n, 0.0), population.kind, random)
    return Comparison(reference, population.draw(random, m, shift))


def counted(kind, *counts):
    """Return a comparison of values 0, 1, ... that come so often before and now."""
    samples = []
    for side in counts:
        held = np.flatnonzero(side)
        rows = np.repeat(np.arange(len(side), dtype=float), side)
        samples.append(Sample(rows, held.astype(float), np.cumsum(np.array(side)[held])))
    return Comparison(Reference(samples[0], kind, np.random.default_rng(1)), samples[1])


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(("n", "m"), [(1_000, 50), (300, 2_000)])
def test_distances_are_those_of_scipy(name, n, m):
    pair = drawn(name, n, m, 0.1)
    rows = pair.reference.sample.rows, pair.window.rows

    assert pair.wasserstein == pytest.approx(stats.wasserstein_distance(*rows))
    assert pair.kolmogorov_smirnov == pytest.approx(stats.ks_2samp(*rows).statistic)
    assert pair.p_value == pytest.approx(stats.ks_2samp(*rows, method="asymp").pvalue)


def test_the_hand_checkable_counts_give_each_tools_own_numbers():
    """50, 30, 20, 0 against 40, 30, 20, 10: the values that the tools themselves printed for these counts."""
    pair = counted("text", [50, 30, 20, 0], [40, 30, 20, 10])

    assert RULES["Azure ML"].score(pair) == pytest.approx(0.2324129365435581 - 0.1)
    assert np.sqrt(pair.jensen_shannon) == pytest.approx(0.19349646201204068)
    assert pair.jensen_shannon == pytest.approx(jensenshannon([50, 30, 20, 0], [40, 30, 20, 10]) ** 2)
    assert pair.p_value == pytest.approx(0.011139980641667716)
    assert RULES["Evidently"].score(pair) == RULES["whylogs"].score(pair) == 0.05  # a new category: p is 0
    assert not RULES["SageMaker, robust"].alarms([RULES["SageMaker, robust"].score(pair)], 1).any()


@pytest.mark.parametrize(("rows", "kept"), [(100, 100), (1_025, 513), (2_300, 1_191), (5_000, 2_132), (10_000, 2_348)])
def test_a_sketch_keeps_as_many_rows_as_the_library_of_whylogs(rows, kept):
    values, reached = sketch(
        np.random.default_rng(7).permutation(float(rows) * np.arange(rows)), np.random.default_rng(8)
    )

    assert len(values) == kept
    assert reached[-1] == rows
    assert np.abs(reached / rows - np.searchsorted(np.arange(rows) * float(rows), values, "right") / rows).max() < 0.01


@pytest.mark.parametrize(("rule", "name", "m", "measured"), [
    ("Evidently", "normal", 100, 0.715),
    ("Evidently", "normal", 300, 0.115),
    ("Evidently", "log-normal", 100, 0.625),
    ("SageMaker, simple", "normal", 100, 0.23),
    ("KS 5 %", "normal", 100, 0.055),
])  # fmt: skip
def test_rules_alarm_as_often_as_was_measured_of_them_before(rule, name, m, measured):
    """Each share was measured by another program, in 200 repetitions with baselines of 10,000 rows."""
    alarms = [RULES[rule].score(drawn(name, 10_000, m, seed=[9, place])) > 0 for place in range(200)]

    assert np.mean(alarms) == pytest.approx(measured, abs=4 * np.sqrt(2 * measured * (1 - measured) / 200))


def test_a_year_of_5_percent_tests_hardly_stays_silent():
    journey = Journey("60 windows without drift", POPULATIONS["normal"], 10_000, 100, 1, 12)

    found = {course.rule: course for course in peers(journey, (1,), np.random.default_rng(11))}

    assert found["KS 5 %"].ever.share > 0.6
    assert found["Evidently"].ever.share == 1
    assert found["Evidently"].after <= 2
    assert (found["SageMaker, robust"].ever.share, found["SageMaker, robust"].after) == (0, None)
