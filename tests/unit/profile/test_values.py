import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest

from atalaia.profile.values import MISSING, OVERFLOW, TYPE_ERROR, bounded_text, read_categories, read_numbers
from atalaia.schema import Column, Type

NUMBER = Column("x", type=Type.NUMBER)
INTEGER = Column("x", type=Type.INTEGER)
BOOLEAN = Column("x", type=Type.BOOLEAN)
STRING = Column("x", type=Type.STRING)


def numbers_in(numbers):
    kinds = numbers.pick(np.arange(len(numbers.values))).kinds
    return numbers.values.tolist() if kinds is None else numbers.values[~np.isin(kinds, (MISSING, TYPE_ERROR))].tolist()


def counted(categories):
    counts, missing, type_errors = categories.count()
    return dict(zip(categories.texts, counts.tolist(), strict=True)), missing, type_errors


def counts_in(column, array):
    return counted(read_categories(column, array))[0]


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
    assert sorted(numbers_in(read_numbers(NUMBER, array))) == sorted(values)


def test_blank_text_is_missing_and_words_are_type_errors():
    numbers = read_numbers(NUMBER, pa.array(["", "  ", "abc", "1_000", None, "4"]))

    assert (numbers.count(MISSING), numbers.count(TYPE_ERROR), numbers_in(numbers)) == (3, 2, [4.0])


def test_the_text_nan_is_a_nan_and_not_missing():
    numbers = read_numbers(NUMBER, pa.array(["NaN", "nan", "1"]))

    assert (np.isnan(numbers.values).sum(), numbers.count(MISSING)) == (2, 0)


def test_digits_beyond_the_largest_float_are_an_overflow_and_infinity_in_words_is_not():
    numbers = read_numbers(NUMBER, pa.array(["1e400", "-1e999", "Infinity", "-inf"]))

    assert (numbers.count(OVERFLOW), np.isinf(numbers.values).sum()) == (2, 4)


@pytest.mark.parametrize("array", [pa.array([1.0, 2.5, 3.0]), pa.array(["1.0", "2.5", "3"])])
def test_a_fraction_is_a_type_error_in_an_integer_column(array):
    numbers = read_numbers(INTEGER, array)

    assert (sorted(numbers_in(numbers)), numbers.count(TYPE_ERROR)) == ([1.0, 3.0], 1)


def test_nan_and_infinity_stay_visible_in_an_integer_column():
    assert len(numbers_in(read_numbers(INTEGER, pa.array([np.nan, np.inf, 1.0])))) == 3


def test_a_time_column_is_read_as_seconds():
    column = Column("t", type=Type.TIME)
    array = pa.array([dt.datetime(2026, 3, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))

    assert numbers_in(read_numbers(column, array)) == [1772323200.0]


def test_a_time_that_is_none_is_a_type_error():
    assert read_numbers(Column("t", type=Type.TIME), pa.array(["{%s}"])).count(TYPE_ERROR) == 1


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "1.0", "true", "True"], ids=repr)
def test_every_spelling_of_true_is_one_category(value):
    assert counts_in(BOOLEAN, pa.array([value])) == {"true": 1}


def test_a_word_is_a_type_error_in_a_boolean_column():
    assert counted(read_categories(BOOLEAN, pa.array(["maybe", "0"])))[2] == 1


@pytest.mark.parametrize("value", [3, 3.0, "3", "3.0"], ids=repr)
def test_every_spelling_of_a_whole_number_is_one_category(value):
    column = Column("x", type=Type.INTEGER, kind="categorical")

    assert counts_in(column, pa.array([value])) == {"3": 1}


def test_fractions_are_type_errors_among_categories_of_integers():
    assert counted(read_categories(Column("x", type=Type.INTEGER), pa.array(["3.5"])))[2] == 1


def test_booleans_among_categories_of_numbers_are_0_and_1():
    assert counts_in(NUMBER, pa.array([True, False])) == {"1": 1, "0": 1}


def test_words_and_digits_with_underscores_are_type_errors_among_categories_of_numbers():
    assert counted(read_categories(NUMBER, pa.array(["red", "1_0"])))[2] == 2


def test_numbers_in_a_string_column_are_their_shortest_text_and_whole_ones_have_no_point():
    numbers = pa.array([1.0, 2.5, 9.1e15, 1e16, 1e-7])

    assert list(counts_in(STRING, numbers)) == ["1", "2.5", "9100000000000000", "1e+16", "1e-07"]


def test_an_integer_in_a_string_column_is_the_same_category_in_a_batch_with_fractions():
    assert counts_in(STRING, pa.array([1, 7])) == {"1": 1, "7": 1}
    assert counts_in(STRING, pa.array([1.0, 7.5])) == {"1": 1, "7.5": 1}


def test_text_in_a_string_column_is_kept_exactly_as_it_is_written():
    written = ["1.0", "1.10", "007", " x", "", "NaN", "true"]

    assert list(counts_in(STRING, pa.array(written))) == written


def test_nan_and_infinity_in_a_string_column_are_spelled_as_the_readers_spell_them():
    numbers = pa.array([np.nan, np.inf, -np.inf])

    assert counts_in(STRING, numbers) == {"NaN": 1, "Infinity": 1, "-Infinity": 1}


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63) + 1])
@pytest.mark.parametrize("column", [NUMBER, INTEGER], ids=lambda column: column.type.value)
@pytest.mark.parametrize("write", [int, str, lambda n: f"{n}.0"], ids=["integer", "text", "decimal"])
def test_whole_numbers_beyond_2_to_the_53_are_categories_to_the_last_digit(number, column, write):
    categories = read_categories(column, pa.array([write(number)]))

    assert (counted(categories)[0], counted(categories)[2]) == ({str(number): 1}, 0)


def test_neighbours_beyond_2_to_the_53_are_two_categories():
    assert len(counts_in(INTEGER, pa.array([2**60, 2**60 + 1]))) == 2


@pytest.mark.parametrize("value", [10**16, 1e16, "1e16", "1E+16", "10000000000000000", "10000000000000000.0"], ids=repr)
@pytest.mark.parametrize("column", [NUMBER, INTEGER], ids=lambda column: column.type.value)
def test_every_spelling_of_a_large_whole_number_is_one_category(value, column):
    assert counts_in(column, pa.array([value])) == {"10000000000000000": 1}


@pytest.mark.parametrize("value", [0, 0.0, -0.0, "0", "-0", "-0.0", "+0", "0e5", False], ids=repr)
def test_every_spelling_of_zero_is_one_category(value):
    assert counts_in(NUMBER, pa.array([value])) == {"0": 1}


@pytest.mark.parametrize("value", [1e-7, "1e-7", "0.0000001", " 1E-07"], ids=repr)
def test_a_tiny_fraction_is_a_category_of_numbers_and_a_type_error_among_integers(value):
    assert counts_in(NUMBER, pa.array([value])) == {"1e-07": 1}
    assert counted(read_categories(INTEGER, pa.array([value])))[2] == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "NaN", "inf", "-Infinity", "1e400"], ids=repr)
@pytest.mark.parametrize("column", [NUMBER, INTEGER, BOOLEAN], ids=lambda column: column.type.value)
def test_what_is_no_finite_number_is_a_type_error_among_categories(value, column):
    categories = read_categories(column, pa.array([value]))

    assert (counted(categories)[0], counted(categories)[1], counted(categories)[2]) == ({}, 0, 1)


@pytest.mark.parametrize("kind", [Type.NUMBER, Type.INTEGER, Type.BOOLEAN, Type.TIME])
def test_blank_text_is_missing_in_every_column_but_one_of_strings(kind):
    column = Column("x", type=kind)
    array = pa.array(["", "  ", None])

    assert counted(read_categories(column, array))[1] == 3
    assert read_numbers(column, array).count(MISSING) == 3


def test_more_digits_than_anyone_counts_with_are_a_short_category():
    categories = read_categories(NUMBER, pa.array(["9" * 300, "9" * 299 + "8"]))

    assert (len(counted(categories)[0]), max(map(len, counted(categories)[0])) < 100) == (2, True)


def test_ten_thousand_digits_are_a_type_error():
    assert counted(read_categories(INTEGER, pa.array(["9" * 10_000])))[2] == 1


def test_a_long_text_is_kept_by_its_beginning_and_a_hash():
    one, other = "a" * 1000, "a" * 999 + "b"
    counts = counts_in(STRING, pa.array([one, other, one]))

    assert sorted(counts.values()) == [1, 2]
    assert all(len(value) < 100 for value in counts)


def test_nested_values_are_categories_by_their_text():
    assert counts_in(STRING, pa.array([[1, 2], None])) == {"[1, 2]": 1}


def test_bytes_are_categories_by_their_text():
    assert counts_in(STRING, pa.array([b"ab\xff"])) == {"ab\\xff": 1}


def test_a_long_category_keeps_its_whole_text_for_the_rules():
    long = "a" * 1000
    categories = read_categories(STRING, pa.array([long, "b"]))

    assert categories.whole == {bounded_text(long): long}


@pytest.mark.parametrize(
    ("column", "array", "texts"),
    [
        (NUMBER, pa.array(["1.0", "1", "", "red", None]), ["1", "1", None, None, None]),
        (BOOLEAN, pa.array([True, None, False]), ["true", None, "false"]),
        (INTEGER, pa.array([2**53 + 1, 2]), [str(2**53 + 1), "2"]),
        (NUMBER, pa.array([1.0, np.nan, 0.5]), ["1", None, "0.5"]),
        (STRING, pa.array(["b", "a", "b"]).dictionary_encode(), ["b", "a", "b"]),
        (STRING, pa.array([[1, 2], None, [1, 2]]), ["[1, 2]", None, "[1, 2]"]),
        (STRING, pa.nulls(2), [None, None]),
        (STRING, pa.array([b"ab\xff"]), ["ab\\xff"]),
    ],
)
def test_each_row_has_the_text_of_its_category(column, array, texts):
    categories = read_categories(column, array)

    assert [categories.texts[code] if code >= 0 else None for code in categories.codes] == texts
