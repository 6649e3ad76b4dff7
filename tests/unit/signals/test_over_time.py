"""Evidence over time: it covers, it finds what no window shows, and it forgets what came back."""

import math

import numpy as np
import pytest
from drawn_counts import CELLS, TEXTS, named, normal, numbers, of_categories, of_values, on_values, texts
from scipy import stats

from atalaia.profile import CategoricalSummary, NumericSummary, TextSummary
from atalaia.signals.over_time import (
    FLOOR,
    MOST_SHARES,
    Sums,
    carried_on,
    followed,
    furthest,
    gathered,
    nothing,
    spans,
)

RATE = 0.05


def followed_over(grid, baseline, windows, rate=RATE, floor=FLOOR):
    """What has moved furthest after each of the windows."""
    statistics, held, told = followed(grid, baseline), (), []
    for window, summary in enumerate(windows, 1):
        held = carried_on(held, window, gathered(baseline, summary, statistics))
        told.append(furthest(statistics, held, window, rate, floor))
    return told


def alarms(told):
    return [window for window, moved in enumerate(told, 1) if moved is not None and abs(moved.value) > moved.limit]


@pytest.mark.parametrize(("window", "begun"), [(0, ()), (1, (1,)), (3, (1, 2)), (4, (1, 2, 4)), (1000, (1, 256, 512))])
def test_sums_are_begun_at_powers_of_two_and_the_last_two_are_kept_beside_the_first(window, begun):
    assert spans(window) == begun


def test_what_is_carried_on_holds_the_windows_since_each_span_began():
    held = ()
    for window in range(1, 70):
        held = carried_on(held, window, Sums(1, (float(window), 2.0)))

        expected = [sum(range(begun, window + 1)) for begun in spans(window)]
        assert [each.sums[0] for each in held] == expected
        assert [each.rows for each in held] == [window - begun + 1 for begun in spans(window)]


def test_carrying_on_twice_from_the_same_gives_the_same():
    before = carried_on((), 1, Sums(3, (1.0,)))

    assert carried_on(before, 2, Sums(4, (2.0,))) == carried_on(before, 2, Sums(4, (2.0,)))
    assert before == (Sums(3, (1.0,)),)


def test_the_order_of_windows_within_a_span_makes_no_difference():
    def last(order):
        held = ()
        for window, value in enumerate(order, 1):
            held = carried_on(held, window, Sums(value, (float(value),)))
        return held

    assert last([1, 2, 3, 4, 5, 6, 7]) == last([1, 3, 2, 7, 6, 5, 4])  # spans begin at 1, 2 and 4


def test_a_column_that_appears_late_begins_then():
    assert carried_on((), 6, Sums(5, (2.5,))) == (Sums(5, (2.5,)),) * 3


@pytest.mark.parametrize(
    ("grid", "baseline"),
    [
        (CELLS, NumericSummary.empty(CELLS)),
        (TEXTS, TextSummary.empty(TEXTS)),
        (named(0), CategoricalSummary.empty(named(0))),
        (CELLS, of_categories([1])),
    ],
    ids=["numbers", "texts", "categories", "of two kinds"],
)
def test_a_baseline_without_a_value_is_followed_by_nothing(grid, baseline):
    assert followed(grid, baseline) is None


def test_ranks_and_spread_of_the_baseline_are_a_half():
    found = followed(CELLS, normal(np.random.default_rng(1), 10_000))

    assert found.names == ("rank", "spread")
    assert found.means == pytest.approx([0.5, 0.5], abs=0.003)  # the cells are coarse
    assert found.variances == pytest.approx([1 / 12, 1 / 12], abs=0.001)
    assert (found.bounds >= found.variances).all()
    assert found.rows == 10_000


def test_the_commonest_categories_are_followed():
    counts = np.arange(1, 31)
    found = followed(named(30), of_categories(counts, unseen_rows=35))

    assert found.names == tuple(f"c{place}" for place in range(29, 29 - MOST_SHARES, -1))
    assert found.means == pytest.approx(np.arange(30, 20, -1) / 500)
    assert found.variances == pytest.approx(found.means * (1 - found.means))


def test_values_that_the_baseline_has_not_lower_the_shares_of_those_it_has():
    baseline = of_categories([600, 400])
    now = gathered(
        baseline, of_categories([60, 40], unseen_rows=100, unseen={"new": 100}), followed(named(2), baseline)
    )

    assert now == Sums(200, (60.0, 40.0))


def test_sums_of_sides_of_two_kinds_are_nothing():
    statistics = followed(CELLS, normal(np.random.default_rng(1), 1000))

    assert gathered(normal(np.random.default_rng(1), 9), of_categories([3]), statistics) == nothing(statistics)
    assert nothing(statistics) == Sums(0, (0.0, 0.0))


def test_texts_are_followed_by_their_lengths():
    random = np.random.default_rng(3)
    baseline = texts(random, 10_000)
    told = followed_over(TEXTS, baseline, [texts(random, 1000, 0.3) for _ in range(3)])

    assert alarms(told) == [1, 2, 3]
    assert {(moved.statistic, moved.value > 0) for moved in told} == {("rank", True)}


DISTRIBUTIONS = {
    "equal shares": np.full(10, 0.1),
    "a rare value": np.array([0.995, 0.005]),
    "many zeros": np.array([0.7] + [0.03] * 10),
    "hardly anything else": np.array([0.9985, 0.0015]),
    "rare ones beside one": np.array([0.98] + [0.02 / 9] * 9),
}


@pytest.mark.parametrize("kind", ["numbers", "categories"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(("n", "m"), [(500, 30), (1000, 1000), (10_000, 100)])
def test_without_drift_hardly_any_monitor_ever_alarms(name, kind, n, m):
    shares, random = DISTRIBUTIONS[name], np.random.default_rng(7)
    grid, summary = {"numbers": (on_values(len(shares)), of_values), "categories": (named(len(shares)), of_categories)}[
        kind
    ]
    monitors, alarmed = 12, 0
    for _ in range(monitors):
        windows = [summary(counts) for counts in random.multinomial(m, shares, 60)]
        alarmed += bool(alarms(followed_over(grid, summary(random.multinomial(n, shares)), windows)))

    assert alarmed <= stats.binom.isf(1e-3, monitors, RATE)


def test_of_a_year_of_windows_no_more_than_the_rate_of_monitors_alarm():
    random, monitors, rate = np.random.default_rng(11), 20, 0.2
    alarmed = 0
    for _ in range(monitors):
        windows = [normal(random, 300) for _ in range(365)]
        alarmed += bool(alarms(followed_over(CELLS, normal(random, 2000), windows, rate, floor=0.0)))

    assert alarmed <= rate * monitors


@pytest.mark.parametrize("m", [100, 300])
def test_drift_that_grows_by_a_fiftieth_of_a_deviation_a_window_is_found_within_a_month_of_small_windows(m):
    random = np.random.default_rng(5)
    windows = [normal(random, m, 0.02 * place) for place in range(1, 61)]

    told = followed_over(CELLS, normal(random, 10_000), windows, 0.008)
    first = alarms(told)[0]
    assert first <= 30
    assert told[first - 1].statistic == "rank"
    assert alarms(told)[-1] == 60


def test_a_constant_move_of_a_fiftieth_of_a_deviation_is_found_by_large_windows_and_a_large_baseline():
    random = np.random.default_rng(6)
    told = followed_over(CELLS, normal(random, 1_000_000), [normal(random, 10_000, 0.02) for _ in range(60)], 0.008)

    assert alarms(told)
    assert told[-1].value == pytest.approx(0.02 / math.sqrt(4 * math.pi), abs=0.001)  # what it does to a mean rank


def test_numbers_that_spread_are_found_though_their_mean_stays():
    random = np.random.default_rng(8)
    told = followed_over(CELLS, normal(random, 100_000), [normal(random, 2000, 0.0, 1.1) for _ in range(30)])

    assert {moved.statistic for moved in told if abs(moved.value) > moved.limit} == {"spread"}
    assert told[-1].value > 0


def test_a_share_that_falls_is_told_with_its_name_and_sign():
    random = np.random.default_rng(9)
    windows = [of_categories(random.multinomial(1000, [0.56, 0.44])) for _ in range(20)]
    told = followed_over(named(2), of_categories([60_000, 40_000]), windows)

    assert alarms(told)
    assert (told[-1].statistic, told[-1].value < 0) in {("c0", True), ("c1", False)}


def test_what_came_back_stops_being_told_when_the_newest_span_has_seen_it():
    random = np.random.default_rng(10)
    windows = [normal(random, 1000, 0.4 if place < 8 else 0.0) for place in range(64)]
    told = alarms(followed_over(CELLS, normal(random, 100_000), windows))

    assert told[:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert max(told) < 20  # by then the span that began at 16 is a match for the one before


def test_the_windows_that_a_move_is_told_over_are_those_of_its_span():
    random = np.random.default_rng(12)
    windows = [normal(random, 1000, 0.0 if place < 15 else 1.0) for place in range(20)]
    told = followed_over(CELLS, normal(random, 100_000), windows)

    assert (told[15].windows, told[15].rows) == (1, 1000)  # the 16th window begins a span
    assert (told[19].windows, told[19].rows) == (5, 5000)


def test_nothing_can_be_told_before_the_first_value():
    assert followed_over(CELLS, normal(np.random.default_rng(1), 1000), [NumericSummary.empty(CELLS)] * 3) == [None] * 3


@pytest.mark.parametrize("shift", [-0.5, 0.5])
def test_a_newest_span_without_a_value_hides_no_drift(shift):
    random = np.random.default_rng(13)
    windows = [*(normal(random, 1000, shift) for _ in range(7)), numbers(CELLS, np.zeros(2 * len(CELLS.edges) + 1))]
    told = followed_over(CELLS, normal(random, 10_000), windows)

    assert alarms(told) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("rows", [1, 2, 10**9])
def test_a_constant_baseline_of_any_size_gives_limits(rows):
    told = followed_over(on_values(2), of_values([rows, 0]), [of_values([10**9, 0]), of_values([0, 1])])

    assert all(math.isfinite(moved.limit) and moved.limit > 0 for moved in told)
    assert told[0].value == 0.0


def test_moves_up_to_the_floor_are_of_no_interest():
    windows = [of_categories([5_049, 4_951]) for _ in range(300)]

    assert alarms(followed_over(named(2), of_categories([5 * 10**8, 5 * 10**8]), windows, floor=0.0))
    assert not alarms(followed_over(named(2), of_categories([5 * 10**8, 5 * 10**8]), windows, floor=0.005))


def test_the_limit_narrows_until_there_are_as_many_values_as_in_the_baseline():
    random = np.random.default_rng(14)
    told = followed_over(CELLS, normal(random, 10_000), [normal(random, 1000, 0.5) for _ in range(10)])
    limits = [moved.limit for moved in told if moved.windows == moved.rows // 1000 and moved.rows in {1000, 3000, 7000}]
    certain = stats.norm.isf(RATE / 2 / 4) * math.sqrt(1 / 12 / 10_000)

    assert limits == sorted(limits, reverse=True)
    assert limits[-1] > certain + FLOOR
