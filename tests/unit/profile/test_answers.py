import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from atalaia.baseline import build_baseline
from atalaia.profile import Profile, merged_from_plain, profile_from_plain, profile_to_plain
from atalaia.profile.answers import (
    MOST_CLASSES,
    STEP,
    ClassAnswers,
    NumberAnswers,
    added_answers,
    answers_from_plain,
    answers_to_plain,
)
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch, Side
from atalaia.schema import Column, Kind, Role, Type, label_of

WORDS = (
    Column("said", type=Type.STRING, role=Role.PREDICTION),
    Column("true", type=Type.STRING, role=Role.LABEL),
    Column("region", type=Type.STRING, role=Role.SEGMENT),
)
NUMBERS = (Column("said", role=Role.PREDICTION), Column("true", role=Role.LABEL))

words = st.lists(st.tuples(st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "a", "b", "d"])), max_size=30)
floats = st.floats(allow_nan=True, allow_infinity=True) | st.none()
numbers = st.lists(st.tuples(floats, floats), max_size=30)


def batch(pairs, captured=ALL_SIDES, **more):
    said, true = zip(*pairs, strict=True) if pairs else ((), ())
    columns = {"said": list(said), "true": list(true), **more}
    kind = pa.string() if any(isinstance(v, str) for v in (*said, *true)) else pa.float64()
    arrays = {n: pa.array(values, kind if n in ("said", "true") else None) for n, values in columns.items()}
    n = len(pairs)
    return RowBatch(arrays, n, captured, np.full(n, NO_TIME), None, np.arange(n))


def profile(columns, pairs, **more):
    return baseline(columns).profiler().profile(batch(pairs, **more))


def baseline(columns):
    first = [("a", "a")] if columns is WORDS else [(1.0, 2.0)]
    return build_baseline(columns, lambda: [batch(first, region=["north"])])


def steps(value):
    return round(Fraction(value) * 2**-STEP)


@given(words)
def test_classes_are_counted_as_one_counts_them_by_hand(pairs):
    both = [(s, t) for s, t in pairs if s is not None and t is not None]
    names = {name for pair in both for name in pair}
    expected = {
        n: (sum(s == t == n for s, t in both), sum(t == n for _, t in both), sum(s == n for s, _ in both))
        for n in names
    }
    found = profile(WORDS, pairs).answers.get(("", "said"))

    assert found == (ClassAnswers(len(both), sum(s == t for s, t in both), expected) if both else None)


@given(numbers)
def test_sums_of_numbers_are_exact(pairs):
    both = [(s, t) for s, t in pairs if s is not None and t is not None and math.isfinite(s - t)]
    found = profile(NUMBERS, pairs).answers.get(("", "said"), NumberAnswers(0, 0, 0, 0, 0))

    assert found.rows == len(both)
    distances, labels = [steps(abs(s - t)) for s, t in both], [steps(t) for _, t in both]
    assert close(found.absolute, sum(distances), len(both))
    assert close(found.squares, sum(each**2 for each in distances), sum(distances))
    assert close(found.labels, sum(labels), len(both))
    assert close(found.label_squares, sum(each**2 for each in labels), sum(map(abs, labels)))


def close(found, exact, scale):
    """Each value is rounded to a step once, so a sum is off by as many steps at most."""
    return abs(found - exact) <= 2 * scale + 1


@given(st.one_of(words, numbers), st.integers(0, 30), st.integers(0, 30))
def test_parts_together_are_the_whole_in_any_order(pairs, one, other):
    columns = WORDS if any(isinstance(v, str) for pair in pairs for v in pair) else NUMBERS
    first, last = sorted((one, other))
    profiler = baseline(columns).profiler()
    a, b, c, whole = (profiler.profile(batch(p)) for p in (pairs[:first], pairs[first:last], pairs[last:], pairs))

    assert a.merge(b).merge(c).answers == c.merge(a.merge(b)).answers == whole.answers
    assert merged_from_plain([stored(each) for each in (c, a, b)]).answers == whole.answers
    assert profile_from_plain(stored(whole)).answers == whole.answers


def stored(found):
    return msgpack.decode(msgpack.encode(profile_to_plain(found)))


def test_each_segment_has_its_own_and_they_add_up():
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("a", None)]
    found = profile(WORDS, pairs, region=["north", "north", "south", "north"]).answers

    assert {place: (each.right, each.rows) for place, each in found.items()} == {
        ("", "said"): (2, 3),
        ("region=north", "said"): (1, 2),
        ("region (rest)", "said"): (1, 1),
    }


def test_rows_without_the_side_of_the_label_say_nothing():
    assert profile(WORDS, [("a", None)]).answers == {}
    assert profile(WORDS, [("a", "b")], captured=frozenset({Side.INPUT, Side.OUTPUT})).answers == {}


def test_a_profile_without_answers_is_stored_as_ever():
    assert "answers" not in profile_to_plain(Profile("v"))


def test_of_more_classes_than_are_kept_it_can_be_told():
    pairs = [(str(i), str(i)) for i in range(MOST_CLASSES + 50)]
    found = profile(WORDS, pairs).answers["", "said"]
    halves = [profile(WORDS, half).answers for half in (pairs[::2], pairs[1::2])]

    assert (found.rows, found.right, len(found.classes)) == (len(pairs), len(pairs), MOST_CLASSES + 1)
    assert added_answers(halves)["", "said"] == found


def test_many_combinations_are_counted_without_a_table_of_all():
    pairs = [(f"s{i}", f"t{i % 300}") for i in range(500)]
    found = profile(WORDS, [*pairs, ("t0", "t0")]).answers["", "said"]

    assert (found.rows, found.right) == (501, 1)


@pytest.mark.parametrize("swapped", [False, True])
def test_text_that_is_a_number_is_the_class_of_that_number(swapped):
    columns = (
        Column("a", type=Type.STRING, role=Role.LABEL if swapped else Role.PREDICTION),
        Column("b", type=Type.INTEGER, kind=Kind.CATEGORICAL, role=Role.PREDICTION if swapped else Role.LABEL),
    )
    arrays = {"a": pa.array(["1.0", "1", "0.0", "none", " 2"]), "b": pa.array([1, 1, 0, 1, 2])}
    rows = RowBatch(arrays, 5, ALL_SIDES, np.full(5, NO_TIME), None, np.arange(5))
    (found,) = build_baseline(columns, lambda: [rows]).profile.answers.values()

    assert (found.rows, found.right) == (5, 4)
    assert {*found.classes} == {"0", "1", "2", "none"}


@pytest.mark.parametrize("answers", [ClassAnswers(3, 1, {"a": (1, 2, 1)}), NumberAnswers(2, 2**90, 2**200, -5, 2**140)])
def test_the_stored_form_is_plain(answers):
    assert answers_from_plain(msgpack.decode(msgpack.encode(answers_to_plain(answers)))) == answers


def prediction(name="p", **more):
    return Column(name, role=Role.PREDICTION, **more)


def label(name="l", **more):
    return Column(name, role=Role.LABEL, **more)


@pytest.mark.parametrize(
    ("columns", "pairs"),
    [
        ([prediction(), label()], {"p": "l"}),
        ([prediction(), prediction("q"), label()], {"p": "l", "q": "l"}),
        ([prediction(), prediction("q"), label(), label("m")], {"p": "l", "q": "m"}),
        ([prediction(), label(), label("m")], {}),
        ([prediction()], {}),
        ([label()], {}),
        ([prediction(type=Type.STRING), label()], {}),
        ([prediction(type=Type.STRING), label(kind=Kind.CATEGORICAL)], {"p": "l"}),
        ([prediction(type=Type.BOOLEAN), label(type=Type.STRING)], {}),
        ([prediction(type=Type.BOOLEAN), label(type=Type.BOOLEAN)], {"p": "l"}),
        ([prediction(type=Type.STRING, kind=Kind.TEXT), label(type=Type.STRING, kind=Kind.TEXT)], {}),
    ],
)
def test_predictions_are_held_against_labels_that_they_can_be_compared_with(columns, pairs):
    assert label_of(columns) == pairs
