"""Columns drawn by a generator that is the same in every language and version: other tools can have them, too."""

from bisect import bisect_right
from itertools import accumulate
from statistics import NormalDist


def uniform(seed, count):
    """Draw with the linear congruential generator of Numerical Recipes: x -> 1664525 x + 1013904223 modulo 2^32."""
    state, drawn = seed, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        drawn.append((state + 0.5) / 2**32)
    return drawn


def normal(seed, count, mean=0.0, deviation=1.0):
    return [NormalDist(mean, deviation).inv_cdf(u) for u in uniform(seed, count)]


def whole(seed, count, mean, deviation):
    return [float(round(value)) for value in normal(seed, count, mean, deviation)]


def words(seed, count, shares):
    """Draw keys of *shares*, which sum to 1."""
    ends, names = list(accumulate(shares.values())), list(shares)
    return [names[min(bisect_right(ends, u), len(names) - 1)] for u in uniform(seed, count)]


COLUMNS = {
    "normal": (normal(1, 2000), normal(2, 1500, 0.25, 1.1)),
    "squared": ([x * x for x in normal(3, 2500)], [x * x for x in normal(4, 1200, 0.1)]),
    "small": (normal(5, 600), normal(6, 400, 0.1)),
    "whole": (whole(7, 3000, 6, 2.4), whole(8, 1000, 7, 2.4)),
    "few": (whole(9, 800, 2, 0.6), whole(10, 500, 2.2, 0.6)),
    "few of many": (whole(11, 1800, 2, 0.4), whole(12, 500, 2.2, 0.4)),
    "words": (
        words(13, 2000, {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}),
        words(14, 1500, {"a": 0.36, "b": 0.25, "c": 0.2, "d": 0.12, "e": 0.07}),
    ),
    "few words": (words(15, 900, {"a": 0.5, "b": 0.3, "c": 0.2}), words(16, 700, {"a": 0.45, "b": 0.33, "c": 0.22})),
    "two words": (words(17, 900, {"a": 0.5, "b": 0.5}), words(18, 700, {"a": 0.45, "b": 0.55})),
}
"""Reference and window by name; those whose names end in `words` hold texts."""
