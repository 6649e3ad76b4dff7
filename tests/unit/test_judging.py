"""Limits that chance sets for all columns together, beside SciPy's correction and the promises as stated."""

import numpy as np
import pytest
from drawn_counts import CELLS, TEXTS, named, normal, of_categories, texts
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import stats

from atalaia.checks import METRICS, check_of
from atalaia.judging import OPEN, YEAR, Promise, Suspect, adjusted, cut_off, floor_of, judge_together
from atalaia.signals.drift import measure_all
from atalaia.window import SECOND

DAY = 86_400 * SECOND

probabilities = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.001, 0.01, 0.01, 1.0])), max_size=30)


@given(probabilities.filter(bool))
def test_corrected_probabilities_are_scipys(tails):
    assert adjusted(tails) == pytest.approx(stats.false_discovery_control(tails), rel=1e-12)


@given(probabilities, st.floats(1e-6, 0.5))
def test_up_to_the_cut_off_are_those_whose_corrected_probability_is_at_most_the_level(tails, level):
    cut = cut_off(tails, level)

    told = [tail <= cut for tail in tails]
    certain = [abs(corrected / level - 1) > 1e-12 for corrected in adjusted(tails)]  # else rounding decides
    expected = [corrected <= level for corrected in adjusted(tails)]
    if all(certain):
        assert told == expected


def test_of_nothing_nothing_is_told():
    assert cut_off([], 0.05) == 0.05
    assert adjusted([]) == []
    assert judge_together([], Promise(0.05)) == []


@pytest.mark.parametrize("width", [60 * SECOND, 3600 * SECOND, DAY, 7 * DAY])
def test_the_levels_of_a_year_add_up_to_less_than_the_rate(width):
    windows, rate = YEAR / width, 0.05
    final, going_on = Promise(rate, width), Promise(rate, width, final=False)

    assert windows * (final.alert + going_on.alert) + final.over_time <= rate
    assert going_on.alert == pytest.approx(final.alert * OPEN)
    assert final.warning == going_on.warning <= rate


def test_windows_longer_than_a_year_spend_no_more_than_the_rate():
    assert Promise(0.05, 10 * YEAR).alert + Promise(0.05, 10 * YEAR).over_time < 0.05


def test_a_comparison_that_is_made_once_has_alerts_alone():
    once = Promise(0.05)

    assert once.warning is None
    assert once.alert == pytest.approx(0.04)


def suspects(random, metric="cramer_von_mises", drifted=()):
    """Columns of which some have drifted; categorical ones for a metric of categories."""
    columns = []
    for place in range(20):
        shift = 0.3 if place in drifted else 0.0
        if metric == "cohen_w":
            shares = np.array([0.5 + shift / 4, 0.3 - shift / 4, 0.2])
            sides = (of_categories(random.multinomial(5000, [0.5, 0.3, 0.2])), random.multinomial(1000, shares))
            columns.append((named(3), sides[0], of_categories(sides[1])))
        else:
            columns.append((CELLS, normal(random, 5000), normal(random, 1000, shift)))
    measured = measure_all(columns)
    check = replace(check_of(metric, None, ()), floor=0.0)
    return [Suspect(check, each.metrics[metric], sides) for each, sides in zip(measured, columns, strict=True)]


@pytest.mark.parametrize("metric", ["cramer_von_mises", "cohen_w"])
@pytest.mark.parametrize("drifted", [(), (3,), range(12)], ids=["none", "one", "most"])
@pytest.mark.parametrize("seed", range(3))
def test_a_value_is_above_its_limit_exactly_where_its_corrected_probability_is_at_most_the_level(seed, drifted, metric):
    promise = Promise(0.5, DAY)  # so many warnings that some values are near their limits
    all_ = suspects(np.random.default_rng(seed), metric, drifted)

    for suspect, judged in zip(all_, judge_together(all_, promise), strict=True):
        assert (suspect.value > judged.limits.warning) == (judged.p_value <= promise.warning)
        assert (suspect.value > judged.limits.alert) == (judged.p_value <= promise.alert)
        assert judged.limits.alert > judged.limits.warning
        assert judged.tested == 20


def test_the_drifted_ones_are_told_of_among_many():
    all_ = suspects(np.random.default_rng(1), drifted=(3, 7))

    above = [s.value > j.limits.alert for s, j in zip(all_, judge_together(all_, Promise(0.05, DAY)), strict=True)]
    assert [place for place, told in enumerate(above) if told] == [3, 7]


def test_without_drift_the_probability_of_any_warning_is_at_most_the_rate():
    random, rate, windows = np.random.default_rng(2), 0.2, 30
    told = 0
    for _ in range(windows):
        all_ = suspects(random)
        told += any(j.p_value <= Promise(rate, DAY).warning for j in judge_together(all_, Promise(rate, DAY)))

    assert told <= stats.binom.isf(1e-3, windows, rate)


def test_a_value_that_could_not_be_measured_counts_as_one_without_drift():
    all_ = suspects(np.random.default_rng(1))[:2]
    unmeasured = [replace(all_[0], value=None), all_[1]]

    first, second = judge_together(unmeasured, Promise(0.05, DAY))
    assert first.p_value == 1.0
    assert second.tested == 2


@pytest.mark.parametrize("metric", ["l_infinity_robust", "cohen_w"])
def test_where_chance_has_no_part_the_floor_is_the_limit(metric):
    check = replace(check_of(metric, None, ()), floor=0.07)
    constant = (named(1), of_categories([1000]), of_categories([500]))
    (judged,) = judge_together([Suspect(check, 0.0, constant)], Promise(0.05, DAY))

    assert (judged.limits.alert, judged.limits.warning, judged.p_value, judged.detectable) == (0.07, None, None, None)


@pytest.mark.parametrize(
    "metric", sorted(name for name, metric in METRICS.items() if metric.floor and metric.family == "drift")
)
def test_limits_are_never_below_the_floor_in_the_metrics_own_unit(metric):
    random = np.random.default_rng(4)
    sides = (CELLS, normal(random, 10**9), normal(random, 10**8))  # so many that chance alone allows next to nothing
    value = measure_all([sides])[0].metrics[metric]
    (judged,) = judge_together([Suspect(check_of(metric, None, ()), value, sides)], Promise(0.05, DAY))

    assert judged.limits.warning == judged.limits.alert == judged.floor > 0
    assert judged.detectable > judged.floor


def floor(metric, sides):
    return floor_of(Suspect(replace(check_of(metric, None, ()), floor=0.5), 0.0, sides))


def test_floors_are_in_the_unit_of_their_metric():
    random = np.random.default_rng(5)
    twice = (CELLS, normal(random, 3000, 0.0, 2.0), normal(random, 1500))

    assert floor("cramer_von_mises", twice) == floor("wasserstein_normalised", twice) == 0.5
    assert floor("chi_square", twice) == floor("g_test", twice) == 0.5 * 1000
    assert floor("wasserstein", twice) == 0.5 * twice[1].std(CELLS)
    assert floor("g_test", (TEXTS, texts(random, 3000), texts(random, 1500))) == 0.5 * 1000
    assert floor("jensen_shannon", (named(1), of_categories([1]), of_categories([1]))) == 0.5


def test_a_check_without_a_floor_has_none():
    sides = (named(1), of_categories([1]), of_categories([1]))

    assert floor_of(Suspect(replace(check_of("psi", None, ()), floor=None), 0.0, sides)) == 0.0
