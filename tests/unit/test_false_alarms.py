"""The simulation of false alarms: what is drawn, the rules of other tools, and what rates are made of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from atalaia.drifting import drift_of, over_time_of
from atalaia.findings import Pair
from atalaia.profile.numeric import grid_of
from atalaia.profile.weighted import cells_of
from atalaia.schema import Column as Feature
from atalaia.schema import Kind
from simulation.comparison import Comparison, Reference
from simulation.ours import ALERTS, EVIDENCE, PROMISE, WARNINGS, Atalaia, AtalaiaOverTime
from simulation.over_time import Journey, peers
from simulation.peers import PEERS
from simulation.picture import draw
from simulation.populations import POPULATIONS, Sample
from simulation.rates import Rate, of_columns, of_families
from simulation.results import into_page, joined, percent, read
from simulation.rules import Column
from simulation.sketches import sketch

ROOT = Path(__file__).resolve().parents[2]
NUMERIC = [name for name, population in POPULATIONS.items() if population.kind != "text"]
TEXTS = [name for name in POPULATIONS if name not in NUMERIC]
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


@pytest.mark.parametrize("shift", [0.0, 0.2])
@pytest.mark.parametrize("name", POPULATIONS)
def test_the_shares_of_cells_are_those_of_rows(name, shift):
    population, random = POPULATIONS[name], np.random.default_rng(2)
    rows = population.draw(random, 50_000, shift).rows
    edges = np.unique(np.quantile(population.draw(random, 50_000, 0.0).rows, np.linspace(0, 1, 40), method="lower"))
    places = np.searchsorted(edges, rows)
    cells = 2 * places + (edges[np.minimum(places, len(edges) - 1)] == rows)
    shares = population.cells(edges, shift)
    counts = np.bincount(rows.astype(int) if name in TEXTS else cells, minlength=len(shares))
    held = shares > 0

    assert shares.sum() == pytest.approx(1)
    assert counts[~held].sum() == 0
    assert stats.chisquare(counts[held], shares[held] / shares.sum() * 50_000).pvalue > 0.001


@pytest.mark.parametrize("name", NUMERIC)
def test_a_moved_column_has_its_mean_so_many_deviations_away(name):
    population, random = POPULATIONS[name], np.random.default_rng(3)
    still, moved = (population.draw(random, 1_000_000, shift).rows for shift in (0.0, 0.5))

    assert (moved.mean() - still.mean()) / still.std() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("name", TEXTS)
def test_moved_categories_diverge_as_a_normal_column_that_moved_as_far(name):
    still, moved = (POPULATIONS[name].cells(np.empty(0), shift) for shift in (0.0, 0.2))

    assert stats.entropy(moved, still) == pytest.approx(0.2**2 / 2)


@pytest.mark.parametrize("name", NUMERIC)
def test_a_baseline_is_counted_as_its_profile_counts_it(name):
    population = POPULATIONS[name]
    rows = population.draw(np.random.default_rng(4), 5_000, 0.0).rows
    grid = grid_of(rows, rows.min(), rows.max())

    column = Column.drawn(population, np.random.default_rng(4), 5_000)

    assert (column.edges == grid.edges).all()
    assert (column.counts == np.bincount(cells_of(grid, rows), minlength=len(column.counts))).all()


@pytest.mark.parametrize("size", [100, 5_000])
@pytest.mark.parametrize("name", ["normal", "mostly zero", "few categories"])
def test_windows_drawn_by_cells_have_the_means_and_variances_of_rows(name, size):
    column = Column.drawn(POPULATIONS[name], np.random.default_rng(5), 2_000)
    shares = POPULATIONS[name].cells(column.edges, 0.2)

    windows = column.windows(np.random.default_rng(6), size, 0.2, 4_000)

    far = (windows.mean(axis=0) - size * shares) / np.sqrt(size * shares * (1 - shares) / 4_000 + 1e-300)
    assert (windows.sum(axis=1) == size).all()
    assert np.abs(far[shares > 0]).max() < 5
    assert windows.var(axis=0).sum() == pytest.approx(size * (shares * (1 - shares)).sum(), rel=0.05)


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


def test_rates_of_independent_columns_make_the_rates_of_windows():
    random = np.random.default_rng(10)
    false, true = (random.binomial(columns, rate, 200_000).astype(float) for columns, rate in ((90, 0.01), (10, 0.6)))

    told = of_columns(Rate(0.01, 0.001, 100), Rate(0.6, 0.01, 100), 90, 10)
    counted_ = of_families(false, true, 90, 10)

    assert told.family_wise.share == pytest.approx(1 - 0.99**90)
    assert told.family_wise.share == pytest.approx(counted_.family_wise.share, abs=4 * counted_.family_wise.error)
    assert told.false_discovery.share == pytest.approx(
        counted_.false_discovery.share, abs=4 * counted_.false_discovery.error
    )
    assert (told.power.share, told.power.error) == (0.6, 0.01)


def test_without_drift_every_discovery_is_false():
    told = of_columns(Rate(0.05, 0.001, 100), None, 20, 0)

    assert told.false_discovery.share == pytest.approx(told.family_wise.share)
    assert told.power is None


def test_a_share_of_none_has_an_error_all_the_same():
    rate = Rate.of(np.zeros(100))

    assert rate.share == 0
    assert rate.error == pytest.approx(0.0098, abs=0.0002)
    assert percent([rate.share, rate.error]) == "0.0 ± 1.0"


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


def test_a_year_of_5_percent_tests_hardly_stays_silent():
    journey = Journey("60 windows without drift", POPULATIONS["normal"], 10_000, 100, 1, 12)

    found = {course.rule: course for course in peers(journey, (1,), np.random.default_rng(11))}

    assert found["KS 5 %"].ever.share > 0.6
    assert found["Evidently"].ever.share == 1
    assert found["Evidently"].after <= 2
    assert (found["SageMaker, robust"].ever.share, found["SageMaker, robust"].after) == (0, None)


def test_later_results_replace_earlier_ones_of_the_same_setting():
    one, other = ({"rule": "a", "rows": 50, "power": share} for share in (0.1, 0.2))

    assert joined([one, {"rule": "b", "rows": 50}], [other]) == [other, {"rule": "b", "rows": 50}]


def test_the_page_and_its_picture_tell_the_figures_that_are_kept_with_them():
    kept = read(ROOT / "docs/false-alarms.json")
    page = (ROOT / "docs/false-alarms.md").read_text()

    assert len(kept) > 100
    assert into_page(page, kept) == page
    assert draw(kept) == (ROOT / "docs/false-alarms.svg").read_text()
