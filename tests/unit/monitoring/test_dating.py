"""Event times: read all at once, whatever their column's type, as each is read alone."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.monitoring.dating import event_times
from atalaia.rows import NO_TIME
from atalaia.window import parse_time

NEAR = [1_772_000_000, 7_258_118_400, 631_152_000]  # 2026, and the first and last moment believed
SECONDS = st.sampled_from(NEAR).flatmap(lambda near: st.integers(near - 2, near + 2))
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.builds(
    lambda s, unit: s * unit, SECONDS, st.sampled_from([1, 10**3, 10**6])
)
FLOATS = st.floats() | st.builds(lambda s, part: s + part, SECONDS, st.floats(0, 1))
TEXTS = st.sampled_from(["2026-03-02T12:00:00Z", "2026-03-02 12:00", "1772000000", "", "x", "1772000000123.5"])


def alone(value):
    time = parse_time(value)
    return NO_TIME if time is None else time


@given(st.lists(WHOLE | st.none()))
def test_whole_numbers_are_dated_as_each_alone(values):
    assert event_times(pa.array(values, pa.int64())).tolist() == list(map(alone, values))


@given(st.lists(st.integers(0, 2**64 - 1) | SECONDS))
def test_large_numbers_are_dated_as_each_alone(values):
    assert event_times(pa.array(values, pa.uint64())).tolist() == list(map(alone, values))


@given(st.lists(FLOATS | st.none()))
def test_fractions_are_dated_as_each_alone(values):
    assert event_times(pa.array(values, pa.float64())).tolist() == list(map(alone, values))


@given(st.lists(TEXTS | st.none()), st.booleans())
def test_texts_are_dated_as_each_alone(values, coded):
    texts = pa.array(values, pa.string())

    assert event_times(texts.dictionary_encode() if coded else texts).tolist() == list(map(alone, values))


def test_a_full_dictionary_of_moments_leaves_room_for_rows_without_one():
    moments = pa.array([f"2026-03-02T12:00:00.{place:06d}Z" for place in range(128)])
    coded = pa.DictionaryArray.from_arrays(pa.array([127, None], pa.int8()), moments)

    assert event_times(coded).tolist() == [alone("2026-03-02T12:00:00.000127Z"), NO_TIME]


@pytest.mark.parametrize("values", [pa.array([True, None]), pa.nulls(2)])
def test_what_is_no_moment_dates_no_row(values):
    assert event_times(values).tolist() == [NO_TIME] * 2
