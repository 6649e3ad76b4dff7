import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest

from atalaia.profile.values import read_categories, read_numbers
from atalaia.schema import Column, Type

NUMBER = Column("x", type=Type.NUMBER)
INTEGER = Column("x", type=Type.INTEGER)
BOOLEAN = Column("x", type=Type.BOOLEAN)
STRING = Column("x", type=Type.STRING)


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array([1, 2, None]), [1.0, 2.0]),
        (pa.array([1.5, float("inf")]), [1.5, np.inf]),
        (pa.array([True, False]), [1.0, 0.0]),
        (pa.array(["1", " 2.5 ", "1e3"]), [1.0, 2.5, 1000.0]),
        (pa.array(["true", "false"]), []),
        (pa.array([decimal.Decimal("1.25")]), [1.25]),
        (pa.array([None, None]), []),
        (pa.array(["7"]).dictionary_encode(), [7.0]),
        (pa.array([2**63 - 1], pa.int64()), [2.0**63]),
    ],
)
def test_numbers_are_read_from_every_arrow_type(array, values):
    assert sorted(read_numbers(NUMBER, array).values) == sorted(values)


def test_blank_text_is_missing_and_words_are_type_errors():
    numbers = read_numbers(NUMBER, pa.array(["", "  ", "abc", "1_000", None, "4"]))

    assert (numbers.missing, numbers.type_errors, list(numbers.values)) == (3, 2, [4.0])


def test_the_text_nan_is_a_nan_and_not_missing():
    numbers = read_numbers(NUMBER, pa.array(["NaN", "nan", "1"]))

    assert (np.isnan(numbers.values).sum(), numbers.missing) == (2, 0)


def test_digits_beyond_the_largest_float_are_an_overflow_and_infinity_in_words_is_not():
    numbers = read_numbers(NUMBER, pa.array(["1e400", "-1e999", "Infinity", "-inf"]))

    assert (numbers.overflow, np.isinf(numbers.values).sum()) == (2, 4)


@pytest.mark.parametrize("array", [pa.array([1.0, 2.5, 3.0]), pa.array(["1.0", "2.5", "3"])])
def test_a_fraction_is_a_type_error_in_an_integer_column(array):
    numbers = read_numbers(INTEGER, array)

    assert (sorted(numbers.values), numbers.type_errors) == ([1.0, 3.0], 1)


def test_nan_and_infinity_stay_visible_in_an_integer_column():
    assert len(read_numbers(INTEGER, pa.array([np.nan, np.inf, 1.0])).values) == 3


def test_a_time_column_is_read_as_seconds():
    column = Column("t", type=Type.TIME)
    array = pa.array([dt.datetime(2026, 3, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))

    assert list(read_numbers(column, array).values) == [1772323200.0]


def test_a_time_that_is_none_is_a_type_error():
    assert read_numbers(Column("t", type=Type.TIME), pa.array(["{%s}"])).type_errors == 1


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "1.0", "true", "True"], ids=repr)
def test_every_spelling_of_true_is_one_category(value):
    assert read_categories(BOOLEAN, pa.array([value])).counts == {"true": 1}


def test_a_word_is_a_type_error_in_a_boolean_column():
    assert read_categories(BOOLEAN, pa.array(["maybe", "0"])).type_errors == 1


@pytest.mark.parametrize("value", [3, 3.0, "3", "3.0"], ids=repr)
def test_every_spelling_of_a_whole_number_is_one_category(value):
    column = Column("x", type=Type.INTEGER, kind="categorical")

    assert read_categories(column, pa.array([value])).counts == {"3": 1}


def test_fractions_are_type_errors_among_categories_of_integers():
    assert read_categories(Column("x", type=Type.INTEGER), pa.array(["3.5"])).type_errors == 1


def test_booleans_among_categories_of_numbers_are_0_and_1():
    assert read_categories(NUMBER, pa.array([True, False])).counts == {"1": 1, "0": 1}


def test_words_and_digits_with_underscores_are_type_errors_among_categories_of_numbers():
    assert read_categories(NUMBER, pa.array(["red", "1_0"])).type_errors == 2


def test_numbers_in_a_string_column_are_their_text():
    assert read_categories(STRING, pa.array([1.0, 2.5])).counts == {"1": 1, "2.5": 1}


def test_a_long_text_is_kept_by_its_beginning_and_a_hash():
    one, other = "a" * 1000, "a" * 999 + "b"
    counts = read_categories(STRING, pa.array([one, other, one])).counts

    assert sorted(counts.values()) == [1, 2]
    assert all(len(value) < 100 for value in counts)


def test_nested_values_are_categories_by_their_text():
    assert read_categories(STRING, pa.array([[1, 2], None])).counts == {"[1, 2]": 1}


def test_bytes_are_categories_by_their_text():
    assert read_categories(STRING, pa.array([b"ab\xff"])).counts == {"ab\\xff": 1}
