"""What the tools themselves, run on two samples that anyone can draw again, found: each number to the digits published.

Samples come from the linear congruential generator of C's `rand` (1103515245 x + 12345 modulo 2^31): numbers by the
normal quantile, 2,000 of N(0, 1) from the seed 1 and 1,500 of N(0.25, 1.1) from 2; categories by cumulated shares, from
the seeds 3 and 4. Evidently was 0.7.23, NannyML 0.13.1; Azure ML by its formulas; Deequ by its source.
"""

import re
from itertools import accumulate
from statistics import NormalDist

import pytest
from conventional import off
from profiling import rows_of

from atalaia.baseline import build_baseline, count_rows
from atalaia.conventions.chunks import profiles_of_chunks
from atalaia.conventions.sides import Asked
from atalaia.conventions.tools import TOOLS
from atalaia.schema import Column, Type
from atalaia.signals.drift import measure_all

DIGITS = 6e-7  # most were published with six


def uniform(seed, size):
    found = []
    for _ in range(size):
        seed = (1103515245 * seed + 12345) % 2**31
        found.append((seed + 0.5) / 2**31)
    return found


def normal(seed, size, mean, deviation):
    return [mean + deviation * NormalDist().inv_cdf(share) for share in uniform(seed, size)]


def letters(seed, size, shares):
    ends = list(accumulate(shares))
    return ["abcde"[next(place for place, end in enumerate(ends) if share < end)] for share in uniform(seed, size)]


NUMBERS = normal(1, 2000, 0, 1), normal(2, 1500, 0.25, 1.1)
CATEGORIES = letters(3, 2000, (0.4, 0.3, 0.2, 0.1)), letters(4, 1500, (0.35, 0.25, 0.2, 0.12, 0.08))


@pytest.fixture(scope="module")
def asked():
    """Return by kind what a tool is given: a column, its grid, both sides, and the chunks of its reference."""
    found = {}
    for kind, type_, (before, now) in (("num", Type.NUMBER, NUMBERS), ("cat", Type.STRING, CATEGORIES)):
        column, parts = Column("x", type_), [rows_of(x=before)]
        baseline = build_baseline((column,), lambda parts=parts: parts)
        current = count_rows(baseline.profiler(), [rows_of(x=now)])
        sides = (profile.columns["", "x"] for profile in (baseline.profile, current))
        chunks = tuple(chunk.columns["", "x"] for chunk in profiles_of_chunks(baseline, parts))
        found[kind] = (column, baseline.grids.grids["x"], *sides), chunks
    return found


def test_the_samples_are_those_of_the_run():
    before, now = ([side.count(letter) for letter in "abcde"] for side in CATEGORIES)

    assert before == [806, 601, 379, 214, 0]
    assert now == [555, 377, 286, 177, 105]


RUN = [
    ("evidently", "num", None, 0.263342, None, True),
    ("evidently", "num", "jensen_shannon", 0.110782, None, True),
    ("evidently", "num", "psi", 0.099826, None, False),
    ("evidently", "num", "kolmogorov_smirnov", 8.79e-13, None, True),
    ("evidently", "num", "hellinger", 0.111238, None, True),
    ("evidently", "num", "kullback_leibler", 0.046508, None, False),
    ("evidently", "cat", None, 0.160762, None, True),
    ("evidently", "cat", "psi", 0.470608, None, True),
    ("evidently", "cat", "hellinger", 0.191272, None, True),
    ("evidently", "cat", "kullback_leibler", 0.075723, None, False),
    ("evidently", "cat", "chi_square", 0.0, None, True),
    ("azureml", "num", None, 0.263276, None, True),
    ("azureml", "num", "jensen_shannon", 0.135618, None, True),
    ("azureml", "num", "psi", 0.102298, None, True),
    ("azureml", "num", "kolmogorov_smirnov", 8.79e-13, None, True),
    ("azureml", "cat", None, 0.193095, None, True),
    ("azureml", "cat", "psi", 0.358874, None, True),
    ("azureml", "cat", "chi_square", 0.0, None, True),
    ("nannyml", "num", None, 0.133063, 0.142471, False),
    ("nannyml", "num", "wasserstein", 0.262743, 0.166219, True),
    ("nannyml", "num", "kolmogorov_smirnov", 0.1285, 0.117704, True),
    ("nannyml", "num", "hellinger", 0.111238, 0.131567, False),
    ("nannyml", "cat", None, 0.193095, 0.089081, True),
    ("nannyml", "cat", "l_infinity", 0.07, 0.060331, True),
    ("nannyml", "cat", "hellinger", 0.191272, 0.074257, True),
    ("nannyml", "cat", "chi_square", 150.7502, None, True),
    ("sagemaker", "num", None, 0.067018, None, False),
    ("sagemaker", "cat", None, 0.008518, None, False),
]  # fmt: skip
NEAR = "evidently", "num", "psi"
"""Its value, 0.099826, is so near the limit of 0.1 that the cells of a profile cannot tell on which side it is."""


@pytest.mark.parametrize(("tool", "kind", "metric", "value", "limit", "drifted"), RUN)
def test_each_tool_says_here_what_it_said_itself(asked, tool, kind, metric, value, limit, drifted):
    sides, chunks = asked[kind]
    judged = TOOLS[tool].judge(*sides, Asked(metric, chunks=chunks))

    assert judged.value == pytest.approx(value, abs=published(value) + off(judged))
    assert off(judged) <= value / 4
    if (tool, kind, metric) == NEAR:
        assert "could turn the verdict" in "; ".join(judged.notes)
    else:
        assert judged.drifted is drifted
    if limit is not None:
        assert judged.threshold == pytest.approx(limit, abs=DIGITS + limit_off(judged))
        assert limit_off(judged) <= limit / 50


def published(value):
    """Return how far a *value* may be from what its digits say: three of a tiny one, four after a large one's point."""
    return value * 6e-4 if 0 < value < DIGITS else 6e-5 if value > 100 else DIGITS


def limit_off(judged):
    """Return by how much the limit may be off, as the notes say."""
    told = re.search(r"and may be off by ([\d.e-]+)", judged.notes[-1]) if judged.notes else None
    return 1.001 * float(told[1].rstrip(".")) if told else 0.0


def test_our_own_metrics_are_those_of_the_run(asked):
    (_, grid, before, now), _ = asked["cat"]
    found = measure_all([(grid, before, now)])[0].metrics
    assert found["jensen_shannon_divergence"] == pytest.approx(0.037286, abs=DIGITS)
    assert found["chi_square"] == pytest.approx(150.7502, abs=published(150.7502))

    (_, grid, before, now), _ = asked["num"]
    bounds = measure_all([(grid, before, now)])[0].bounds
    for metric, exact in (("kolmogorov_smirnov", 0.1285), ("wasserstein", 0.262743)):
        low, high = bounds[metric]
        assert low - DIGITS <= exact <= high + DIGITS
        assert high - low < 0.004
