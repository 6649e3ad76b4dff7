"""Arrow's functions on arrays: those that Atalaia uses, under the names that `pyarrow.compute` has for them.

Importing `pyarrow.compute` writes a wrapper and its documentation for each of Arrow's 300 functions, which takes about
a tenth of a cold start. So this calls `pyarrow._compute`, as that module does, which passes its names on. Where this
private module should be gone one day, the public one serves, only slower to import.

Methods of arrays, such as `array.cast` and `array.take`, import `pyarrow.compute` when they are called. On the path of
a log object the functions here are called instead; `tests/unit/test_imports.py` watches over that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

try:
    from pyarrow import _compute as _arrow
except ImportError:
    import pyarrow.compute as _arrow  # noqa: TID251  # where the private module is gone; it has the same names


def _function(name: str, options: Any = None) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return _arrow.call_function(name, arguments, options)

    return call


abs = _function("abs")
all = _function("all")
and_ = _function("and")
any = _function("any")
binary_length = _function("binary_length")
dictionary_encode = _function("dictionary_encode", _arrow.DictionaryEncodeOptions())
drop_null = _function("drop_null")
equal = _function("equal")
filter = _function("filter", _arrow.FilterOptions())
floor = _function("floor")
greater = _function("greater")
greater_equal = _function("greater_equal")
if_else = _function("if_else")
invert = _function("invert")
is_finite = _function("is_finite")
is_inf = _function("is_inf")
is_nan = _function("is_nan")
is_null = _function("is_null", _arrow.NullOptions())
is_valid = _function("is_valid")
less_equal = _function("less_equal")
max = _function("max")
min_max = _function("min_max")
not_equal = _function("not_equal")
or_ = _function("or")
sum = _function("sum")
take = _function("take", _arrow.TakeOptions())
unique = _function("unique")
utf8_is_space = _function("utf8_is_space")
utf8_length = _function("utf8_length")
utf8_trim_whitespace = _function("utf8_trim_whitespace")


def cast(values: Any, kind: pa.DataType, *, safe: bool = True) -> Any:
    """Return values as another type; if *safe*, a value that the type cannot hold is a `pyarrow.ArrowInvalid`."""
    return _arrow.call_function(
        "cast", (values,), _arrow.CastOptions.safe(kind) if safe else _arrow.CastOptions.unsafe(kind)
    )


def fill_null(values: Any, stand_in: object) -> Any:
    """Return values with *stand_in*, of their type, for each null."""
    return _arrow.call_function("coalesce", (values, pa.scalar(stand_in, values.type)))


def index_in(values: Any, known: pa.Array) -> Any:
    """Return for each value its place among the *known*; null where it is none of them."""
    return _arrow.call_function("index_in", (values,), _arrow.SetLookupOptions(known))


def is_in(values: Any, known: pa.Array) -> Any:
    """Tell for each value whether it is one of the *known*."""
    return _arrow.call_function("is_in", (values,), _arrow.SetLookupOptions(known))


def match_substring(texts: Any, part: str) -> Any:
    """Tell for each text whether it contains *part*."""
    return _arrow.call_function("match_substring", (texts,), _arrow.MatchSubstringOptions(part))


def match_substring_regex(texts: Any, pattern: str) -> Any:
    """Tell for each text whether it contains a match of *pattern*; one that cannot run is a `pyarrow.ArrowInvalid`."""
    return _arrow.call_function("match_substring_regex", (texts,), _arrow.MatchSubstringOptions(pattern))


def utf8_ltrim(texts: Any, characters: str) -> Any:
    """Return each text without the *characters* that it begins with."""
    return _arrow.call_function("utf8_ltrim", (texts,), _arrow.TrimOptions(characters))
