import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from atalaia.errors import AtalaiaError, StatisticsFileError
from atalaia.json_nodes import MOST_BYTES
from atalaia.kll import sketch_rank_error
from atalaia.statistics_file import is_statistics_file, read_statistics

PUBLISHED = Path(__file__).resolve().parents[3] / "shared/samples/sagemaker/sagemaker-python-sdk"
K, C = 2048, 0.64


def numeric(levels=None, buckets=None, present=None, kind="Fractional", k=K, c=C, **moments):
    """One numeric column of the file, as the documented schema writes it."""
    flat = [v for level in levels or [] for v in level] or [b["lower_bound"] for b in buckets or []]
    flat = [v for v in flat if isinstance(v, float | int)]
    total = sum(len(level) << i for i, level in enumerate(levels or [])) or sum(b["count"] for b in buckets or [])
    kll = {"sketch": {"parameters": {"c": c, "k": k}, "data": levels}} if levels is not None else {}
    kll |= {"buckets": buckets} if buckets is not None else {}
    common = {"num_present": total if present is None else present, "num_missing": 0}
    known = {"min": min(flat, default="NaN"), "max": max(flat, default="NaN")} | moments
    stats = {"common": common, "distribution": {"kll": kll}, **known}
    return {"name": "age", "inferred_type": kind, "numerical_statistics": stats}


def text(counts, present, **more):
    buckets = [{"value": value, "count": count} for value, count in counts]
    stats = {
        "common": {"num_present": present, "num_missing": 0},
        "distribution": {"categorical": {"buckets": buckets}},
    }
    return {"name": "colour", "inferred_type": "String", "string_statistics": stats | more}


def file(*features, rows=None):
    if rows is None:
        common = (features[0].get("numerical_statistics") or features[0].get("string_statistics"))["common"]
        rows = common["num_present"] + common["num_missing"]
    return json.dumps({"version": 0.0, "dataset": {"item_count": rows}, "features": features}).encode()


def read(*features, rows=None):
    return read_statistics(file(*features, rows=rows), "statistics.json")


def column(*features, rows=None):
    return read(*features, rows=rows).features[0]


def even_buckets(counts, low, high):
    edges = np.linspace(low, high, len(counts) + 1).tolist()
    return [
        {"lower_bound": a, "upper_bound": b, "count": n} for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def fault(data):
    with pytest.raises(StatisticsFileError) as caught:
        read_statistics(data, "s.json")
    return str(caught.value)


def room(level):
    return 2 * (math.ceil(K * C**level / 2) + 1)


def rooms(buffers):
    return sum(room(level) for level in range(len(buffers)))


def condense(buffers, runs):
    """Halve the first full buffer; of each pair in order, the lower and the upper stay in the order 0, 1, 1, 0."""
    level = next(i for i, buffer in enumerate(buffers) if len(buffer) >= room(i))
    buffers += [[]] if level + 1 == len(buffers) else []
    runs[level] = runs.get(level, -1) + 1
    even = len(buffers[level]) // 2 * 2
    buffers[level + 1] = buffers[level + 1] + sorted(buffers[level][:even])[(runs[level] + 1) // 2 % 2 :: 2]
    buffers[level] = buffers[level][even:]


def compacted(values):
    buffers, runs = [[]], {}
    for value in values:
        buffers[0].append(value)
        if sum(map(len, buffers)) > rooms(buffers):
            condense(buffers, runs)
    return buffers


def sketched(values, partitions):
    """The levels that Deequ's compactors hold in the end: level 0 is the largest."""
    merged, *others = [compacted(part.tolist()) for part in np.array_split(values, partitions)]
    runs = {}
    for other in others:
        merged += [[] for _ in range(len(other) - len(merged))]
        merged = [mine + other[level] if level < len(other) else mine for level, mine in enumerate(merged)]
        while sum(map(len, merged)) >= rooms(merged):
            condense(merged, runs)
    return merged


def largest_rank_error(values, distribution):
    ordered = np.sort(values)
    true = np.searchsorted(ordered, distribution.values, "right")
    return float(np.abs(true - np.cumsum(distribution.weights)).max()) / len(values)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60))
def test_a_sketch_with_one_level_is_the_data_itself(values):
    got = column(numeric([values])).distribution

    unique, counts = np.unique(values, return_counts=True)
    assert (got.source, got.rank_error) == ("exact", 0.0)
    assert got.values.tolist() == unique.tolist()
    assert got.weights.tolist() == counts.tolist()


def test_a_value_of_level_i_stands_for_two_to_the_i_rows():
    got = column(numeric([[5.0, 1.0], [1.0, 3.0], [2.0]])).distribution

    assert got.source == "sketch"
    assert got.values.tolist() == [1, 2, 3, 5]
    assert got.weights.tolist() == [3, 4, 2, 1]


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize("rows", [3_000, 40_000])
@pytest.mark.parametrize("shape", ["normal", "heavy tail", "saw"])
def test_the_ranks_of_a_compacted_sketch_stay_within_its_stated_error(shape, rows, partitions):
    random = np.random.default_rng(7)
    values = {
        "normal": random.normal(size=rows),
        "heavy tail": random.pareto(0.8, rows),
        "saw": np.arange(rows) % 2051.0,
    }[shape]

    got = column(numeric(sketched(values, partitions), min=values.min(), max=values.max())).distribution

    assert got.weights.sum() == rows
    assert 0 < largest_rank_error(values, got) <= got.rank_error < 0.004


@pytest.mark.parametrize(("k", "published"), [(8, 0.304016734), (200, 0.013294757), (2048, 0.0013847321)])
def test_the_rank_error_of_a_short_sketch_is_the_one_datasketches_states(k, published):
    assert sketch_rank_error([1, 1], k, C) >= published * (1 - 1e-6)
    assert sketch_rank_error([k, k // 8], k, 1.0) == pytest.approx(published, rel=1e-6)


def test_many_levels_raise_the_rank_error_above_the_published_one():
    short, tall = [1000, 500], [1000] + [20] * 13

    assert sketch_rank_error(short, K, C) == pytest.approx(0.0013847, rel=1e-4)
    assert sketch_rank_error(tall, K, C) > 2 * sketch_rank_error(short, K, C)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(8, 65535), st.floats(0.01, 1))
def test_a_rank_error_is_a_share(levels, k, shrink):
    assert 0 <= sketch_rank_error(levels, k, shrink) <= 1


@pytest.mark.parametrize("gap", [-2, 3])
def test_weights_that_nearly_add_up_are_scaled_to_the_number_present(gap):
    got = column(numeric([list(range(2048)), list(range(500))], present=3048 + gap)).distribution

    assert got.weights.sum() == 3048 + gap
    assert got.rank_error == pytest.approx(0.0013847321 + abs(gap) / (3048 + gap))


def test_zero_has_no_sign():
    got = column(numeric([[-0.0, 0.0, -0.0]])).distribution

    assert (got.values.tobytes(), got.weights.tolist()) == (np.zeros(1).tobytes(), [3])


def test_a_sketch_with_values_in_an_empty_column_is_refused():
    assert "the weights sum to 1, but 0 values are present" in fault(file(numeric([[1.0]], present=0)))


def test_weights_that_do_not_add_up_are_refused():
    message = fault(file(numeric([[1.0, 2.0], [3.0]], present=5)))

    assert message.startswith("s.json, features[0].numerical_statistics.distribution.kll.sketch.data: ")
    assert "the weights sum to 4, but 5 values are present" in message


def test_without_a_sketch_the_buckets_keep_the_total_and_the_extremes():
    counts = [40, 0, 25, 10, 0, 0, 5, 15, 4, 1]
    got = column(numeric(buckets=even_buckets(counts, 0, 1), min=0.01, max=0.97)).distribution

    assert (got.source, int(got.weights.sum())) == ("buckets", 100)
    assert (got.values[0], got.values[-1]) == (0.01, 0.97)


def test_each_bucket_keeps_its_rows():
    counts = [400, 0, 250, 100, 0, 0, 50, 150, 40, 10]
    got = column(numeric(buckets=even_buckets(counts, 0, 10), min=0, max=10)).distribution

    assert np.histogram(got.values, 10, (0, 10), weights=got.weights)[0].tolist() == counts


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_the_ranks_inside_buckets_are_off_by_no_more_than_the_largest_bucket(values):
    assume(min(values) == max(values) or max(values) - min(values) > 1e-9)  # numpy cuts nothing narrower into ten
    counts, edges = np.histogram(values, 10)
    buckets = [
        {"lower_bound": a, "upper_bound": b, "count": int(n)} for a, b, n in zip(edges, edges[1:], counts, strict=False)
    ]
    got = column(numeric(buckets=buckets, min=min(values), max=max(values))).distribution

    assert got.rank_error == pytest.approx(counts.max() / len(values))
    assert largest_rank_error(values, got) <= got.rank_error + 1e-12


def test_buckets_of_whole_numbers_are_spread_over_whole_numbers():
    buckets = even_buckets([3, 2, 4, 1], 0, 4)  # the last one holds its upper bound: 3 and 4
    got = column(numeric(buckets=buckets, kind="Integral", min=0, max=4)).distribution

    assert dict(zip(got.values.tolist(), got.weights.tolist(), strict=True)) == {0: 3, 1: 2, 2: 4, 4: 1}


def test_wide_buckets_of_whole_numbers_hold_whole_numbers_only():
    got = column(numeric(buckets=even_buckets([700, 300], 0, 10_000), kind="Integral", min=0, max=10_000)).distribution

    assert np.array_equal(got.values, np.rint(got.values))
    assert len(got.values) > 100


def test_a_constant_column_of_buckets_is_one_value():
    got = column(numeric(buckets=even_buckets([0] * 9 + [50], 3, 3), min=3, max=3)).distribution

    assert (got.values.tolist(), got.weights.tolist()) == ([3.0], [50])


def test_buckets_that_reach_beyond_the_extremes_are_cut_at_them():
    got = column(numeric(buckets=even_buckets([0, 10], 0, 8), min=5, max=6)).distribution

    assert got.values.min() == 5
    assert got.values.max() == 6


def test_one_row_in_buckets_lies_at_the_minimum():
    got = column(numeric(buckets=even_buckets([1, 0], 0, 8), min=2, max=2)).distribution

    assert got.values.tolist() == [2.0]


def test_buckets_without_known_extremes_are_spread_over_their_own_bounds():
    got = column(numeric(buckets=even_buckets([2, 2], 0, 8), min=None, max="NaN")).distribution

    assert got.values.tolist() == [1, 3, 5, 7]


def test_the_loss_of_buckets_is_told():
    notes = read(numeric(buckets=even_buckets([30, 10], 0, 1), max=1)).notes

    assert notes == ("age: the file has only buckets, so ranks may be off by up to 75.0% of the values.",)


def test_a_column_without_a_distribution_says_so():
    got = read(numeric(present=3, min=1, max=2))

    assert got.features[0].distribution.source == "absent"
    assert "no distribution" in got.notes[0]


def test_a_column_whose_values_are_all_missing_is_empty_and_exact():
    got = column(numeric([[]], present=0)).distribution

    assert (len(got.values), got.source, got.rank_error) == (0, "exact", 0.0)


def test_the_buckets_of_an_empty_column_are_passed_over_whatever_their_bounds():
    bounds = {"lower_bound": 2147483647, "upper_bound": -2147483648}  # where Deequ's search for extremes begins
    got = column(numeric(buckets=[bounds | {"count": 0}])).distribution

    assert len(got.values) == 0


def test_moments_are_read_and_a_nan_written_as_text_is_unknown():
    got = column(numeric([[1.0, 3.0]], mean=2.0, sum=4.0, std_dev="NaN"))

    assert (got.mean, got.total, got.std, got.minimum, got.maximum) == (2.0, 4.0, None, 1.0, 3.0)


def test_a_bare_nan_as_python_writes_it_is_unknown():
    assert column(numeric([[1.0, 3.0]], std_dev=math.nan)).std is None


def test_a_byte_order_mark_is_passed_over():
    assert read_statistics(b"\xef\xbb\xbf" + file(numeric([[1.0]])), "s.json").rows == 1


def test_categories_keep_their_counts_and_the_unnamed_rows_are_counted():
    got = column(text([("red", 5.0), ("", 2)], present=10, distinct_count=4.0))

    assert got.counts == (("red", 5), ("", 2))
    assert (got.unnamed, got.distinct) == (3, 4)


def test_an_unknown_column_without_statistics_is_all_missing():
    got = column({"name": "x", "inferred_type": "Unknown"}, rows=7)

    assert (got.present, got.missing) == (0, 7)


@pytest.mark.parametrize(
    ("features", "rows", "words"),
    [
        ([numeric([[1.0, 2.0]])], 3, "2 present and 0 missing are not the file's 3 rows"),
        ([numeric([[1.0, 9.0]], max=5.0)], 2, "values outside min and max"),
        ([numeric([[1.0, 2.0]], mean=1.9)], 2, "the mean is 1.9, but 1.5 by its distribution"),
        ([numeric([[2.0] * 9, [2.0, 4.0]], mean=2.5)], 13, "the mean is 2.5, but 2.30769 by its distribution"),
        ([numeric([[1.0, 2.0]], mean=1.5, sum=4.0)], 2, "sum over the number present is 2, but the mean is 1.5"),
        ([text([("a", 1), ("b", 1), ("c", 1)], 3, distinct_count=2)], 3, "3 values are named, but distinct_count is 2"),
    ],
)
def test_what_does_not_agree_is_noted(features, rows, words):
    assert words in read(*features, rows=rows).notes[0]


def test_what_agrees_is_not_noted():
    levels = sketched(np.random.default_rng(1).normal(size=5000), 1)
    values = [v for i, level in enumerate(levels) for v in level for _ in range(1 << i)]

    assert read(numeric(levels, min=-9, max=9, mean=float(np.mean(values)), sum=float(np.sum(values)))).notes == ()


@pytest.mark.parametrize(
    ("feature", "path", "found"),
    [
        (numeric([[1.0]], k=7), "sketch.parameters.k", "not a sketch size from 8"),
        (numeric([[1.0]], k=2.5), "sketch.parameters.k", "not a whole number"),
        (numeric([[1.0]], c=0), "sketch.parameters.c", "not a shrinking factor"),
        (numeric([[1.0, "x"]], min=1, max=1), "sketch.data[0]", "not a list of numbers"),
        (numeric([[1.0, True]]), "sketch.data[0]", "not a list of numbers"),
        (numeric([[1.0, math.nan]], min=1, max=1), "sketch.data[0]", "value 1 is not a finite number"),
        (numeric([[10**400]], min=1, max=1), "sketch.data[0]", "value 0 is not a finite number"),
        (numeric([[1.0]] + [[]] * 60), "sketch.data", "61 entries"),
        (numeric([[1.0]], present=-1), "common.num_present", "not a whole number"),
        (numeric([[1.0]], present=True), "common.num_present", "not a whole number"),
        (numeric([[1.0]], present=1e300), "common.num_present", "not a whole number"),
        (numeric([[1.0]], min=3, max=2), "numerical_statistics.min", "above max"),
        (numeric([[1.0]], std_dev=-1), "std_dev", "below 0"),
        (numeric([[1.0]], mean="2"), "numerical_statistics.mean", "not a finite number"),
        (numeric(buckets=even_buckets([1, 1], 0, 1)[::-1]), "buckets[1]", "begins before the end"),
        (numeric(buckets=[{"lower_bound": 2, "upper_bound": 1, "count": 1}]), "buckets[0]", "not an interval"),
        (numeric(buckets=even_buckets([1, -1], 0, 1), present=1), "buckets[1].count", "not a whole number"),
        (text([("a", 3)], 2), "categorical.buckets", "the counts sum to 3, more than the 2 values present"),
        (text([("a", 1), ("a", 1)], 2), "categorical.buckets", "a value is listed twice"),
        (text([(1, 1)], 1), "buckets[0].value", "not text"),
        (text([("\ud800", 1)], 1), "buckets[0].value", "not text: a lone half"),
        ({"name": "x", "inferred_type": "String"}, "features[0]", "neither"),
        ({"name": "x", "inferred_type": "Float"}, "features[0].inferred_type", "not one of Integral, Fractional"),
        ({"inferred_type": "Unknown"}, "features[0].name", "not text"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_path(feature, path, found):
    message = fault(file(feature, rows=1))

    assert f"{path}: {found}" in message
    assert message.count("\n") == 0


def test_every_fault_is_told():
    message = fault(file(numeric([[1.0]], std_dev=-1), text([("a", 3)], 2), rows=-1))

    assert [line.split(": ")[0].rsplit(".", 1)[-1] for line in message.splitlines()] == [
        "item_count", "std_dev", "buckets",
    ]  # fmt: skip


def test_a_name_given_twice_is_refused():
    assert "features[1].name: a second column of this name" in fault(file(numeric([[1.0]]), numeric([[1.0]])))


def test_very_many_faults_are_told_in_few_lines():
    message = fault(file(*[{"name": f"c{i}", "inferred_type": "String"} for i in range(3000)], rows=1))

    assert len(message.splitlines()) == 21
    assert message.endswith("and 980 faults more.")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"null", b"[]", b'"x"', b"{}"],
)
def test_what_is_no_statistics_file_is_refused_in_few_lines(data):
    assert fault(data).count("\n") == (data in (b"{}", b"null"))  # these two have no columns and no count


def test_a_file_of_model_quality_is_refused_with_the_file_that_is_wanted():
    data = b'{"version": 0.0, "dataset": {"item_count": 100}, "regression_metrics": {"mae": {"value": 0.5}}}'

    assert fault(data) == (
        "s.json, features: no columns. Give the statistics.json of a data quality baseline; model quality has none."
    )


def test_a_file_that_is_too_large_is_refused_unread():
    assert "more than" in fault(b" " * (MOST_BYTES + 1))


leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
junk = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
KEYS = (
    (), ("dataset",), ("features",), ("features", 0), ("features", 0, "numerical_statistics"),
    ("features", 0, "numerical_statistics", "common"), ("features", 0, "numerical_statistics", "mean"),
    ("features", 0, "numerical_statistics", "distribution", "kll"),
    ("features", 0, "numerical_statistics", "distribution", "kll", "sketch"),
    ("features", 0, "numerical_statistics", "distribution", "kll", "sketch", "data"),
    ("features", 0, "numerical_statistics", "distribution", "kll", "sketch", "data", 0),
    ("features", 0, "numerical_statistics", "distribution", "kll", "buckets"),
    ("features", 0, "numerical_statistics", "distribution", "kll", "buckets", 0),
    ("features", 1, "string_statistics", "distribution", "categorical", "buckets"),
)  # fmt: skip


@given(st.sampled_from(KEYS), junk)
def test_whatever_stands_anywhere_in_it_a_file_is_read_whole_or_refused_in_words(keys, value):
    whole = {"root": json.loads(file(numeric([[1.0], [2.0]], even_buckets([1, 2], 1, 2)), text([("a", 3)], 3)))}
    parent = whole
    for key in ("root", *keys)[:-1]:
        parent = parent[key]
    parent[("root", *keys)[-1]] = value

    told, numbers = "s.json", []
    try:
        got = read_statistics(json.dumps(whole["root"]).encode(), "s.json")
        numbers = [f for f in got.features if hasattr(f, "distribution") and f.distribution.source != "absent"]
    except AtalaiaError as error:
        told = str(error)

    assert told.startswith("s.json")
    assert all(f.distribution.weights.sum() == f.present for f in numbers)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published samples are not here")
def test_the_published_baseline_is_read_as_its_data():
    folder = PUBLISHED / "pipeline/quality_check_step/data_quality"
    rows = np.loadtxt(folder / "baseline_dataset.csv", delimiter=",")
    got = read_statistics((folder / "statistics.json").read_bytes(), "statistics.json")

    assert (got.rows, got.notes) == (len(rows), ())
    for feature, values in zip(got.features, rows.T, strict=True):
        written_out = np.repeat(feature.distribution.values, feature.distribution.weights)
        assert feature.distribution.source == "exact"
        assert written_out.tolist() == sorted(values.tolist())


def test_a_statistics_file_is_told_by_its_beginning():
    assert is_statistics_file(file(numeric([[1.0]]))[:512])
    assert is_statistics_file(b'\xef\xbb\xbf {\n "version" : 0.0,\n "dataset" : { "item_count" : 5 }')


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b'{"dataset": 1, "item_count": 2}', b'[{"dataset": {"item_count": 2}}]']
)
def test_other_files_are_not_told_for_one(data):
    assert not is_statistics_file(data)
