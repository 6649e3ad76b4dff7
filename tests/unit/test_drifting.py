"""Drift of all columns of a window, judged together, and what many windows say together."""

import numpy as np
import pytest
from drawn_counts import CELLS, TEXTS, named, normal, of_categories, of_values, on_values, texts
from msgspec.structs import replace

from atalaia.drifting import drift_of, over_time_of
from atalaia.findings import Pair
from atalaia.judging import Promise
from atalaia.monitor_file import CheckRule, Limits
from atalaia.profile import CategoricalSummary, NumericSummary, empty_summary
from atalaia.schema import Column, Type
from atalaia.window import SECOND

DAY = Promise(0.05, 86_400 * SECOND)
NUMBER, WORD = Column("x"), Column("word", type=Type.STRING)


def pair(baseline, current, column=NUMBER, grid=CELLS, segment=None):
    return Pair(column, segment, grid, baseline, current)


def words(baseline, current, names=None):
    grid = named(len(baseline.counts))
    return pair(baseline, current, WORD, replace(grid, categories=tuple(names)) if names else grid)


def found(pairs, rules=(), promise=DAY):
    return [each.findings for each in drift_of(rules, pairs, promise)]


def run(windows, rules=(), promise=DAY):
    """Evaluate windows one after the other: what was found over time after each, and the trail at last."""
    before, told = None, []
    for place, pairs in enumerate(windows):
        now = over_time_of(rules, pairs, drift_of(rules, pairs, promise), before, promise)
        before = replace(now.trail, after=f"r{place}")
        told.append(now.findings)
    return told, before


def test_a_finding_by_chance_tells_what_it_rests_on():
    random = np.random.default_rng(1)
    ((finding,),) = found([pair(normal(random, 10_000), normal(random, 1000, 0.5))])

    evidence = finding.evidence
    assert (finding.status, finding.metric, evidence.basis) == ("alert", "cramer_von_mises", "chance")
    assert (evidence.baseline_rows, evidence.rows, evidence.tested) == (10_000, 1000, 1)
    assert evidence.p_value < DAY.alert
    assert finding.value > finding.threshold >= evidence.floor
    assert 0.1 < evidence.shift < 0.3
    assert len(evidence.moved) == 3


def test_all_columns_and_segments_are_judged_together():
    random = np.random.default_rng(2)
    sides = [(normal(random, 5000), normal(random, 1000)) for _ in range(3)]
    pairs = [pair(*each, segment=segment) for each, segment in zip(sides, [None, "a=1", "a=2"], strict=True)]

    assert [finding.evidence.tested for (finding,) in found(pairs)] == [3, 3, 3]


def test_too_few_rows_are_undecided_and_not_judged_with_others():
    random = np.random.default_rng(3)
    few, many = found([pair(normal(random, 5000), normal(random, size)) for size in (29, 30)])

    assert (few[0].status, few[0].evidence.rows, few[0].evidence.p_value) == ("undecided", 29, None)
    assert (many[0].status, many[0].evidence.tested) == ("ok", 1)


def test_nothing_to_judge_at_all_is_undecided():
    empty = pair(NumericSummary.empty(CELLS), NumericSummary.empty(CELLS))

    assert found([]) == []
    assert [finding.status for (finding,) in found([empty, empty])] == ["undecided", "undecided"]


def test_a_given_limit_is_judged_by_itself_and_takes_rows_for_each_category():
    rules = (CheckRule("jensen_shannon", threshold=Limits(alert=0.001)),)
    counts = of_categories([600, 300, 100, 0])
    ((few,),) = found([words(counts, of_categories([60, 60, 20, 9]))], rules)
    ((many,),) = found([words(counts, of_categories([300, 200, 100, 0]))], rules)

    assert (few.status, many.status) == ("undecided", "alert")
    assert (many.evidence.basis, many.evidence.p_value) == ("given", None)


MOVED = pair(of_values([2000, 0]), of_values([599, 1]), grid=on_values(2))
STAYED = pair(of_values([2000, 0]), of_values([600, 0]), grid=on_values(2))


def test_a_distance_from_a_constant_is_undecided_as_nothing_says_what_is_far():
    others = [pair(normal(np.random.default_rng(8), 5000), normal(np.random.default_rng(9), 600))] * 2
    (moved,), (other,), _ = found([MOVED, *others], (CheckRule("wasserstein"),))

    assert (moved.status, moved.threshold, moved.value) == ("undecided", None, pytest.approx(1 / 600))
    assert moved.message == (
        "x: drift is 0.001667 by Wasserstein; it has no limit, as the baseline's values do not vary: "
        "take another metric, or give a threshold"
    )
    assert (other.status, other.evidence.tested) == ("ok", 2)


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (CheckRule("wasserstein", threshold=0.001), "alert"),
        (CheckRule("wasserstein", threshold=0.1), "ok"),
        (CheckRule("wasserstein", min_rows=700), "undecided"),
        (CheckRule("total_variation"), "ok"),
    ],
)
def test_a_threshold_or_another_metric_judges_what_moved_from_a_constant(rule, status):
    ((finding,),) = found([MOVED], (rule,))

    assert finding.status == status
    assert "do not vary" not in finding.message


def test_a_constant_that_stays_is_ok():
    ((finding,),) = found([STAYED], (CheckRule("wasserstein"),))

    assert (finding.status, finding.value) == ("ok", 0.0)


@pytest.mark.parametrize("threshold", [None, 0.1])
def test_a_constant_has_no_standard_deviation_to_measure_in(threshold):
    ((finding,),) = found([MOVED], (CheckRule("wasserstein_normalised", threshold=threshold),))

    assert (finding.status, finding.value) == ("undecided", None)
    assert finding.message == (
        "x: drift could not be measured by Wasserstein, normalised: "
        "the baseline has no standard deviation to measure in; take another metric"
    )


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.8, 0.15, 0.05]])
def test_the_shift_of_categories_is_how_much_share_must_go_to_be_seen(shares):
    random = np.random.default_rng(4)
    baseline = of_categories(np.array(shares) * 100_000)
    pairs = [words(baseline, of_categories(random.multinomial(1000, shares)))]
    ((finding,),) = found(pairs)
    moved = np.array(shares)
    moved[:2] += [-finding.evidence.shift, finding.evidence.shift]

    windows = [words(baseline, of_categories(counts)) for counts in random.multinomial(1000, moved, 200)]
    seen = sum(finding.status != "ok" for window in windows for (finding,) in found([window]))
    assert 0.7 <= seen / 200 <= 0.9  # 80 %, and three times the Monte Carlo error


def test_the_shift_of_numbers_is_by_how_much_all_must_move_to_be_seen():
    random = np.random.default_rng(5)
    baseline = normal(random, 100_000)
    ((finding,),) = found([pair(baseline, normal(random, 1000))])

    windows = [pair(baseline, normal(random, 1000, finding.evidence.shift)) for _ in range(200)]
    seen = sum(finding.status != "ok" for window in windows for (finding,) in found([window]))
    assert 0.7 <= seen / 200 <= 0.9


def test_a_shift_is_told_only_where_there_is_one():
    random = np.random.default_rng(6)
    constant = pair(of_values([1000]), of_values([1000]), grid=on_values(1))
    single = words(of_categories([1000]), of_categories([900], unseen_rows=100, unseen={"new": 100}))
    other = pair(normal(random, 1000), normal(random, 1000))
    tiny = pair(normal(random, 30), normal(random, 30))
    (a,), (b,) = found([constant, single])
    ((c,),) = found([other], (CheckRule("psi"),))
    ((d,),) = found([tiny], promise=Promise(1e-60, DAY.width))

    assert (a.evidence.shift, b.evidence.shift, c.evidence.shift, d.evidence.shift) == (None, None, None, None)


def drifting(random, moves, m=200, n=10_000, column=NUMBER):
    baseline = normal(random, n)
    return [[pair(baseline, normal(random, m, move), column)] for move in moves]


def test_slow_drift_is_found_over_time_before_any_window_alerts_by_itself():
    windows = drifting(np.random.default_rng(7), np.arange(1, 61) * 0.02)
    told, _ = run(windows)
    first = next(place for place, findings in enumerate(told) if findings)
    alone = [findings[0].status == "alert" for (findings,) in (found(pairs) for pairs in windows)]

    assert not any(alone[: first + 1])
    (finding,) = told[first]
    assert (finding.metric, finding.status, finding.evidence.basis) == ("drift_over_time", "alert", "time")
    assert finding.evidence.rows == 200 * finding.evidence.windows
    assert finding.value > finding.threshold
    assert "its values rank at 5" in finding.message
    assert "instead of 50%" in finding.message


def test_a_window_that_alerts_by_itself_adds_nothing():
    random = np.random.default_rng(8)
    told, trail = run(drifting(random, [0.0, 2.0, 0.0], m=500))

    assert told == [(), (), ()]
    assert (trail.windows, trail.told, trail.after) == (3, 1, "r2")
    assert trail.columns["x"][0][0] == 1000.0


def shortened(trail):
    """A trail of a release that followed fewer statistics."""
    return {name: tuple(each[:-1] for each in held) for name, held in trail.columns.items()}


def less(trail):
    """A trail of a release that kept fewer spans."""
    return {name: held[:-1] for name, held in trail.columns.items()}


@pytest.mark.parametrize("other", [shortened, less])
@pytest.mark.parametrize("column", [NUMBER, WORD])
def test_what_another_release_has_carried_on_differently_begins_anew_and_is_told(other, column):
    random = np.random.default_rng(13)
    number = [each for (each,) in drifting(random, [0.0] * 5)]
    word = [words(of_categories([6000, 4000]), of_categories(random.multinomial(200, [0.6, 0.4]))) for _ in range(5)]
    windows = [[each] for each in (number if column is NUMBER else word)]
    _, trail = run(windows[:3])
    before = replace(trail, columns=other(trail), after="r2")
    now = over_time_of((), windows[3], drift_of((), windows[3], DAY), before, DAY)
    next_one = over_time_of((), windows[4], drift_of((), windows[4], DAY), replace(now.trail, after="r3"), DAY)

    (told,) = now.findings
    assert (told.metric, told.status, told.value) == ("drift_over_time", "undecided", None)
    assert told.message == (
        f"{column.name}: drift over time is looked for anew from this window on: what the report before carries on was "
        "added up in another way, by another release"
    )
    assert (now.trail.windows, now.trail.columns[column.name][0][0]) == (4, 200.0)
    assert next_one.findings == ()
    assert [rows for rows, *_ in next_one.trail.columns[column.name]] == [400.0, 400.0, 400.0]


def test_a_window_without_values_of_a_column_adds_nothing_and_is_a_window():
    random = np.random.default_rng(9)
    windows = drifting(random, [0.0, 0.0], m=500)
    baseline = windows[0][0].baseline
    _, trail = run([windows[0], [pair(baseline, NumericSummary.empty(CELLS))], windows[1]])

    assert trail.windows == 3
    assert [rows for rows, *_ in trail.columns["x"]] == [1000.0, 500.0]


def test_segments_and_columns_without_a_baseline_are_not_followed():
    random = np.random.default_rng(10)
    ((whole,),) = drifting(random, [0.0])
    segment = replace(whole, segment="a=1")
    nothing = pair(NumericSummary.empty(CELLS), normal(random, 100), Column("y"))
    _, trail = run([[whole, segment, nothing]])

    assert list(trail.columns) == ["x"]


def test_a_check_over_time_that_is_switched_off_follows_nothing():
    _, trail = run(drifting(np.random.default_rng(11), [0.0]), (CheckRule("drift_over_time", enabled=False),))

    assert trail.columns == {}
    assert trail.windows == 1


@pytest.mark.parametrize("name", ["rank", "spread"])
def test_a_category_that_is_named_like_a_statistic_is_told_of_as_a_share(name):
    baseline = of_categories([60_000, 40_000])
    random = np.random.default_rng(12)
    drawn = random.multinomial(1000, [0.56, 0.44], 30)
    told, _ = run([[words(baseline, of_categories(counts), [name, "other"])] for counts in drawn])

    (finding,) = told[-1]
    assert f"the share of {name!r} is" in finding.message or "the share of 'other' is" in finding.message
    assert "over " in finding.message


def test_numbers_that_draw_together_are_told_as_nearer_to_the_middle():
    random = np.random.default_rng(13)
    baseline = normal(random, 100_000)
    for spread, words_ in ((0.93, "nearer to the middle"), (1.07, "further from the middle")):
        told, _ = run([[pair(baseline, normal(random, 400, 0.0, spread))] for _ in range(40)])
        assert words_ in told[-1][0].message


def test_a_column_of_texts_is_followed_by_its_lengths():
    random = np.random.default_rng(14)
    baseline, column = texts(random, 10_000), Column("note", type=Type.STRING)
    told, trail = run([[pair(baseline, texts(random, 400, 0.15), column, TEXTS)] for _ in range(30)])

    assert told[-1][0].column == "note"
    assert len(trail.columns["note"][0]) == 3


def test_what_is_found_of_a_column_over_time_does_not_need_the_others():
    random = np.random.default_rng(15)
    windows = drifting(random, [0.2] * 8)
    others = [[each, pair(*(normal(random, 5000) for _ in range(2)), Column("y"))] for (each,) in windows]

    alone, together = run(windows)[1], run(others)[1]
    assert alone.columns["x"] == together.columns["x"]


def test_the_first_window_can_be_the_only_one_that_is_told_over():
    baseline = of_categories([10**7, 10**7])
    rules = (CheckRule("jensen_shannon", floor=0.5),)
    told, _ = run([[words(baseline, of_categories([600_000, 400_000]))]], rules)

    assert "for 1 window (1,000,000 rows" in told[0][0].message


def test_an_empty_category_column_is_followed_by_nothing():
    grid = named(2)
    empty = empty_summary(grid)
    assert isinstance(empty, CategoricalSummary)

    assert run([[words(empty, empty)]])[1].columns == {}
