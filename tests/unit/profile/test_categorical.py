from collections import Counter

import numpy as np
from counting import count_categories
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.categorical import UNSEEN_SIZE, CategoricalGrid, CategoricalSummary

GRID = CategoricalGrid(("a", "b", "c"))
words = st.lists(st.sampled_from("abcdefgh"), max_size=40)


def summary(values, missing=0, type_errors=0, grid=GRID):
    return count_categories(grid, values, missing, type_errors)


def plain(s):
    found = s.distinct(GRID) if len(s.counts) == len(GRID.categories) else None
    distinct = found and (found.hashes.tolist(), found.counts.tolist(), found.values)
    rest = (s.rows, s.missing, s.type_errors, s.out_of_set, s.off_pattern, s.unseen_rows)
    return rest, s.counts.tolist(), list(s.unseen.items()), distinct


@given(words, words, words)
def test_merging_is_associative(a, b, c):
    x, y, z = summary(a), summary(b), summary(c)

    assert plain(x.merge(y).merge(z)) == plain(x.merge(y.merge(z)))


@given(words, words)
def test_merging_is_commutative(a, b):
    assert plain(summary(a).merge(summary(b))) == plain(summary(b).merge(summary(a)))


@given(words)
def test_the_empty_summary_changes_nothing(a):
    assert plain(summary(a).merge(CategoricalSummary.empty(GRID))) == plain(summary(a))


@given(words, words)
def test_the_parts_merged_are_the_whole(a, b):
    assert plain(summary(a).merge(summary(b))) == plain(summary(a + b))


@given(words)
def test_counts_are_exact_for_known_and_for_unseen_values(a):
    s, counts = summary(a), Counter(a)

    assert s.counts.tolist() == [counts[v] for v in "abc"]
    assert dict(s.unseen) == {v: n for v, n in counts.items() if v not in "abc"}


def test_rows_are_values_missing_ones_and_type_errors():
    s = summary(["a", "z"], missing=3, type_errors=2)

    assert (s.rows, s.valid) == (7, 2)


def test_too_many_unseen_values_keep_their_total_and_some_names():
    many = [f"v{i}" for i in range(3 * UNSEEN_SIZE)]
    s = summary(many)

    assert (s.unseen_rows, len(s.unseen)) == (3 * UNSEEN_SIZE, UNSEEN_SIZE)


def test_too_many_unseen_values_merge_as_if_they_came_together():
    many = [f"v{i}" for i in range(3 * UNSEEN_SIZE)]
    parts = [summary(many[i::5]) for i in range(5)]

    merged = parts[3].merge(parts[0]).merge(parts[4].merge(parts[1]).merge(parts[2]))
    assert plain(merged) == plain(summary(many))


def test_an_empty_grid_counts_everything_as_unseen():
    s = summary(["a", "a"], grid=CategoricalGrid(()))

    assert (s.valid, s.unseen_rows, np.sum(s.counts)) == (2, 2, 0)
