import numpy as np
import pytest

from atalaia.drafts import SAMPLE, CategoricalDraft, NumericDraft, sample_size
from atalaia.profile.values import Categories
from atalaia.schema import Column, Type


def drafted(values, size, step):
    draft = NumericDraft(size)
    for start in range(0, len(values), step):
        draft.add(values[start : start + step])
    return draft


@pytest.mark.parametrize("step", [1, 7, 64, 1000])
def test_the_sample_is_the_same_however_the_values_are_cut(step):
    values = np.random.default_rng(1).normal(size=1000)

    assert drafted(values, 50, step).grid().edges.tolist() == drafted(values, 50, 333).grid().edges.tolist()


def test_up_to_its_size_the_sample_is_all_values():
    values = np.random.default_rng(2).normal(size=100)

    assert drafted(values, 100, 9).grid().edges.tolist() == np.sort(values).tolist()


def test_beyond_its_size_every_value_has_the_same_chance():
    kept = np.zeros(40)
    for shift in range(400):  # the same places are drawn each time, so the values are moved
        kept += np.isin(np.arange(40), drafted((np.arange(40.0) + shift) % 40, 10, 7).grid().edges[1:-1])

    assert kept[1:-1].min() > 0.6 * kept.mean()  # the extremes are always edges, and left out here


def test_the_extremes_are_those_of_all_values():
    draft = drafted(np.array([5.0, -2.0, np.nan, 9.0, np.inf, 3.0]), 2, 1)

    assert (draft.seen, draft.low, draft.high) == (4, -2.0, 9.0)


def test_few_columns_are_sampled_more_and_many_no_less_than_the_least():
    assert sample_size([Column("x")] * 10 + [Column("w", type=Type.STRING)]) == 419_430
    assert sample_size([Column("x")] * 500) == SAMPLE


def test_rare_categories_are_let_go_when_there_are_too_many():
    draft = CategoricalDraft(cap=4)
    words = ["common"] * 50 + [f"rare{i}" for i in range(100)]
    for part in (words[:60], words[60:]):
        texts = list(dict.fromkeys(part))
        draft.add(Categories(np.array([texts.index(word) for word in part]), texts))

    assert len(draft.counts) <= 16
    assert len(draft.grid().categories) == 4
    assert draft.grid().categories[0] == "common"
