import math

import numpy as np

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.kept import kept

GRID = NumericGrid(np.array([0.0, 1.0]))


def summary():
    return NumericSummary.empty(GRID)


class Counted:
    def __init__(self):
        self.calls = 0

    def __call__(self, holder, *given):
        self.calls += 1
        return holder, given


def test_what_follows_from_a_summary_is_found_once():
    find, holder = Counted(), summary()

    answers = [kept(holder, find, GRID) for _ in range(3)]

    assert answers == [(holder, (GRID,))] * 3
    assert find.calls == 1


def test_another_grid_or_another_summary_gives_another_answer():
    find, holder, other = Counted(), summary(), NumericGrid(np.array([0.0, 1.0]))
    kept(holder, find, GRID)

    assert kept(holder, find, other)[1][0] is other
    assert kept(summary(), find, GRID)[0] is not holder
    assert find.calls == 3


def test_each_question_has_its_own_answer():
    holder = summary()

    assert kept(holder, lambda each: each.minimum) == math.inf
    assert kept(holder, lambda each: each.maximum) == -math.inf
