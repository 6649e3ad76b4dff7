import re
import statistics
from pathlib import Path

import numpy as np
import pytest

from atalaia.checks import METRICS
from atalaia.history import History, history_from_plain, history_to_plain, past_of, spread_of
from atalaia.monitor_file import FromHistory, Limits, find_faults

CHUNKS = (0.0312, 0.0254, 0.0291, 0.0345, 0.0268, 0.0330, 0.0287, 0.0301, 0.0279, 0.0318)
"""Distances of ten chunks from their reference, all of them healthy."""

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"

SD = Limits(history=FromHistory.SD)
QUANTILE = Limits(history=FromHistory.QUANTILE)


def past(values, rule=SD, below=False):
    return past_of(tuple((value, 100) for value in values), rule, below=below, timed=True)


def mean_and_three_deviations(values):
    """NannyML's limit: mean and three population standard deviations of the chunks."""
    return statistics.fmean(values) + 3 * statistics.pstdev(values)


def test_the_limit_is_the_median_and_k_times_the_median_absolute_deviation_scaled_to_normal_values():
    found = past((1.0, 2.0, 3.0, 4.0, 9.0), Limits(history=FromHistory.SD, k=2.0))

    assert (found.median, found.spread, found.k) == (3.0, pytest.approx(1.4826), 2.0)
    assert found.limit == pytest.approx(3 + 2 * 1.4826)


def test_three_deviations_are_the_default():
    assert past(CHUNKS).k == 3.0
    assert past(CHUNKS).limit == pytest.approx(0.0296 + 3 * 1.4826 * 0.00195)


def test_of_healthy_chunks_the_limit_is_near_mean_and_three_standard_deviations():
    assert mean_and_three_deviations(CHUNKS) == pytest.approx(0.02985 + 3 * 0.0026837, abs=1e-6)
    assert past(CHUNKS).limit == pytest.approx(mean_and_three_deviations(CHUNKS), rel=0.05)


def test_a_chunk_that_was_not_healthy_moves_mean_and_deviations_but_hardly_the_limit():
    spoilt = (*CHUNKS, 0.31)

    assert mean_and_three_deviations(spoilt) == pytest.approx(0.296, abs=5e-3)
    assert past(spoilt).limit == pytest.approx(past(CHUNKS).limit, rel=0.1)


def test_of_normal_values_the_spread_is_their_standard_deviation():
    values = np.random.default_rng(1).normal(5.0, 2.0, 200_000)

    assert spread_of(values) == pytest.approx(2.0, rel=0.01)


def test_where_more_than_half_of_the_values_are_one_the_mean_absolute_deviation_is_taken():
    assert spread_of([0.0] * 6 + [0.1] * 4) == pytest.approx(1.2533 * 0.04)
    assert spread_of([0.5] * 9) == 0.0


def test_a_quantile_is_interpolated_between_values():
    values = [float(value) for value in range(101)]

    assert past(values, QUANTILE).limit == pytest.approx(99.0)
    assert past(values, Limits(history=FromHistory.QUANTILE, quantile=0.905)).limit == pytest.approx(90.5)
    assert (past(values, QUANTILE).quantile, past(values, QUANTILE).k) == (0.99, None)


def test_where_the_smallest_value_is_the_limit_it_lies_on_the_other_side_and_is_0_at_least():
    values = [float(value) for value in range(101)]

    assert past(values, QUANTILE, below=True).limit == pytest.approx(1.0)
    assert past(values, SD, below=True).limit == 0.0
    assert past([100.0, 101.0, 102.0], SD, below=True).limit == pytest.approx(101 - 3 * 1.4826)


@pytest.mark.parametrize("rule", [SD, QUANTILE])
def test_the_order_of_windows_does_not_matter(rule):
    assert past(CHUNKS, rule) == past(CHUNKS[::-1], rule)


@pytest.mark.parametrize("rule", [SD, QUANTILE])
def test_a_limit_scales_with_the_unit(rule):
    assert past([1000 * value for value in CHUNKS], rule).limit == pytest.approx(1000 * past(CHUNKS, rule).limit)


def test_the_stored_form_gives_back_the_same_history():
    values = {("", "x", "psi"): ((0.25, 10), (0.5, 20)), ("", "", "row_count"): ((30.0, 30),)}
    history = History(86_400_000_000, 2, values)

    assert history_from_plain(history_to_plain(history)) == history


# ---- what the page tells of false alarms

ROWS = 100
RULES = {
    "sd, k = 3": lambda own: past(own, SD).limit,
    "sd, k = 5": lambda own: past(own, Limits(history=FromHistory.SD, k=5.0)).limit,
    "0.99 quantile": lambda own: past(own, QUANTILE).limit,
    "mean + 3 standard deviations": mean_and_three_deviations,
}
REPETITIONS = {6: 800, 12: 600, 30: 250, 50: 150}


def distances(windows, random, fresh):
    """Cramér-von Mises distances of a baseline's windows from all of it, and those of *fresh* windows without drift."""
    values, n = random.random((windows, ROWS)), windows * ROWS
    order = np.argsort(values, axis=None)
    own = np.cumsum(order // ROWS == np.arange(windows)[:, None], axis=1) / ROWS
    places = np.searchsorted(values.ravel()[order], random.random((fresh, ROWS)))
    steps = np.zeros((fresh, n + 1))
    np.add.at(steps, (np.arange(fresh)[:, None], places), 1 / ROWS)
    whole = np.arange(1, n + 1) / n
    return [np.sqrt(((each - whole) ** 2).mean(axis=1)) for each in (own, np.cumsum(steps, axis=1)[:, :n])]


def test_the_example_of_the_page_has_no_fault():
    section = PAGE.read_text(encoding="utf-8").split("## Limits from history")[1]

    assert find_faults(section.split("```yaml\n")[1].split("```")[0], "example", METRICS) == []


@pytest.mark.parametrize("windows", REPETITIONS)
def test_healthy_windows_pass_a_limit_as_often_as_the_page_says(windows):
    random, passed = np.random.default_rng(windows), dict.fromkeys(RULES, 0.0)
    for _ in range(REPETITIONS[windows]):
        own, new = distances(windows, random, 25)
        for name, limit in RULES.items():
            passed[name] += float((new > limit(own.tolist())).mean()) / REPETITIONS[windows]
    (row,) = re.findall(rf"^\| {windows} \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = [float(cell.strip(" %")) for cell in row.split("|")]

    assert [100 * share for share in passed.values()] == pytest.approx(told, abs=0.6)
