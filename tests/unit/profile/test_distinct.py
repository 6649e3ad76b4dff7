from collections import Counter

import numpy as np
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import hash_floats, hash_texts
from atalaia.profile.numeric import grid_of

SIZE = 16
values = st.lists(st.integers(0, 60), max_size=80)


def distinct(numbers, size=SIZE):
    floats = np.array(numbers, dtype=np.float64)
    return Distinct.empty(size).add(hash_floats(floats), np.ones(len(floats), np.int64))


def same(one, other):
    arrays = np.array_equal(one.hashes, other.hashes) and np.array_equal(one.counts, other.counts)
    return arrays and (one.size, one.values) == (other.size, other.values)


@given(values, values, values)
def test_merging_is_associative(a, b, c):
    x, y, z = distinct(a), distinct(b), distinct(c)

    assert same(x.merge(y).merge(z), x.merge(y.merge(z)))


@given(values, values)
def test_merging_is_commutative(a, b):
    assert same(distinct(a).merge(distinct(b)), distinct(b).merge(distinct(a)))


@given(values)
def test_the_empty_one_changes_nothing(a):
    assert same(distinct(a).merge(Distinct.empty(SIZE)), distinct(a))


@given(values, values)
def test_the_parts_merged_are_the_whole(a, b):
    assert same(distinct(a).merge(distinct(b)), distinct(a + b))


@given(values, values)
def test_adding_in_batches_is_adding_at_once(a, b):
    floats = np.array(b, dtype=np.float64)

    assert same(distinct(a).add(hash_floats(floats), np.ones(len(floats), np.int64)), distinct(a + b))


@given(st.lists(st.integers(0, 14), max_size=50))
def test_few_values_are_counted_exactly(a):
    assert distinct(a).estimate() == len(set(a))


@given(st.lists(st.integers(0, 14), min_size=1, max_size=50))
def test_repetition_among_few_values_is_exact(a):
    assert distinct(a).repeated_share() == (len(a) - len(set(a))) / len(a)


def test_nothing_repeats_in_nothing():
    assert Distinct.empty(SIZE).repeated_share() == 0.0


def test_many_values_are_estimated_within_four_standard_errors():
    count, size = 200_000, 1024

    estimate = distinct(np.arange(count) * 0.37, size).estimate()

    assert abs(estimate / count - 1) < 4 / np.sqrt(size)


def test_repetition_among_many_values_is_estimated_within_four_standard_errors():
    numbers = np.concatenate((np.arange(100_000), np.arange(5_000))) * 1.7
    true = 5_000 / 105_000

    assert abs(distinct(numbers, 4096).repeated_share() - true) < 4 * np.sqrt(true / 4096)


def test_both_zeros_are_one_value():
    grid = grid_of(np.array([1.0]), 1.0, 1.0)

    assert count_numbers(grid, [0.0, -0.0]).distinct.estimate() == 1


def test_hashes_are_the_same_on_every_machine():
    assert hash_texts(["a"]).tolist() == [17714924460406068699]
    assert hash_floats(np.array([1.5])).tolist() == [17392519892667203584]


words = st.one_of(st.integers(0, 40), st.integers(2**64 - 40, 2**64 - 1), st.integers(0, 2**64 - 1))
counted = st.lists(st.tuples(words, st.integers(1, 2**50)), max_size=200)


@given(counted, counted)
def test_the_smallest_hashes_have_the_sums_of_their_counts_to_the_last_digit(first, second):
    expected = Counter()
    added = Distinct.empty(SIZE)
    for pairs in (first, second):
        hashes, counts = (np.array([pair[i] for pair in pairs], kind) for i, kind in enumerate((np.uint64, np.int64)))
        added = added.add(hashes, counts)
        for word, count in pairs:
            expected[word] += count

    assert list(zip(added.hashes.tolist(), added.counts.tolist(), strict=True)) == sorted(expected.items())[:SIZE]


def test_many_values_added_at_once_are_as_if_added_one_by_one():
    hashes = hash_floats(np.arange(50 * SIZE) % 700 * 0.37)
    one_by_one = Distinct.empty(SIZE)
    for word in hashes:
        one_by_one = one_by_one.add(np.array([word]), np.ones(1, np.int64))

    assert same(Distinct.empty(SIZE).add(hashes, np.ones(len(hashes), np.int64)), one_by_one)


def test_nothing_added_to_nothing_is_nothing():
    nothing = Distinct.empty(SIZE).add(np.empty(0, np.uint64), np.empty(0, np.int64))

    assert same(nothing, Distinct.empty(SIZE))
