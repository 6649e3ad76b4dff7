"""Lines read at once give what they give when they are read one by one: every value, type, reject and offset."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logmaker import NAMES, is_read_in_one_way, make_log, outcome

from atalaia.logs import PayloadNames, ReadLimits
from atalaia.logs.arrays import array_of, cells_array
from atalaia.logs.moments import parse_times
from atalaia.logs.regular import Shapes, lines_of
from atalaia.logs.regularcaptures import CaptureReader
from atalaia.logs.regularevents import EventReader
from atalaia.logs.regularplain import PlainReader
from atalaia.logs.settings import Context
from atalaia.rows import NO_TIME, LogObject
from atalaia.window import parse_time

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
KINDS = ["jsonl", "captures", "events"]
OFTEN = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def capture(given, answer="0.5", *, encoding="CSV", event="e1", time="2026-03-01T12:00:00Z"):
    value = {
        "captureData": {
            "endpointInput": {"mode": "INPUT", "data": given, "encoding": encoding},
            "endpointOutput": {"mode": "OUTPUT", "data": answer, "encoding": "CSV"},
        },
        "eventMetadata": {"eventId": event, "inferenceTime": time},
    }
    return json.dumps(value, separators=(",", ":")).encode()


def event(rows, **more):
    value = {"specversion": "1.0", "id": "i", "type": "azureml.inference.model_inputs", "data": rows, **more}
    return json.dumps(value).encode()


ROWS = [json.dumps({"a": i / 7, "b": i, "c": f"w{i % 3}", "d": None if i % 5 else 2.5}).encode() for i in range(60)]
REGULAR = {
    "jsonl": ROWS,
    "csv captures": [capture(f"{i}.5,x{i}\n{i},y\n", f"{i}\n{i + 1}\n") for i in range(60)],
    "json captures": [capture(json.dumps({"age": i, "n": {"x": i / 3}}), encoding="JSON") for i in range(60)],
    "events": [event([{"a": i / 7, "b": "x"}, {"a": 1, "b": None}]) for i in range(60)],
}


@OFTEN
@given(st.randoms(use_true_random=False), st.sampled_from(KINDS), st.sampled_from([PayloadNames(), NAMES]))
def test_a_log_is_read_in_one_way_whatever_traps_stand_among_its_lines(source, kind, names):
    data = make_log(source, kind, source.randint(20, 60))

    assert is_read_in_one_way(data, names=names)


@pytest.mark.parametrize("seed", range(60))
def test_a_longer_log_is_read_in_one_way_too(seed):
    source = random.Random(seed)
    data = make_log(source, KINDS[seed % 3], 300)

    assert is_read_in_one_way(data, names=NAMES)


@pytest.mark.parametrize("kind", REGULAR)
def test_lines_without_traps_are_all_regular(kind):
    context = Context(LogObject("logs/a.jsonl", "e", 0, 0))
    reader = {"jsonl": PlainReader(context, None), "events": EventReader(context)}.get(kind, CaptureReader(context))

    found = Shapes(reader).read(lines_of(b"\n".join(REGULAR[kind]) + b"\n", 1 << 20))

    assert sum(len(rows.lines) for rows in found) == len(REGULAR[kind])


@pytest.mark.parametrize("kind", REGULAR)
@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True), bytes])
def test_regular_lines_are_read_in_one_way_compressed_or_not(kind, pack):
    data = pack(b"\n".join(REGULAR[kind] * 20) + b"\n")

    assert is_read_in_one_way(data)


@pytest.mark.parametrize("kind", REGULAR)
def test_a_block_is_read_in_one_way_wherever_it_is_cut(kind):
    data = b"\n".join(REGULAR[kind])
    sizes = [ReadLimits(block_bytes=size, batch_rows=rows) for size in (1, 3000, 1 << 20) for rows in (7, 50, 65_536)]

    assert all(is_read_in_one_way(data, limits=limits) for limits in sizes)


def test_the_batches_of_a_block_come_in_the_order_in_which_they_are_full():
    data = b"\n".join([capture("7", "1"), *[capture("1,2\n3,4\n5,6", "1\n2\n3")] * 40]) + b"\n"
    limits = ReadLimits(batch_rows=60)

    assert is_read_in_one_way(data, limits=limits)


@pytest.mark.parametrize("values", [(1, 0.5), (0.5, 0.5), (1, "x"), ("y", "x"), (1, 2**63), (True, None), (None, 1)])
def test_each_batch_of_many_rows_to_a_line_has_types_of_its_own(values):
    data = b"\n".join(event([{"a": values[place >= 20]}] * 5) for place in range(60)) + b"\n"
    limits = ReadLimits(batch_rows=60)

    assert is_read_in_one_way(data, limits=limits)


def test_lines_much_longer_than_those_before_them_make_blocks_too():
    chunk = b'{"a":1}\n' * 2048
    data = (chunk + b'{"a":1,"b":"%s"}\n' % (b"x" * (1 << 18))) * 8
    limits = ReadLimits(batch_rows=10_000)

    batches, rejects, consumed = outcome(data, regular=True, limits=limits)

    assert (sum(batch[1] for batch in batches), rejects, consumed) == (8 * 2049, [], len(data))


def test_a_type_written_with_escapes_says_nothing_of_other_events():
    escaped, plain = event([{"a": 1}], type="azureml.inference.model_outputs"), event([{"a": 1}])
    data = b"\n".join([plain] * 20 + [escaped.replace(b"_out", b"\\u005fout")] * 60) + b"\n"

    assert is_read_in_one_way(data)


def test_an_empty_cell_may_be_an_empty_name():
    names = PayloadNames(inputs=("", "a"))
    data = b"\n".join([capture("x,5")] * 4 + [capture(",5")] + [capture("x,5")] * 40) + b"\n"

    assert is_read_in_one_way(data, names=names)


def test_an_unfinished_last_line_is_left_for_the_next_reading():
    data = b"\n".join(ROWS) + b'\n{"a": 0.1, "b'

    _, rejects, consumed = outcome(data, regular=True)

    assert ([reject.reason for reject in rejects], consumed) == (["unfinished_line"], data.rfind(b"\n") + 1)


def test_a_reject_among_regular_lines_tells_where_it_stands():
    data = b"\n".join([*ROWS[:30], b"{broken", *ROWS[30:]]) + b"\n"

    _, rejects, _ = outcome(data, regular=True)

    start = data.index(b"{broken")
    assert [(r.reason, r.start, r.end) for r in rejects] == [("not_json", start, start + 7)]


def test_rows_stay_in_the_order_of_their_lines():
    lines = [*ROWS[:20], b'{"b": 20, "a": "text"}', *ROWS[21:]]

    batches, _, _ = outcome(b"\n".join(lines) + b"\n", regular=True)

    assert batches[0][0]["b"] == ("int64", [repr(i) for i in range(60)])


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside this checkout")
def test_every_sample_of_lines_is_read_in_one_way():
    files = [file for ending in ("jsonl", "json", "gz", "zst") for file in sorted(SAMPLES.rglob(f"*.{ending}"))]
    for file in files:
        data, uri = file.read_bytes(), str(file.relative_to(SAMPLES))
        data = data if file.suffix in (".gz", ".zst") else b"\n".join([data.rstrip(b"\n")] * 20) + b"\n"
        assert is_read_in_one_way(data, uri=uri), uri


TEXT_TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
    st.from_regex(r"\A[12][09][0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,9})?Z?\Z"),
    st.text(max_size=21),
)


@given(st.lists(TEXT_TIMES, max_size=5) | TEXT_TIMES.map(lambda text: [text] * 3))
def test_many_times_are_read_as_each_alone(texts):
    expected = [NO_TIME if (time := parse_time(text)) is None else time for text in texts]

    assert parse_times(pa.array(texts, pa.string())).tolist() == expected


@given(st.lists(st.sampled_from(["0", "1", "-2", "3.5", "", "007", "0x1F", "nan", "1e400", " 1", "x", "9" * 19, "+1"])))
def test_cells_are_numbers_only_if_python_reads_each_as_the_same_number(cells):
    array = cells_array(pa.array(cells, pa.string()))

    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        expected = np.array([float(cell) if cell else np.nan for cell in cells])
        assert np.array_equal(array.cast(pa.float64()).to_numpy(zero_copy_only=False), expected, equal_nan=True)
    else:
        assert array.to_pylist() == [cell or None for cell in cells]


def test_whole_numbers_of_one_column_stay_whole_and_others_become_floats():
    batches, _, _ = outcome(b"\n".join(ROWS) + b"\n", regular=True)

    kinds = {name: kind for name, (kind, _) in batches[0][0].items()}
    assert kinds == {"a": "double", "b": str(array_of([1]).type), "c": "string", "d": "double"}


def test_a_line_over_the_limit_is_skipped_while_it_is_read():
    long = b'{"a": "' + b"x" * 900_000 + b'"}'
    data = b"\n".join([*ROWS[:30], long, *ROWS[30:]]) + b"\n"
    limits = ReadLimits(line_bytes=1000, block_bytes=1 << 14)

    regular = outcome(data, regular=True, limits=limits)

    start = data.index(long)
    assert [(r.reason, r.start, r.end) for r in regular[1]] == [("line_too_long", start, start + len(long))]
    assert regular == outcome(data, regular=False, limits=limits)


@pytest.mark.parametrize(
    "odd", ["nan", "-inf", "Infinity", "-0.5", "-007.5", "1e400", "nan(1)", "north", " 1.5", "1.5.5", ""]
)
def test_a_column_of_fractions_is_read_in_one_way_whatever_is_among_them(odd):
    lines = [capture(f"{i}.5,{i}", f"{i / 7}") for i in range(60)]
    lines[7] = lines[50] = capture(f"{odd},1", "0.25")
    data = b"\n".join(lines) + b"\n"

    assert is_read_in_one_way(data, names=NAMES)


@pytest.mark.parametrize("text", ["2026-03-01", "1-2", "12 apples", "9e"])
def test_fractions_are_read_in_one_way_beside_texts_that_begin_like_numbers(text):
    lines = [capture(f"{i / 7},{text if i % 9 else i}") for i in range(60)]
    data = b"\n".join(lines) + b"\n"

    assert is_read_in_one_way(data, names=NAMES)


@pytest.mark.parametrize("odd", ["0.5", "1.e5", '"1.e5"'])
def test_fractions_are_read_in_one_way_beside_texts_that_end_a_number_with_its_point(odd):
    lines = [b'{"s": "www.example", "a": 0.%d, "t": ".E"}' % i for i in range(60)]
    lines[40] = b'{"s": "1.e", "a": %s, "t": "x.e"}' % odd.encode()
    data = b"\n".join(lines) + b"\n"

    assert is_read_in_one_way(data)


@pytest.mark.parametrize("odd", ["1.5.5", "1.e5", "1e400", "-0", "1e300", "12345678901234567890", '"a\\"b"', "1-2"])
def test_a_json_column_of_fractions_is_read_in_one_way_whatever_is_among_them(odd):
    lines = [*ROWS[:20], b'{"a": %s, "b": 1, "c": "w", "d": null}' % odd.encode(), *ROWS[20:]]
    data = b"\n".join(lines) + b"\n"

    assert is_read_in_one_way(data)
