"""CSV and Parquet files with traps among their rows, made by any `random.Random`, and both ways of reading them."""

from __future__ import annotations

from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
from logmaker import CELLS, SMALL, TRICKY_CELLS

from atalaia.logs import csvfile, read_log
from atalaia.logs.csvtext import first_rows
from atalaia.logs.framing import Stream
from atalaia.logs.settings import Context
from atalaia.rows import LogObject, Reject

_QUOTED = ['"a,b"', '"say ""hi"""', '"two\nlines"', '""', '" lead"', ' "q"', '"open', 'shut"', "\x00", "\t1", "\udcff"]
_TEXTS = ["x", "", "seg_1", "naïve", "日本", "1", "1.0", "null", "t" * 300]
_FLOATS = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]
_MOMENTS = [0, 1, -1, 1_772_000_000_000_000, 2**62]
_KINDS = [
    (pa.float64(), _FLOATS),
    (pa.float32(), _FLOATS[:4]),
    (pa.int64(), [0, 1, -7, 2**53 + 1, -(2**63)]),
    (pa.uint8(), [0, 255]),
    (pa.bool_(), [True, False]),
    (pa.string(), _TEXTS),
    (pa.string(), [f"id-{place:05d}" for place in range(20_000)]),
    (pa.timestamp("us"), _MOMENTS),
    (pa.timestamp("us", "UTC"), _MOMENTS[:4]),
    (pa.date32(), [0, 1, -1, 20_000]),
]


def make_csv(random, count):
    """Return the bytes of a CSV file of *count* lines and a header, most of them regular."""
    width, tricks = random.randint(1, 5), random.choice([0.0, 0.0, 0.01, 0.1])
    end = random.choice(["\n", "\n", "\r\n"])
    tricky = [*TRICKY_CELLS, *getattr(random, "cells", [])]

    def cell():
        kind = random.random()
        return random.choice(_QUOTED if kind < tricks / 3 else tricky if kind < tricks else CELLS)

    lines = [
        ",".join(cell() for _ in range(width + (random.random() < tricks / 4) - (random.random() < tricks / 4)))
        for _ in range(count)
    ]
    lines = ["" if random.random() < tricks / 8 else line for line in lines]
    text = end.join([",".join(f"c{place}" for place in range(width)), *lines])
    return (text + random.choice(["", end, end])).encode("utf-8", "surrogateescape")


def csv_is_read_in_one_way(data, limits=SMALL):
    """Tell whether a CSV file gives the same, read in regular blocks or row by row."""
    context = Context(LogObject("logs/a.csv", "e", len(data), 0), limits=limits)
    layout = csvfile.csv_layout(first_rows(data, whole=True) or [[""]], None, context)
    found = []
    for reader in (csvfile.read_table, _read_by_rows):
        items = list(reader(Stream(BytesIO(data), limits), layout, context))
        rejects = [item for item in items if isinstance(item, Reject)]
        found.append((rejects, [_plain(item) for item in items if not isinstance(item, Reject)]))
    return found[0] == found[1]


def _read_by_rows(stream, layout, context):
    for block in csvfile._blocks_of_values(stream, layout, context):
        yield from [block] if isinstance(block, Reject) else csvfile._row_by_row(block, layout, context)


def make_parquet(random, count):
    """Return the bytes of a Parquet file of about *count* rows."""
    columns = {}
    for place in range(random.randint(1, 5)):
        kind, values = random.choice(_KINDS)
        nulls = random.choice([0, 0, 0.1, 1])
        some = random.sample(values, random.randint(1, len(values)))
        filled = [None if random.random() < nulls else random.choice(some) for _ in range(count)]
        columns[f"c{place}"] = pa.array(filled, kind)
    file = BytesIO()
    texts = ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"]
    encoded = random.random() < 0.3 and {
        name: random.choice(texts) if column.type == pa.string() else "PLAIN" for name, column in columns.items()
    }
    pq.write_table(
        pa.table(columns),
        file,
        row_group_size=random.choice([count, count // 2 + 1, 1 << 14]),
        compression=random.choice(["none", "snappy", "zstd"]),
        use_dictionary=not encoded and random.random() < 0.8,
        column_encoding=encoded or None,
        data_page_version=random.choice(["1.0", "2.0"]),
        data_page_size=random.choice([1 << 10, 1 << 16, 1 << 20]),
        dictionary_pagesize_limit=random.choice([1 << 8, 1 << 20]),
    )
    return file.getvalue()


def parquet_is_read_in_one_way(data, limits=SMALL):
    """Tell whether a Parquet file gives the same, read column by column, in slices of these, or in batches of rows."""
    ways = [_parquet_rows(data, limits, columnwise=False), _parquet_rows(data, limits, columnwise=True)]
    sliced = _parquet_rows(data, limits, columnwise=True, slices=5000)
    return ways[0] == ways[1] == sliced


def _parquet_rows(data, limits, *, columnwise, slices=0):
    columns, rejects = {}, []
    for item in read_log(BytesIO(data), LogObject("a", "e", len(data), 0), limits=limits, columnwise=columnwise):
        if isinstance(item, Reject):
            rejects.append(item)
            continue
        for name in item.columns:
            parts = (arrays[name] for _, arrays in item.slices([name], slices)) if slices else [item.columns[name]]
            columns.setdefault(name, []).extend(repr(value) for part in parts for value in part.to_pylist())
    return columns, rejects


def _plain(batch):
    """Return a batch's values and types; an empty column means the same whatever its type."""
    columns = {
        name: (array.null_count < batch.rows and str(array.type), [repr(value) for value in array.to_pylist()])
        for name, array in batch.columns.items()
    }
    return columns, batch.rows, batch.captured
