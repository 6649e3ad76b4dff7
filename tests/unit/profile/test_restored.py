"""Many stored profiles read as one, held against what merging the profiles themselves gives."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atalaia.baseline import build_baseline
from atalaia.errors import BaselineError
from atalaia.profile import Profile, merged_from_plain, pack, profile_from_plain, profile_to_plain
from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import mix
from atalaia.profile.stored_arrays import (
    added_arrays,
    array_from_plain,
    array_to_plain,
    distinct_to_plain,
    merged_distinct,
    rising_from_plain,
    rising_to_plain,
)
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Kind, Role, Type

COLUMNS = (
    Column("amount"),
    Column("count", type=Type.INTEGER),
    Column("city", type=Type.STRING),
    Column("note", type=Type.STRING, kind=Kind.TEXT, patterns={"shout": "!"}),
    Column("region", type=Type.STRING, role=Role.SEGMENT),
    Column("id", type=Type.STRING, role=Role.ID),
)


def batch(seed, rows=400):
    random = np.random.default_rng(seed)
    amounts = np.where(random.random(rows) < 0.1, random.normal(0, 1e12, rows), random.normal(10, 3 + seed, rows))
    columns = {
        "amount": pa.array(amounts, mask=random.random(rows) < 0.05),
        "count": pa.array(random.poisson(5, rows)),
        "city": pa.array([f"city {place}" for place in random.integers(0, 30 + 400 * seed, rows)]),
        "note": pa.array(["ab!" * place for place in random.integers(0, 9, rows)]),
        "region": pa.array(random.choice(["north", "south"], rows)),
        "id": pa.array([str(place) for place in random.integers(0, 10**6, rows)]),
        f"unknown {seed}": pa.nulls(rows),
    }
    return RowBatch(columns, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.zeros(rows, np.int64))


BASELINE = build_baseline(COLUMNS, lambda: [batch(0, 3000)], together=("amount", "count"))
PARTS = [BASELINE.profiler().profile(batch(seed, rows)) for seed, rows in enumerate([400, 1, 3000, 20, 700, 400, 50])]
EMPTY = Profile(BASELINE.version)


def stored(profile):
    return pack(profile_to_plain(profile))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*PARTS, EMPTY]), min_size=1, max_size=12))
def test_reading_many_profiles_as_one_is_merging_them_to_the_stored_byte(parts):
    read = merged_from_plain([profile_to_plain(part) for part in parts])

    assert stored(read) == stored(Profile.merged(parts))


@pytest.mark.parametrize("part", PARTS)
def test_reading_one_profile_gives_it_back_to_the_stored_byte(part):
    assert stored(profile_from_plain(profile_to_plain(part))) == stored(part)


def test_more_profiles_than_fit_bytes_of_16_bits_are_read_as_one():
    parts = [PARTS[2]] * 300

    read = merged_from_plain([profile_to_plain(part) for part in parts])

    assert stored(read) == stored(Profile.merged(parts))


def test_stored_profiles_of_different_baselines_do_not_merge():
    with pytest.raises(BaselineError, match=r"baseline one .* baseline two"):
        merged_from_plain([profile_to_plain(Profile("one")), profile_to_plain(Profile("two"))])


integers = st.integers(0, 2**62) | st.integers(0, 300)


@given(st.integers(0, 9), st.data())
def test_arrays_of_any_width_add_up(length, data):
    arrays = data.draw(st.lists(st.lists(st.integers(0, 2**55), min_size=length, max_size=length), min_size=1))
    narrow = [np.array(array, np.int64) >> data.draw(st.integers(0, 56)) for array in arrays]

    added = added_arrays([array_to_plain(array) for array in narrow])

    assert added.tolist() == np.sum(narrow, axis=0, dtype=np.int64).tolist()
    assert added.dtype == np.int64


def test_arrays_of_different_lengths_do_not_add_up():
    with pytest.raises(ValueError, match="different lengths"):
        added_arrays([array_to_plain(np.zeros(length, np.int64)) for length in (2, 3)])


@given(st.lists(integers))
def test_a_stored_array_gives_back_its_integers(numbers):
    assert array_from_plain(array_to_plain(np.array(numbers, np.int64))).tolist() == numbers


@given(st.lists(integers | st.integers(-(2**40), 0), unique=True).map(sorted))
def test_a_stored_rising_array_gives_back_its_integers(numbers):
    assert rising_from_plain(rising_to_plain(np.array(numbers, np.int64))).tolist() == numbers


def distinct(places, counts, size):
    return Distinct.empty(size).add(mix(np.array(places, np.uint64)), np.array(counts, np.int64))


part = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 2**40)), max_size=120)


@settings(max_examples=200)
@given(st.lists(part, min_size=1, max_size=30), st.sampled_from([1, 2, 16, 64]))
def test_reading_distinct_values_as_one_is_merging_them(parts, size):
    found = [distinct([place for place, _ in held], [count for _, count in held], size) for held in parts]

    read, merged = merged_distinct([distinct_to_plain(each) for each in found]), Distinct.merged(found)

    assert (read.size, read.values) == (merged.size, merged.values)
    assert (read.hashes.tolist(), read.counts.tolist()) == (merged.hashes.tolist(), merged.counts.tolist())


def test_parts_that_share_all_their_values_are_read_to_the_end():
    found = [distinct(range(64), [7] * 64, 64) for _ in range(50)]

    read = merged_distinct([distinct_to_plain(each) for each in found])

    assert read.hashes.tolist() == found[0].hashes.tolist()
    assert set(read.counts.tolist()) == {350}
