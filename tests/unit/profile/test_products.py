import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.products import LARGEST, MOST_ROWS_AT_ONCE, WORD_BITS, carried, exact_products, unproven


def by_hand(numbers):
    """Sums of products in integers without limit."""
    whole = [[int(number) for number in row] for row in numbers]
    return [[sum(map(int.__mul__, one, other)) for other in whole] for one in whole]


@pytest.mark.parametrize("size", [1, 2**13, 2**20, LARGEST])
def test_sums_of_products_are_exact_at_every_size(size):
    numbers = np.rint(np.random.RandomState(5).uniform(-size, size, (4, 999)))
    high, low = exact_products(numbers)

    assert ((high.astype(object) << WORD_BITS) + low.astype(object)).tolist() == by_hand(numbers)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1)])
def test_sums_of_products_are_exact_for_a_full_block_of_the_largest_numbers(signs):
    numbers = np.array(signs)[:, np.newaxis] * np.full((2, MOST_ROWS_AT_ONCE), LARGEST)
    numbers[:, ::2] -= 1.0
    high, low = exact_products(numbers)

    assert ((high.astype(object) << WORD_BITS) + low.astype(object)).tolist() == by_hand(numbers)


@pytest.mark.parametrize("columns", [1, 2, 40, 41, 100])
@pytest.mark.parametrize("size", [99, LARGEST])
def test_sums_of_products_are_exact_for_as_many_columns_as_there_may_be(columns, size):
    numbers = np.rint(np.random.RandomState(columns).uniform(-size, size, (columns, 300)))
    high, low = exact_products(numbers)

    whole = numbers.astype(np.int64).astype(object)
    assert ((high.astype(object) << WORD_BITS) + low.astype(object)).tolist() == (whole @ whole.T).tolist()


def test_the_low_word_stays_in_its_word():
    numbers = np.random.RandomState(6).randint(-999_999, 999_999, (3, 500)).astype(np.float64)
    _, low = exact_products(numbers)

    assert 0 <= low.min() <= low.max() < 2**WORD_BITS


@given(st.integers(-(2**60), 2**60), st.integers(-(2**60), 2**60))
def test_carrying_changes_the_words_and_not_the_number(high, low):
    upper, lower = (int(word[0]) for word in carried(np.array([high]), np.array([low])))

    assert (upper << WORD_BITS) + lower == (high << WORD_BITS) + low
    assert 0 <= lower < 2**WORD_BITS


def test_sums_of_squares_prove_nothing_of_numbers_without_value_or_size():
    squares = np.array([0.0, 2.0**52, 2.0**52 + 1, np.inf, np.nan])

    assert unproven(squares).tolist() == [2, 3, 4]
