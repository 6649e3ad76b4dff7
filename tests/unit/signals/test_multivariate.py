import math

import numpy as np
import pytest
from counting import summarise_together
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.cross import CrossMoments, cross_grid
from atalaia.signals.multivariate import (
    correlation_change,
    correlations,
    principal_components,
    reconstruction_error,
)

STEP = 2.0**-16
"""The most by which a value is off, in standard deviations of the baseline (`atalaia.profile.cross`)."""


def world(seed, rows, turned=False):
    """Eight columns on three hidden ones, one of them with gaps; turned, the last follows its hidden one upside down.

    Drawn from NumPy's legacy stream, which never changes, so that recorded figures keep their rows.
    """
    draw = np.random.RandomState(seed)
    noise, hidden = draw.standard_normal((8, rows)), draw.standard_normal((3, rows))
    lost = draw.uniform(size=rows) < 0.03
    return {
        "a": 50 + 10 * hidden[0],
        "b": np.where(lost, np.nan, 3 * hidden[0] + noise[0]),
        "c": np.exp(0.5 * hidden[0] + 0.5 * noise[1]),
        "d": 1000 + 20 * hidden[1] + 5 * noise[2],
        "e": np.floor(2 * hidden[1] + noise[3]),
        "f": 0.01 * noise[4],
        "g": hidden[2] + 0.3 * noise[5],
        "h": (-hidden[2] if turned else hidden[2]) + 0.3 * noise[6],
    }


def both(before, now):
    """The grid of *before*, and the moments of both."""
    grid = cross_grid(before)
    return grid, summarise_together(grid, before), summarise_together(grid, now)


def filled(values, reference):
    """The rows as a table of shape (rows, columns), gaps filled with the reference's means."""
    table, means = np.stack(list(values.values()), axis=1), np.nanmean(np.stack(list(reference.values())), axis=1)
    return np.where(np.isnan(table), means, table)


def errors_of_rows(before, now, explained):
    """Reconstruct every row with the principal components of an SVD of the raw reference rows, as scikit-learn does.

    Returns:
        Kept components, their share of the variance, and the Euclidean error of each row of *now*.
    """
    reference, rows = filled(before, before), filled(now, before)
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    standard = (reference - mean) / deviation
    _, singular, directions = np.linalg.svd(standard, full_matrices=False)
    shares = np.cumsum(singular**2 / (singular**2).sum())
    kept = int(np.searchsorted(shares, explained, side="right")) + 1
    z, basis = (rows - mean) / deviation, directions[:kept]
    return kept, float(shares[kept - 1]), np.linalg.norm(z - z @ basis.T @ basis, axis=1)


@pytest.mark.parametrize("explained", [0.3, 0.65, 0.9])
@pytest.mark.parametrize("turned", [False, True])
def test_the_reconstruction_error_is_that_of_the_rows(explained, turned):
    before, now = world(1, 3000), world(2, 2000, turned)
    _, baseline, current = both(before, now)
    measured = reconstruction_error(baseline, current, explained)

    kept, share, errors = errors_of_rows(before, now, explained)
    rounding = math.sqrt(8) * STEP  # a row of eight columns is off by no more, and so is the root mean square
    assert (measured.kept, measured.explained) == (kept, pytest.approx(share, abs=rounding))
    assert measured.current == pytest.approx(math.sqrt((errors**2).mean()), abs=rounding)


NANNYML = {
    # NannyML 0.13.1 (scikit-learn 1.9.1, NumPy 2.4.6) on the rows of `world`: DataReconstructionDriftCalculator with
    # its defaults, one chunk, fitted on world(11, 10000): 3 components, which explain 0.7762737477718352. "mean" is its
    # reconstruction error; "root" is the root mean square of the same lengths, from its fitted imputer, scaler and PCA.
    "reference": {"mean": 1.200396921021291, "variance": 0.348857249827923, "root": 1.3378378144697953},
    "same": {"mean": 1.2116528337167447, "variance": 0.3846799325411175, "root": 1.3611695419729808},
    "turned": {"mean": 1.7655160437727937, "variance": 0.6375320619605724, "root": 1.9376735955211108},
}
WINDOWS = {"reference": (11, 10_000, False), "same": (12, 4000, False), "turned": (13, 4000, True)}


@pytest.mark.parametrize("window", WINDOWS)
def test_the_reconstruction_error_is_that_of_nannyml_squared(window):
    _, baseline, current = both(world(11, 10_000), world(*WINDOWS[window]))
    measured = reconstruction_error(baseline, current)

    rounding = 1e-6  # at worst sqrt(8) * STEP = 4e-5; over thousands of rows the roundings average out
    assert (measured.kept, measured.explained) == (3, pytest.approx(0.7762737477718352, abs=rounding))
    assert measured.current == pytest.approx(NANNYML[window]["root"], abs=rounding)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_error_that_nannyml_reports_is_less_by_the_variance_of_the_lengths(window):
    _, baseline, current = both(world(11, 10_000), world(*WINDOWS[window]))
    measured, nannyml = reconstruction_error(baseline, current), NANNYML[window]

    assert measured.current > nannyml["mean"]
    assert measured.current**2 == pytest.approx(nannyml["mean"] ** 2 + nannyml["variance"], abs=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_correlations_are_those_of_the_rows(turned):
    before, now = world(3, 2000), world(4, 1500, turned)
    _, _, current = both(before, now)

    expected = np.corrcoef(filled(now, before).T)
    assert correlations(current) == pytest.approx(expected, abs=4 * STEP)  # a rounding for each of two columns, doubled


def test_the_change_of_correlations_is_that_of_the_rows():
    before, now = world(5, 2000), world(6, 1500, turned=True)
    measured = correlation_change(*both(before, now))

    changes = np.corrcoef(filled(now, before).T) - np.corrcoef(filled(before, before).T)
    pairs = np.abs(changes[np.triu_indices(8, 1)])
    assert (measured.pair, measured.pairs, measured.undefined) == (("g", "h"), 28, 0)
    assert measured.largest == pytest.approx(pairs.max(), abs=8 * STEP)
    assert measured.root_mean_square == pytest.approx(math.sqrt((pairs**2).mean()), abs=8 * STEP)


def test_a_baseline_did_not_change_against_itself():
    grid, baseline, same = both(world(7, 999), world(7, 999))
    related, rebuilt = correlation_change(grid, baseline, same), reconstruction_error(baseline, same)

    assert (related.largest, related.root_mean_square, related.pair) == (0.0, 0.0, ("a", "b"))
    assert rebuilt.change == pytest.approx(0.0, abs=1e-12)


def test_a_shift_moves_the_reconstruction_error_and_no_correlation():
    before = world(8, 4000)
    now = before | {"f": before["f"] + 0.04, "g": before["g"] * 3}
    grid, baseline, current = both(before, now)

    assert correlation_change(grid, baseline, current).largest < 8 * STEP
    assert reconstruction_error(baseline, current).change > 0.1


def test_pairs_with_a_constant_column_are_left_out_and_counted():
    before, now = world(9, 500), world(10, 500)
    measured = correlation_change(*both(before | {"a": np.full(500, 7.7)}, now | {"h": np.zeros(500)}))

    assert (measured.pairs, measured.undefined) == (15, 13)


def test_columns_constant_in_the_baseline_are_left_out_of_the_components():
    before, now = world(9, 500), world(10, 500)
    constant = np.full(500, 7.7)
    _, baseline, current = both(before | {"a": constant}, now)
    _, smaller, other = both({n: v for n, v in before.items() if n != "a"}, {n: v for n, v in now.items() if n != "a"})
    measured, without = reconstruction_error(baseline, current), reconstruction_error(smaller, other)

    assert (measured.constant, without.constant, measured.kept) == (1, 0, without.kept)
    assert measured.current == pytest.approx(without.current, rel=1e-12)


def test_nothing_is_measured_without_rows_or_with_constants_alone():
    grid, baseline, _ = both(world(9, 50), world(9, 50))
    nothing = CrossMoments.empty(grid)
    flat_grid, flat, _ = both({"a": np.ones(9), "b": np.ones(9)}, {"a": np.ones(9), "b": np.ones(9)})

    assert (correlation_change(grid, baseline, nothing).largest, reconstruction_error(baseline, nothing)) == (
        None,
        None,
    )
    assert (correlation_change(flat_grid, flat, flat).undefined, reconstruction_error(flat, flat)) == (1, None)
    assert reconstruction_error(nothing, baseline) is None


def test_a_baseline_without_error_has_no_relative_change():
    column = np.random.RandomState(1).standard_normal(300)
    _, baseline, current = both({"a": column, "b": 2 * column}, {"a": column, "b": -column})
    measured = reconstruction_error(baseline, current)

    assert (measured.change, measured.by_chance, measured.current > 0.5) == (None, None, True)


def test_a_single_column_has_no_pairs_and_no_error():
    column = np.random.RandomState(1).standard_normal(300)
    grid, baseline, current = both({"a": column}, {"a": column + 1})
    related, rebuilt = correlation_change(grid, baseline, current), reconstruction_error(baseline, current)

    assert (related.pairs, related.undefined, related.pair) == (0, 0, None)
    assert (rebuilt.kept, rebuilt.explained, rebuilt.current) == (1, pytest.approx(1.0), 0.0)


tables = st.lists(st.tuples(*[st.floats(-1e3, 1e3)] * 4), min_size=2, max_size=30).map(
    lambda rows: dict(zip("abcd", np.array(rows).T.copy(), strict=True))
)


@given(tables, tables)
def test_changes_stay_in_their_bounds(before, now):
    measured = correlation_change(*both(before, now))

    if measured.pairs:
        assert 0 <= measured.root_mean_square <= measured.largest * (1 + 1e-12) <= 2 * (1 + 1e-12)
    assert measured.pairs + measured.undefined == math.comb(4, 2)


@given(tables, tables)
def test_the_change_of_correlations_is_the_same_both_ways(before, now):
    grid, x, y = both(before, now)
    there, back = correlation_change(grid, x, y), correlation_change(grid, y, x)

    assert (there.largest, there.root_mean_square) == (back.largest, back.root_mean_square)


@given(tables, tables, st.floats(0.1, 0.99))
def test_the_reconstruction_error_is_no_longer_than_the_rows_themselves(before, now, explained):
    _, baseline, current = both(before, now)
    measured, components = reconstruction_error(baseline, current, explained), principal_components(baseline, explained)

    if measured is not None:
        used = components.used
        shift = current.means()[used] - components.means
        lengths = (current.covariances().diagonal()[used] + shift**2) / components.deviations**2
        assert 0 <= measured.current <= math.sqrt(lengths.sum()) * (1 + 1e-9)
        assert measured.explained > explained or measured.kept == used.sum()


def null_windows(count, rows):
    """Windows of normal rows without drift, measured against a baseline so large that it adds next to no chance."""
    draw = np.random.RandomState(20)
    mixing = draw.standard_normal((6, 6)) / 2 + np.eye(6)

    def window(size):
        return dict(zip("abcdef", mixing @ draw.standard_normal((6, size)), strict=True))

    reference = window(100_000)
    grid = cross_grid(reference)
    baseline = summarise_together(grid, reference)
    return grid, baseline, [summarise_together(grid, window(rows)) for _ in range(count)]


def test_the_reconstruction_error_of_normal_rows_spreads_as_stated():
    _, baseline, windows = null_windows(400, 500)
    measured = [reconstruction_error(baseline, window) for window in windows]

    ratio = np.std([m.change for m in measured]) / measured[0].by_chance
    assert abs(ratio - 1) < 4 / math.sqrt(2 * 400)  # four standard errors of a deviation estimated from 400 values


def test_the_correlations_of_normal_rows_change_as_stated():
    grid, baseline, windows = null_windows(400, 500)
    measured = [correlation_change(grid, baseline, window) for window in windows]

    squares = np.array([m.root_mean_square**2 for m in measured])
    spread = squares.std() / math.sqrt(400)
    expected = measured[0].by_chance ** 2
    assert abs(squares.mean() - expected) < 4 * spread + 0.02 * expected  # the variance holds to the order of 1 / rows


def test_the_largest_change_names_the_columns_that_turned():
    names = [f"x{place}" for place in range(12)]
    draw = np.random.RandomState(30)
    before = dict(zip(names, draw.standard_normal((12, 800)), strict=True))
    now = before | {"x9": before["x3"] + 0.1 * before["x9"]}

    assert correlation_change(*both(before, now)).pair == ("x3", "x9")


def test_the_kept_components_explain_more_than_asked_not_just_as_much():
    square = {"a": np.array([1.0, 1.0, -1.0, -1.0]), "b": np.array([1.0, -1.0, 1.0, -1.0])}  # two equal components
    _, baseline, _ = both(square, square)

    assert [principal_components(baseline, asked).kept for asked in (0.499, 0.5)] == [1, 2]


def test_correlations_never_pass_one():
    draw = np.random.RandomState(40)
    pairs = [{"a": column, "b": column} for column in draw.uniform(0, 9, (60, 40))]  # the roots of some round down
    related = [correlations(both(pair, pair)[1])[0, 1] for pair in pairs]

    assert (min(related) > 1 - 1e-12, max(related)) == (True, 1.0)
