"""Free text: what is counted of it equals counting by hand, parts add up to the whole, and no word is kept."""

import re

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, build_baseline
from atalaia.errors import AtalaiaError
from atalaia.profile import TextGrid, TextSummary, grid_of, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.text_counter import read_lengths, read_texts
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Kind, Role, Type

PATTERNS = {"digits": "[0-9]+", "ab": "a.b", "end": "z$"}
TEXT = Column("text", type=Type.STRING, kind=Kind.TEXT, pattern="(?s)[a-z].*", patterns=PATTERNS)
REGION = Column("region", type=Type.STRING, role=Role.SEGMENT)


def batch(texts, regions=None):
    arrays = {"text": texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())}
    arrays |= {"region": pa.array(regions)} if regions is not None else {}
    rows = len(arrays["text"])
    return RowBatch(arrays, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.zeros(rows, np.int64))


REFERENCE = batch(["x" * (i % 50) for i in range(500)], ["north", "south"] * 250)
BASELINE = build_baseline((TEXT, REGION), lambda: [REFERENCE])
PROFILER = BASELINE.profiler()


def profile(*batches):
    counter = PROFILER.counter()
    for one in batches:
        PROFILER.count(one, [(counter, slice(None))])
    return counter.profile()


def summary(texts):
    return profile(batch(texts)).columns["", "text"]


def stored(found):
    return pack(profile_to_plain(found))


texts = st.lists(st.none() | st.text("abz01 \n\u2003é漢\U0001f600", max_size=12), max_size=20)


@settings(max_examples=50)
@given(texts, texts, texts)
def test_merging_is_associative_to_the_stored_byte(a, b, c):
    x, y, z = (profile(batch(part)) for part in (a, b, c))

    assert stored(x.merge(y).merge(z)) == stored(x.merge(y.merge(z)))


@settings(max_examples=50)
@given(texts, texts)
def test_merging_is_commutative_to_the_stored_byte(a, b):
    x, y = profile(batch(a)), profile(batch(b))

    assert stored(x.merge(y)) == stored(y.merge(x))


@settings(max_examples=50)
@given(texts)
def test_the_empty_summary_changes_nothing(a):
    whole, nothing = profile(batch(a)), TextSummary.empty(BASELINE.grids.grids["text"])
    found = whole.columns["", "text"]

    for merged in (found.merge(nothing), nothing.merge(found)):
        assert stored(replace(whole, columns=whole.columns | {("", "text"): merged})) == stored(whole)


@settings(max_examples=50)
@given(st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=4))
def test_the_parts_are_the_whole_to_the_stored_byte_however_they_are_cut_and_counted(parts):
    whole = profile(batch([text for part, _ in parts for text in part]))
    arrays = [pa.array(part, pa.string()) for part, _ in parts]
    arrays = [a.dictionary_encode() if encoded else a for a, (_, encoded) in zip(arrays, parts, strict=True)]

    assert stored(profile(*map(batch, arrays))) == stored(whole)


@settings(max_examples=50)
@given(texts)
def test_the_stored_form_gives_back_the_same_profile(a):
    found = profile(batch(a))

    assert stored(profile_from_plain(unpack(stored(found), "x"))) == stored(found)


@given(texts)
def test_lengths_are_characters_counted_one_by_one(a):
    lengths, held = summary(a).lengths, [len(text) for text in a if text is not None]

    assert (lengths.finite, lengths.missing, lengths.rows) == (len(held), len(a) - len(held), len(a))
    edges = BASELINE.grids.grids["text"].lengths.edges
    assert np.cumsum(lengths.cells)[1::2].tolist() == [sum(n <= edge for n in held) for edge in edges]
    assert (lengths.minimum, lengths.maximum) == (min(held, default=np.inf), max(held, default=-np.inf))


@given(texts)
def test_blank_texts_are_those_that_have_nothing_but_white_space(a):
    assert summary(a).blank == sum(text is not None and not text.strip() for text in a)


def test_every_kind_of_white_space_is_blank():
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]

    assert summary(characters).blank == sum(map(str.isspace, characters))


@given(texts)
def test_patterns_are_found_where_the_standard_library_finds_them(a):
    held = [text for text in a if text is not None]
    expressions = PATTERNS | {"end": r"z\Z"}  # its $ also matches before a last line break

    found = {name: sum(re.search(pattern, text) is not None for text in held) for name, pattern in expressions.items()}
    assert dict(summary(a).found) == dict(sorted(found.items()))


@given(texts)
def test_texts_that_the_pattern_does_not_match_as_a_whole_are_counted_and_missing_ones_are_not(a):
    held = [text for text in a if text is not None]

    assert summary(a).off_pattern == sum(re.fullmatch("(?s)[a-z].*", text) is None for text in held)


def test_texts_are_read_alike_in_whatever_array_they_come():
    words = ["a1b", None, " ", "é" * 5, "a1b"]
    plain = pa.array(words)
    with_null = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 3, 0], pa.int8()), pa.array(["a1b", None, " ", "é" * 5])
    )
    arrays = [
        plain.cast(pa.large_string()), plain.cast(pa.string_view()), plain.dictionary_encode(), with_null,
        pa.array([None, *words])[1:], with_null.slice(0, 3),
    ]  # fmt: skip

    expected = [stored(profile(batch(plain)))] * 5 + [stored(profile(batch(plain[:3])))]
    assert [stored(profile(batch(array))) for array in arrays] == expected


@pytest.mark.parametrize(
    ("array", "as_text"),
    [
        (pa.array([1, 25, None]), ["1", "25", None]),
        (pa.array([1.0, 2.5, None]), ["1", "2.5", None]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([b"ab", None]), ["ab", None]),
        (pa.array([7, 7]).dictionary_encode(), ["7", "7"]),
        (pa.nulls(2), [None, None]),
        (pa.array([["a", "b"], None]), ["['a', 'b']", None]),
    ],
)
def test_what_is_no_text_is_taken_by_the_text_that_stands_for_it(array, as_text):
    assert stored(profile(batch(array))) == stored(profile(batch(as_text)))


def test_long_texts_have_their_full_length_also_where_they_are_no_strings():
    long = ["x" * 3_000_000, "y" * 500]

    for array in (pa.array(long), pa.array([text.encode() for text in long])):
        assert read_lengths(TEXT, array).values.tolist() == [3_000_000.0, 500.0]


def test_text_that_is_not_sound_unicode_is_counted_and_stops_nothing():
    array = pa.array([b"ab\xff", b"9"]).view(pa.string())

    found = summary(array)
    assert (found.valid, found.found["digits"]) == (2, 1)


def test_the_rows_of_a_segment_are_counted_apart():
    found = profile(batch(["a1b", "", None, "zz"], ["north", "south", "north", "north"]))

    north, south = (found.columns[f"region={name}", "text"] for name in ("north", "south"))
    assert (north.rows, north.missing, north.blank, north.found["ab"]) == (3, 1, 0, 1)
    assert (south.rows, south.missing, south.blank, south.found["ab"]) == (1, 0, 1, 0)


def test_a_column_that_a_captured_row_lacks_is_missing_in_it():
    other = RowBatch({}, 3, ALL_SIDES, np.full(3, NO_TIME), None, np.zeros(3, np.int64))

    assert profile(other).columns["", "text"].missing == 3


def test_lengths_that_wait_to_be_counted_are_known_to_the_caller():
    counter = PROFILER.counter()
    PROFILER.count(batch(["a"] * 100), [(counter, slice(None))])

    assert counter.waiting.values == 2 * 100  # of all rows, and of those without a region
    counter.settle()
    assert counter.waiting.values == 0


def test_no_word_of_a_text_is_stored():
    secret = [f"secretword{i} is mine" for i in range(300)]
    baseline = build_baseline((TEXT,), lambda: [batch(secret)])

    kept = msgspec.msgpack.encode(unpack(baseline_to_bytes(baseline), "x"))
    assert b"text" in kept
    assert b"secretword" not in kept
    assert b"mine" not in kept


def test_a_baseline_of_text_comes_back_from_its_stored_form():
    again = baseline_from_bytes(baseline_to_bytes(BASELINE), "x")

    assert again.version == BASELINE.version
    assert isinstance(again.grids.grids["text"], TextGrid)
    assert again.grids.columns == BASELINE.grids.columns
    assert baseline_to_bytes(again) == baseline_to_bytes(BASELINE)


def test_the_grid_is_cut_at_the_quantiles_of_the_lengths():
    lengths = np.arange(500) % 50

    edges = BASELINE.grids.grids["text"].lengths.edges
    assert edges.tolist() == grid_of(lengths.astype(float), 0.0, 49.0).edges.tolist()


def test_another_pattern_makes_another_baseline():
    other = Column("text", type=Type.STRING, kind=Kind.TEXT, pattern=TEXT.pattern, patterns=PATTERNS | {"end": "y$"})

    assert build_baseline((other, REGION), lambda: [REFERENCE]).version != BASELINE.version


def test_a_pattern_that_cannot_run_names_its_column():
    with pytest.raises(AtalaiaError, match=r"column text: the pattern '\(' cannot run"):
        read_texts(Column("text", type=Type.STRING, kind=Kind.TEXT, patterns={"odd": "("}), pa.array(["a"]))
