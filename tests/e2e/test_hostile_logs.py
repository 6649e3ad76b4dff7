"""Logs of someone who wants to break the reader: one ingest over all of them stays small, quick and exact."""

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import time
from pathlib import PurePosixPath
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MIB = 1 << 20
ROW = b'{"income":101.5,"channel":"web","score":0.5}\n'
MOST_MEGABYTES = 500
MOST_SECONDS = 60  # far above what it takes: what this must tell apart is minutes
MEASURED = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 if sys.platform == "linux" else 1024) / 1024
with open("peak", "w") as file:
    file.write(str(peak))
sys.exit(done.returncode)
"""  # a small process in between: a child's peak begins with the memory of what started it
MONITOR = """\
name: shop
model: {name: shop, version: "1"}
logs: {source: logs}
baseline: {data: [reference.csv]}
output: out
window: 1d
columns:
  - {name: income, type: number}
  - {name: channel, type: string}
  - {name: score, type: number, role: score}
"""


def capture(data, encoding="CSV", event="e", moment="2026-03-02T12:00:00Z"):
    part = {"data": data, "encoding": encoding, "mode": "INPUT"}
    metadata = {"eventId": event, "inferenceTime": moment}
    return json.dumps({"captureData": {"endpointInput": part}, "eventMetadata": metadata}).encode() + b"\n"


def zeros(mebibytes):
    """Gzip of many zeros, made of members that are made once."""
    return gzip.compress(bytes(16 * MIB)) * (mebibytes // 16)


def parquet_of(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def lying_parquet():
    """A footer that claims 2**62 rows: its file's and its row group's count of 77 are overwritten by longer numbers."""
    data = parquet_of(pa.table({"income": [1.0] * 77}))
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[begin:-8].replace(b"\x16\x9a\x01", b"\x16" + b"\x80" * 9 + b"\x01")
    return data[:begin] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def shared_text():
    """Many rows that share one long text."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 8192, pa.int32()), pa.array([os.urandom(MIB // 4).hex()]))
    return parquet_of(pa.table({"channel": text}), dictionary_pagesize_limit=4 * MIB)


MOMENTS = [
    "9999-12-31T23:59:59-23:00",
    "0001-01-01T00:00:00+23:00",
    -1,
    1e308,
    float("nan"),
    "1e400",
    "\ud800",
    "9" * 5000,
]

# name: content, rows, rejected by reason
ATTACKS = {
    "zeros.jsonl.gz": (lambda: zeros(1024), 0, {"not_text": 1}),
    "padded.jsonl.gz": (lambda: gzip.compress((ROW[:-1] + b" " * MIB + b"\n") * 16) * 6, None, {"too_large": 1}),
    "brackets.jsonl": (lambda: ROW + b'{"a":[' + b"[]," * (9 * MIB) + b"1]}\n" + ROW, 2, {"too_large": 1}),
    "braces.jsonl": (lambda: ROW + b'{"a":[' + b"{}," * (9 * MIB) + b"1]}\n" + ROW, 2, {"too_large": 1}),
    "wide-text.jsonl": (lambda: b'{"channel":"' + "\U0001f600".encode() * (7 * MIB) + b'"}\n' + ROW, 2, {}),
    "nested.jsonl": (lambda: ROW + b"[" * MIB + b"]" * MIB + b"\n" + ROW, 2, {"too_large": 1}),
    "deep.jsonl": (lambda: ROW + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"\n", 1, {"nested_too_deep": 1}),
    "columns.jsonl": (
        lambda: ROW + b"{" + b",".join(b'"k%d":1' % place for place in range(10**6)) + b"}\n",
        1,
        {"too_large": 1},
    ),
    "prefix.jsonl": (
        lambda: b'{"' + b"k" * MIB + b'":{' + b",".join(b'"%d":1' % place for place in range(10_000)) + b"}}\n",
        1,
        {},
    ),
    "lengths.jsonl": (lambda: b"".join(b"[[" + b"1," * n + b"1]]\n" for n in range(5, 205)), 0, {"column_count": 200}),
    "numbers.jsonl": (
        lambda: b"".join(
            b'{"income":%s}\n' % n for n in (b"9" * 10_000, b"-" + b"9" * 4299, b"1e999999999", b"1e-" + b"9" * 99)
        ),
        4,
        {},
    ),
    "texts.jsonl": (
        lambda: b'{"channel":"\\ud800"}\n{"":1,"\\u0000":2}\n{"channel":"\xff"}\n\x00\x00\n' + ROW,
        3,
        {"not_text": 1, "not_json": 1},
    ),
    "moments.jsonl": (lambda: b"".join(capture("1,web", moment=moment) for moment in MOMENTS), len(MOMENTS), {}),
    "payload-bomb.jsonl": (
        lambda: capture(base64.b64encode(zeros(1024)).decode(), "BASE64"),
        0,
        {"too_large": 1},
    ),
    "million-rows.jsonl": (lambda: capture("1,web\n" * 10**6), 0, {"too_large": 10**6}),
    "long-id.jsonl": (lambda: capture("1,web\n" * 8192, event="i" * MIB), 8192, {}),
    "cell.csv": (lambda: b'income,channel,score\n1,"' + b"x" * (40 * MIB) + b'",1\n1,web,1\n', 1, {"line_too_long": 1}),
    "commas.csv": (lambda: b"income,channel,score\n" + b"," * (30 * MIB) + b"\n1,web,1\n", 1, {"too_large": 1}),
    "open-quote.csv": (lambda: b'income,channel,score\n1,"' + b"\n" * (6 * MIB) + b'",1\n1,web,1\n', 2, {}),
    "lying.parquet": (lying_parquet, 0, {"too_large": 1}),
    "shared-text.parquet": (shared_text, 8192, {}),
    "page-bomb.parquet": (
        lambda: parquet_of(pa.table({"channel": ["x" * (60 * MIB)]}), use_dictionary=False, compression="zstd"),
        0,
        {"too_large": 1},
    ),
}


def ingested(folder):
    """Ingest a folder as a process of its own: what it told, its exit code, peak memory, seconds, and receipts."""
    began = time.monotonic()
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        MEASURED,
        sys.executable,
        "-m",
        "atalaia_cli",
        "ingest",
        "monitor.yaml",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    packets = [json.loads(path.read_text()) for path in (folder / "out/shop/state").glob("**/*") if path.is_file()]
    receipts = [r for packet in packets if isinstance(packet, dict) for r in packet.get("logs", ())]
    return SimpleNamespace(
        code=done.returncode,
        told=done.stdout + done.stderr,
        megabytes=float((folder / "peak").read_text()),
        seconds=time.monotonic() - began,
        receipts={PurePosixPath(r["log"]).name: r for r in receipts},
    )


def prepared(folder):
    folder.mkdir(exist_ok=True)
    (folder / "logs").mkdir()
    (folder / "monitor.yaml").write_text(MONITOR)
    lines = [f"{100 + place % 17},{'web' if place % 3 else 'app'},{place % 10 / 10}" for place in range(500)]
    (folder / "reference.csv").write_text("income,channel,score\n" + "\n".join(lines) + "\n")
    command = [sys.executable, "-m", "atalaia_cli", "baseline", "monitor.yaml", "reference.csv"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = prepared(tmp_path_factory.mktemp("attacked"))
    for name, (content, _, _) in ATTACKS.items():
        (folder / "logs" / name).write_bytes(content())
    with (folder / "logs/line.jsonl").open("wb") as file:  # a hole in the file: it takes no room
        file.write(ROW)
        file.seek(256 * MIB, os.SEEK_CUR)
        file.write(b"\n" + ROW)
    yield ingested(folder)
    for path in (folder / "logs").iterdir():
        path.unlink()


def test_hostile_logs_do_not_end_an_ingest(attacked):
    assert attacked.code == 0, attacked.told
    assert "Traceback" not in attacked.told
    assert attacked.receipts.keys() == ATTACKS.keys() | {"line.jsonl"}


def test_hostile_logs_take_less_than_500_megabytes(attacked):
    assert attacked.megabytes < MOST_MEGABYTES


def test_hostile_logs_take_less_than_a_minute(attacked):
    assert attacked.seconds < MOST_SECONDS


@pytest.mark.parametrize("name", ATTACKS)
def test_every_row_of_a_hostile_log_is_profiled_or_rejected(name, attacked):
    _, rows, rejected = ATTACKS[name]
    receipt = attacked.receipts[name]

    assert receipt["rejected"] == rejected
    assert receipt["rows"] == rows if rows is not None else receipt["rows"] > 0


def test_a_line_without_end_is_skipped_and_its_neighbours_are_read(attacked):
    receipt = attacked.receipts["line.jsonl"]

    assert (receipt["rows"], receipt["rejected"]) == (2, {"line_too_long": 1})


def test_memory_does_not_grow_with_rows(tmp_path):
    megabytes = []
    for rows in (300_000, 900_000):  # more than the blocks that lines are read in
        folder = prepared(tmp_path / str(rows))
        (folder / "logs/a.jsonl").write_bytes(ROW * rows)
        done = ingested(folder)
        assert done.receipts["a.jsonl"]["rows"] == rows
        megabytes.append(done.megabytes)

    assert megabytes[1] < megabytes[0] + 20
