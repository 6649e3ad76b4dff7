"""What the simulation of false alarms draws: rows, and counts of them without the rows."""

import numpy as np
import pytest
from scipy import stats

from atalaia.profile.numeric import grid_of
from atalaia.profile.weighted import cells_of
from simulation.populations import POPULATIONS
from simulation.rules import Column

NUMERIC = [name for name, population in POPULATIONS.items() if population.kind != "text"]
UNTIED = [name for name, population in POPULATIONS.items() if population.kind == "float"]
TIED = [name for name, population in POPULATIONS.items() if population.kind == "integer"]
TEXTS = [name for name in POPULATIONS if name not in NUMERIC]


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


@pytest.mark.parametrize("name", TIED)
def test_a_baseline_is_counted_as_its_profile_counts_it(name):
    population = POPULATIONS[name]
    rows = population.draw(np.random.default_rng(4), 5_000, 0.0).rows
    grid = grid_of(rows, rows.min(), rows.max())

    column = Column.drawn(population, np.random.default_rng(4), 5_000)

    assert (column.edges == grid.edges).all()
    assert (column.counts == np.bincount(cells_of(grid, rows), minlength=len(column.counts))).all()


@pytest.mark.parametrize("size", [600, 5_000])
@pytest.mark.parametrize("name", UNTIED)
def test_a_baseline_without_ties_has_the_edges_of_rows_in_order(name, size):
    population, random = POPULATIONS[name], np.random.default_rng(4)
    rows = population.draw(random, size, 0.0).rows
    grid = grid_of(rows, rows.min(), rows.max())
    places = np.linspace(0, len(grid.edges) - 1, 5).astype(int)

    columns = [Column.drawn(population, random, size) for _ in range(400)]
    ordered = [np.sort(population.draw(random, size, 0.0).rows) for _ in range(400)]

    counts = np.bincount(cells_of(grid, rows), minlength=2 * len(grid.edges) + 1)
    assert all((column.counts == counts).all() for column in columns)
    ranks = np.cumsum(columns[0].counts)[1::2][places] - 1
    for place, rank in zip(places, ranks, strict=True):
        edges, values = [column.edges[place] for column in columns], [each[rank] for each in ordered]
        assert stats.ks_2samp(edges, values).pvalue > 0.001


@pytest.mark.parametrize("size", [100, 5_000])
@pytest.mark.parametrize("name", ["normal", "mostly zero", "few categories"])
def test_windows_drawn_by_cells_have_the_means_and_variances_of_rows(name, size):
    column = Column.drawn(POPULATIONS[name], np.random.default_rng(5), 2_000)
    shares = POPULATIONS[name].cells(column.edges, 0.2)

    windows = column.windows(np.random.default_rng(6), [size] * 4_000, 0.2)

    far = (windows.mean(axis=0) - size * shares) / np.sqrt(size * shares * (1 - shares) / 4_000 + 1e-300)
    assert (windows.sum(axis=1) == size).all()
    assert np.abs(far[shares > 0]).max() < 5
    assert windows.var(axis=0).sum() == pytest.approx(size * (shares * (1 - shares)).sum(), rel=0.05)
