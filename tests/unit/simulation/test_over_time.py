"""Courses of many windows: the first alarms of monitors, and of a year's beginning."""

import math

import numpy as np
import pytest

from simulation.over_time import DRAWN, Journey, ours
from simulation.populations import POPULATIONS


class Watching:
    """A rule whose monitors first alarm after 20 windows, after 300, and never."""

    def __init__(self):
        self.firsts = iter([20.0, 300.0, math.inf])

    def __call__(self, columns):
        assert len(columns) == 2
        return self

    def follow(self, windows):
        assert [each.sum(axis=1).tolist() for each in windows] == [[50] * 365] * 2
        return {"any": next(self.firsts)}


def test_a_year_tells_of_its_first_windows_too():
    journey = Journey("a year without drift", POPULATIONS["normal"], 1_000, 50, 2, 3)

    year, beginning = ours(journey, Watching(), np.random.default_rng(1))

    assert (year.course, beginning.course) == ("a year without drift", "60 windows without drift")
    assert (year.ever.share, beginning.ever.share) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (year.after, beginning.after) == (300, None)
    assert beginning.course not in DRAWN
