from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atalaia.baseline import build_baseline
from atalaia.errors import AtalaiaError, BaselineError, StoredFormError
from atalaia.profile import Profile, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.counts import keep_smallest
from atalaia.profile.minutes import Minutes
from atalaia.profile.profile import MOST_EXTRA
from atalaia.profile.segments import segment_column
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch, Side
from atalaia.schema import Column, Kind, Role, Type

COLUMNS = (
    Column("age", type=Type.INTEGER, range=(18, 99)),
    Column("region", type=Type.STRING, role=Role.SEGMENT, set=("north", "south")),
    Column("code", type=Type.STRING, pattern="[A-Z]\\d"),
    Column("score", role=Role.SCORE, set=(0.0, 0.5, 1)),
    Column("id", type=Type.STRING, role=Role.ID),
    Column("note", type=Type.STRING, role=Role.IGNORED),
)


def batch(rows, captured=ALL_SIDES, ids=None):
    names = sorted({name for row in rows for name in row})
    return RowBatch(
        columns={n: pa.array([row.get(n) for row in rows]) for n in names},
        rows=len(rows),
        captured=captured,
        record_times=np.full(len(rows), NO_TIME),
        record_ids=None if ids is None else pa.array(ids),
        record_index=np.zeros(len(rows), np.int64),
    )


REFERENCE = [
    {"age": 20 + i % 60, "region": ["north", "south", "west"][i % 3], "code": "A1", "score": i % 3 / 2, "id": str(i)}
    for i in range(300)
]
BASELINE = build_baseline(COLUMNS, lambda: [batch(REFERENCE)])
PROFILER = BASELINE.profiler()
EMPTY, REST = Profile(BASELINE.version), "region (rest)"

row = st.fixed_dictionaries(
    {},
    optional={
        "age": st.integers(0, 120) | st.none(),
        "region": st.sampled_from(["north", "south", "west", "east"]) | st.none(),
        "code": st.sampled_from(["A1", "b", ""]),
        "score": st.sampled_from([0.0, 0.5, 1.0, 7.5]),
        "id": st.sampled_from("abc"),
        "surprise": st.just(1),
    },
)
rows = st.lists(row, min_size=1, max_size=12)


def stored(profile):
    return pack(profile_to_plain(profile))


@settings(max_examples=50)
@given(rows, rows, rows)
def test_merging_is_associative_to_the_stored_byte(a, b, c):
    x, y, z = (PROFILER.profile(batch(part)) for part in (a, b, c))

    assert stored(x.merge(y).merge(z)) == stored(x.merge(y.merge(z)))


@settings(max_examples=50)
@given(rows, rows)
def test_merging_is_commutative_to_the_stored_byte(a, b):
    x, y = PROFILER.profile(batch(a)), PROFILER.profile(batch(b))

    assert stored(x.merge(y)) == stored(y.merge(x))


@settings(max_examples=50)
@given(rows)
def test_the_empty_profile_changes_nothing(a):
    profile = PROFILER.profile(batch(a))

    assert stored(profile.merge(PROFILER.counter().profile())) == stored(profile)


@settings(max_examples=50)
@given(st.lists(st.fixed_dictionaries({"age": st.integers(0, 120), "region": st.sampled_from("ns")}), min_size=2))
def test_the_parts_merged_are_the_whole_to_the_stored_byte(a):
    whole = PROFILER.profile(batch(a))
    parts = PROFILER.profile(batch(a[:1])).merge(PROFILER.profile(batch(a[1:])))

    assert stored(parts) == stored(whole)


@settings(max_examples=50)
@given(rows)
def test_the_stored_form_gives_back_the_same_profile(a):
    profile = PROFILER.profile(batch(a)).merge(Profile(BASELINE.version, rejected={"not_json": 3}))

    again = profile_from_plain(unpack(stored(profile), "x"))
    assert stored(again) == stored(profile)


def test_profiles_of_different_baselines_do_not_merge_and_the_error_names_both():
    with pytest.raises(BaselineError, match=r"baseline one .* baseline two"):
        Profile("one").merge(Profile("two"))


def test_broken_rules_are_counted():
    profile = PROFILER.profile(
        batch([{"age": 7, "region": "mars", "code": "?", "score": 0.25}, {"age": 120, "region": "north", "code": "B2"}])
    )
    columns = {name: summary for (segment, name), summary in profile.columns.items() if not segment}

    assert columns["age"].out_of_range == 2
    assert columns["region"].out_of_set == 1
    assert columns["code"].off_pattern == 1
    assert columns["score"].out_of_set == 1


def test_a_range_may_be_open_on_one_side():
    for limits, broken in (((None, 50.0), 2), ((50.0, None), 1)):
        columns = (Column("x", range=limits),)
        baseline = build_baseline(columns, lambda: [batch([{"x": 1.0}])])

        summary = baseline.profiler().profile(batch([{"x": 1.0}, {"x": 60.0}, {"x": 70.0}])).columns["", "x"]
        assert summary.out_of_range == broken


def test_a_column_of_a_side_that_was_not_captured_is_not_missing():
    profile = PROFILER.profile(batch([{"age": 30}], captured=frozenset({Side.INPUT})))

    assert ("", "score") not in profile.columns
    assert profile.captured == {"input": 1}


def test_a_column_that_a_captured_row_lacks_is_missing_in_it():
    profile = PROFILER.profile(batch([{"age": 30}]))

    assert profile.columns["", "score"].missing == 1
    assert "score" not in profile.present


def test_ids_times_and_ignored_columns_are_not_profiled():
    profile = PROFILER.profile(batch([{"age": 30, "id": "7", "note": "secret"}]))

    assert {name for _, name in profile.columns} == {"age", "region", "code", "score"}
    assert profile.extra == {}


def test_unknown_columns_are_counted():
    assert PROFILER.profile(batch([{"surprise": 1}, {}])).extra == {"surprise": 2}


many_names = st.builds(
    lambda first, step, count: {f"extra{i}" for i in range(first, first + step * count, step)},
    st.integers(0, 200),
    st.integers(1, 3),
    st.integers(1, 150),
)


def extra(names):
    return PROFILER.profile(batch([dict.fromkeys(names, 1)]))


@settings(max_examples=25, deadline=None)
@given(many_names, many_names, many_names)
def test_merging_many_unknown_columns_is_associative_and_commutative_to_the_stored_byte(a, b, c):
    x, y, z = extra(a), extra(b), extra(c)

    whole = stored(x.merge(y).merge(z))
    assert whole == stored(x.merge(y.merge(z))) == stored(z.merge(x).merge(y))


@settings(max_examples=25, deadline=None)
@given(st.lists(many_names, min_size=1, max_size=4))
def test_unknown_columns_are_bounded_and_those_kept_have_their_exact_rows(batches):
    merged = PROFILER.counter().profile()
    for names in batches:
        merged = merged.merge(extra(names))

    every = Counter(name for names in batches for name in names)
    assert len(merged.extra) == min(len(every), MOST_EXTRA)
    assert all(merged.extra[name] == every[name] for name in merged.extra)


def test_ever_new_unknown_columns_are_let_go_while_rows_are_counted_and_those_kept_have_their_exact_rows():
    counter = PROFILER.counter()
    held = []
    for number in range(40):
        PROFILER.count(
            batch([dict.fromkeys(["same", *(f"{number}.{place}" for place in range(300))], 1)] * 2),
            [(counter, slice(None))],
        )
        held.append(len(counter.extra))

    every = {"same": 80} | {f"{number}.{place}": 2 for number in range(40) for place in range(300)}
    assert max(held) <= 16 * MOST_EXTRA
    assert counter.profile().extra == keep_smallest(every, MOST_EXTRA)


@given(st.lists(st.lists(st.integers(0, 5000), max_size=30), max_size=40))
def test_minutes_counted_batch_by_batch_are_those_of_all_rows(batches):
    counter = PROFILER.counter()
    for times in batches:
        counter.add_minutes(Minutes.of(np.array(times, np.int64) * 60_000_000))

    minutes = counter.profile().minutes
    every = Counter(time for times in batches for time in times)
    assert dict(zip(minutes.starts.tolist(), minutes.rows.tolist(), strict=True)) == every
    assert minutes.starts.tolist() == sorted(every)


def test_the_name_of_an_unknown_column_is_bounded_and_long_ones_are_told_apart():
    names = ["n" * 10_000, "n" * 9_999 + "m"]

    kept = extra(names).extra
    assert (len(kept), max(map(len, kept)) < 100) == (2, True)


def test_segments_are_profiled_apart_and_rows_with_a_new_value_or_none_together():
    ages = {"north": 30, "south": 40, None: 50, "mars": 60}
    profile = PROFILER.profile(batch([{"region": region, "age": age} for region, age in ages.items()]))

    assert profile.segments == {"": 4, "region=north": 1, "region=south": 1, "region (rest)": 2}
    assert profile.columns["region=north", "age"].maximum == 30
    assert (profile.columns[REST, "age"].minimum, profile.columns[REST, "age"].maximum) == (50, 60)


def test_rows_that_lack_the_segment_column_are_in_its_rest():
    assert PROFILER.profile(batch([{"age": 30}])).segments == {"": 1, REST: 1}


def test_rows_without_inputs_are_in_no_segment():
    assert PROFILER.profile(batch([{"score": 0.5}], captured=frozenset({Side.OUTPUT}))).segments == {"": 1}


def test_a_column_of_which_the_baseline_has_no_value_divides_nothing():
    profile = build_baseline(COLUMNS, lambda: [batch([{"age": 30}])]).profiler().profile(batch([{"region": "north"}]))

    assert profile.segments == {"": 1}


def test_a_value_called_like_the_rest_is_a_segment_of_its_own():
    columns = (Column("region", type=Type.STRING, role=Role.SEGMENT),)
    sample = [{"region": "(rest)"}, {"region": " (rest)"}, {"region": None}]
    profile = build_baseline(columns, lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.segments == {"": 3, "region=(rest)": 1, "region= (rest)": 1, REST: 1}


two_segments = tuple(
    replace(column, role=Role.SEGMENT, segments=1) if column.name == "code" else column for column in COLUMNS
)
TWO = build_baseline(two_segments, lambda: [batch(REFERENCE)]).profiler()


@settings(max_examples=50, deadline=None)
@given(rows, rows, rows)
def test_the_segments_of_a_column_add_up_to_the_rows_that_carried_its_side(a, b, c):
    outputs = batch(c, captured=frozenset({Side.OUTPUT}))
    profile = Profile.merged([TWO.profile(batch(a)), TWO.profile(outputs), TWO.profile(batch(b))])

    for column in ("region", "code"):
        counts = [rows for name, rows in profile.segments.items() if segment_column(name) == column]
        assert sum(counts) == profile.captured["input"] == profile.columns["", column].rows == len(a) + len(b)


@settings(max_examples=50, deadline=None)
@given(rows)
def test_what_is_kept_of_the_segments_of_a_column_merges_to_what_is_kept_of_all_rows(a):
    profile = TWO.profile(batch(a))
    for segments in ("region", "code"):
        for name in ("age", "region", "code", "score"):
            parts = [
                found for (of, n), found in profile.columns.items() if n == name and segment_column(of) == segments
            ]
            whole, merged = profile.columns["", name], type(parts[0]).merged(parts)
            assert stored(replace(EMPTY, columns={("", name): merged})) == stored(
                replace(EMPTY, columns={("", name): whole})
            )


@settings(max_examples=50, deadline=None)
@given(rows, st.data())
def test_segments_are_the_same_however_the_rows_are_divided_into_windows(a, data):
    places = np.array(data.draw(st.lists(st.sampled_from(range(len(a))), unique=True).map(sorted)), np.int64)
    here, there = TWO.counter(), TWO.counter()
    others = np.setdiff1d(np.arange(len(a)), places)
    TWO.count(batch(a), [(here, places), (there, others)])

    assert here.profile().merge(there.profile()).segments == TWO.profile(batch(a)).segments


def test_segments_whose_texts_would_be_alike_are_profiled_apart():
    columns = tuple(Column(name, type=Type.STRING, role=Role.SEGMENT) for name in ("a", "a=b", '"a'))
    sample = [{"a": "b=c", "a=b": "c", '"a': "b"}, {"a": "x", "a=b": "c", '"a': "b"}]
    profile = build_baseline(columns, lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.segments == {"": 2, "a=b=c": 1, "a=x": 1, '"a=b"=c': 2, '"\\"a"=b': 2}


def test_a_segment_column_of_nested_values_is_told_apart_by_their_text():
    columns = (Column("a", type=Type.STRING, role=Role.SEGMENT),)
    sample = [{"a": [1]}, {"a": [1]}, {"a": [2]}]
    profile = build_baseline(columns, lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.segments == {"": 3, "a=[1]": 2, "a=[2]": 1}


def test_a_pattern_that_backtracks_without_end_elsewhere_is_matched_at_once():
    columns = (Column("word", type=Type.STRING, pattern="(a+)+"),)
    sample = [{"word": "a" * 28 + "b"}, {"word": "a" * 28}]
    profile = build_baseline(columns, lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.columns["", "word"].off_pattern == 1


def test_a_pattern_is_matched_with_the_whole_of_a_long_value():
    columns = (Column("word", type=Type.STRING, pattern="a+b"),)
    sample = [{"word": "a" * 1000 + "b"}, {"word": "a" * 1000}]
    profile = build_baseline(columns, lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.columns["", "word"].off_pattern == 1


def test_a_pattern_that_cannot_run_is_an_error_that_names_its_column():
    columns = (Column("word", type=Type.STRING, pattern="(a)\\1"),)

    with pytest.raises(AtalaiaError, match=r"column word: .*backreference"):
        build_baseline(columns, lambda: [batch([{"word": "aa"}])])


@pytest.mark.parametrize(
    ("column", "values", "outside"),
    [
        (Column("x", type=Type.TIME, set=("2026-03-01T00:00:00Z",)), ["2026-03-01T01:00:00+01:00", "2026-03-02"], 1),
        (Column("x", type=Type.STRING, kind=Kind.NUMERIC, set=("1.0", "red")), ["1", "2", "red"], 1),
        (Column("x", set=(1.0, True, "3")), [1.0, 3.0, 4.0], 1),
        (Column("x", type=Type.INTEGER, kind=Kind.CATEGORICAL, set=(2**60,)), [2**60, 2**60 + 1], 1),
        (Column("x", type=Type.INTEGER, set=(2.5, 2)), [2, 3], 1),
        (Column("x", set=()), [1.0, 2.0], 2),
    ],
    ids=["times", "text as numbers", "numbers", "large categories", "a fraction among integers", "an empty set"],
)
def test_members_of_a_set_are_read_as_the_values_are(column, values, outside):
    sample = [{"x": value} for value in values]
    profile = build_baseline((column,), lambda: [batch(sample)]).profiler().profile(batch(sample))

    assert profile.columns["", "x"].out_of_set == outside


def test_inputs_and_outputs_that_both_carry_the_id_are_no_repetition():
    columns = (Column("age"), Column("score", role=Role.SCORE), Column("id", type=Type.STRING, role=Role.ID))
    profiler = build_baseline(columns, lambda: [batch([{"age": 1, "score": 1}])]).profiler()
    inputs = profiler.profile(batch([{"age": 1, "id": "r1"}], frozenset({Side.INPUT})))
    outputs = profiler.profile(batch([{"score": 1, "id": "r1"}], frozenset({Side.OUTPUT})))

    assert inputs.merge(outputs).ids.repeated_share() == 0
    assert inputs.merge(inputs).ids.repeated_share() == 0.5


def test_an_id_is_the_same_whether_its_batch_was_read_as_integers_or_as_floats():
    one, other = PROFILER.profile(batch([{"id": 7}])), PROFILER.profile(batch([{"id": 7.0}]))

    assert one.merge(other).ids.repeated_share() == 0.5


def test_repeated_ids_are_seen_across_batches():
    one = PROFILER.profile(batch([{"id": "a"}, {"id": "b"}]))
    other = PROFILER.profile(batch([{"id": "a"}, {"id": None}]))

    assert one.merge(other).ids.repeated_share() == pytest.approx(1 / 3)


def test_without_an_id_column_rows_are_known_by_their_record_and_place():
    columns = (Column("age"),)
    profiler = build_baseline(columns, lambda: [batch([{"age": 1}])]).profiler()
    first = profiler.profile(batch([{"age": 1}, {"age": 2}], ids=["r1", "r2"]))

    assert first.merge(profiler.profile(batch([{"age": 1}], ids=["r1"]))).ids.repeated_share() == pytest.approx(1 / 3)


def test_inputs_and_outputs_of_one_record_are_no_repetition():
    columns = (Column("age"), Column("score", role=Role.SCORE))
    profiler = build_baseline(columns, lambda: [batch([{"age": 1, "score": 1}])]).profiler()
    inputs = profiler.profile(batch([{"age": 1}], frozenset({Side.INPUT}), ids=["r1"]))
    outputs = profiler.profile(batch([{"score": 1}], frozenset({Side.OUTPUT}), ids=["r1"]))

    assert inputs.merge(outputs).ids.repeated_share() == 0


def test_rows_may_be_picked_for_each_profile():
    profiler = build_baseline((Column("age"),), lambda: [batch([{"age": 1}])]).profiler()
    rows = batch([{"age": 1}, {"age": 2}, {"age": 3}], ids=["a", "b", "c"])
    first, other = profiler.counter(), profiler.counter()
    profiler.count(rows, [(first, slice(0, 1)), (other, np.array([1, 2]))])

    assert stored(first.profile()) == stored(profiler.profile(batch([{"age": 1}], ids=["a"])))
    assert stored(other.profile()) == stored(profiler.profile(batch([{"age": 2}, {"age": 3}], ids=["b", "c"])))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "not a file that Atalaia stored"),
        (b"ATALAIA9........", "this release reads"),
        (b"ATALAIA4" + bytes(16) + b"garbage", "damaged"),
        (b"ATALAIA4" + b"\xff" * 8 + b"garbage", "damaged"),
    ],
)
def test_what_is_no_stored_form_is_refused_with_its_place(data, message):
    with pytest.raises(StoredFormError, match=message):
        unpack(data, "some/key")


def test_a_damaged_stored_form_is_refused():
    data = stored(PROFILER.profile(batch([{"age": 1}])))

    with pytest.raises(StoredFormError, match="damaged"):
        unpack(data[:-20], "some/key")


def test_a_stored_form_without_content_is_refused():
    with pytest.raises(StoredFormError, match="holds no content"):
        unpack(pack([1]), "some/key")


@settings(max_examples=50)
@given(st.data())
def test_a_stored_form_with_a_changed_bit_is_refused(choose):
    stored_form = bytearray(stored(PROFILER.profile(batch([{"age": 1}]))))
    place = choose.draw(st.integers(16, len(stored_form) - 1))
    stored_form[place] ^= 1 << choose.draw(st.integers(0, 7))

    with pytest.raises(StoredFormError, match="damaged"):
        unpack(bytes(stored_form), "some/key")


def test_minutes_before_1970_are_stored_as_they_are():
    minutes = Minutes(np.array([-17, 166]), np.array([1, 2]))
    profile = Profile("b", minutes=minutes)

    again = profile_from_plain(profile_to_plain(profile)).minutes
    assert (again.starts.tolist(), again.rows.tolist()) == ([-17, 166], [1, 2])
