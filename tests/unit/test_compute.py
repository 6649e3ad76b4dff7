"""What is called past `pyarrow.compute` gives what `pyarrow.compute` gives."""

import pyarrow as pa
import pyarrow.compute as pc  # noqa: TID251  # the oracle
import pytest

from atalaia import compute

NUMBERS = pa.array([1.5, None, -2.0, float("nan"), float("inf"), 1.5])
TEXTS = pa.array([" a", None, "", "b c", "  ", " a"])
FLAGS = pa.array([True, None, False, True, False, True])
OTHERS = pa.array([False, True, None, True, False, True])

CALLS = [
    ("abs", NUMBERS),
    ("all", FLAGS),
    ("and_", FLAGS, OTHERS),
    ("any", FLAGS),
    ("any", pa.array([], pa.bool_())),
    ("binary_length", TEXTS),
    ("cast", pa.array([1, None, 3]), pa.float64()),
    ("cast", pa.array(["1", None, "-3"]), pa.int64()),
    ("dictionary_encode", TEXTS),
    ("drop_null", TEXTS),
    ("equal", TEXTS, ""),
    ("fill_null", TEXTS, "none"),
    ("fill_null", FLAGS, False),
    ("fill_null", pa.array([1, None], pa.int8()), -1),
    ("filter", TEXTS, FLAGS),
    ("floor", NUMBERS),
    ("greater", NUMBERS, 1),
    ("greater_equal", NUMBERS, NUMBERS),
    ("if_else", FLAGS, TEXTS, pa.scalar(None, pa.string())),
    ("index_in", TEXTS, pa.array([" a", "", None])),
    ("invert", FLAGS),
    ("is_finite", NUMBERS),
    ("is_in", TEXTS, pa.array(["b c", " a"])),
    ("is_inf", NUMBERS),
    ("is_nan", NUMBERS),
    ("is_null", NUMBERS),
    ("is_valid", TEXTS),
    ("less_equal", NUMBERS, 1.5),
    ("match_substring", TEXTS, "a"),
    ("match_substring_regex", TEXTS, "^[ab]"),
    ("max", NUMBERS),
    ("max", pa.array([], pa.float64())),
    ("min_max", NUMBERS),
    ("not_equal", NUMBERS, 1.5),
    ("or_", FLAGS, OTHERS),
    ("sum", pa.array([1, None, 3])),
    ("sum", pa.array([], pa.int64())),
    ("take", TEXTS, pa.array([5, None, 0])),
    ("unique", NUMBERS),
    ("utf8_is_space", TEXTS),
    ("utf8_length", TEXTS),
    ("utf8_trim_whitespace", TEXTS),
]


def told(result):
    return result.type, str(result)


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, *arguments in CALLS])
def test_a_function_gives_what_arrow_gives(name, arguments):
    assert told(getattr(compute, name)(*arguments)) == told(getattr(pc, name)(*arguments))


def test_leading_characters_are_cut_as_arrow_cuts_them():
    assert told(compute.utf8_ltrim(TEXTS, characters=" ")) == told(pc.utf8_ltrim(TEXTS, characters=" "))


def test_a_cast_that_need_not_be_safe_loses_what_does_not_fit():
    large = pa.array([2**60 + 1])

    cast = compute.cast(large, pa.float64(), safe=False)

    assert told(cast) == told(pc.cast(large, pa.float64(), safe=False))
    with pytest.raises(pa.ArrowInvalid):
        compute.cast(large, pa.float64())


def test_every_function_is_compared():
    ours = {name for name, value in vars(compute).items() if getattr(value, "__module__", "") == compute.__name__}

    assert ours - {"_function", "utf8_ltrim"} == {name for name, *_ in CALLS}
