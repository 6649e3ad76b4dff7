"""What is dear to import is imported only where it is needed: a function pays for it at each cold start."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

INGEST = """
import sys
from atalaia.monitor_file import load_monitor
from atalaia.baseline import baseline_from_bytes
from atalaia.monitoring.ingesting import Ingester
"""
MONITOR = """
name: m
model: {name: m}
logs: {source: l}
output: o
columns:
  - {name: count, type: integer}
  - {name: share, nullable: false}
  - {name: city, type: string, set: [Porto, Faro]}
  - {name: comment, type: string, kind: text, pattern: '[a-z ]*'}
"""
FIRST = """
from atalaia_local.without_pandas import keep_pandas_out
keep_pandas_out()  # Arrow would import it, and it imports all of Arrow
from pathlib import Path
from atalaia.baseline import build_baseline
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia_local import MemoryStore
monitor = load_monitor(sys.argv[2], 'm.yaml')
logs = MemoryStore('logs')
logs.put(Path(sys.argv[1]).name, Path(sys.argv[1]).read_bytes())
source = LogSource(logs, names=payload_names(monitor.columns))
baseline = build_baseline(monitor.columns, source.batches)
receipt, _ = Ingester(monitor, baseline, MemoryStore('out')).ingest(source, next(source.objects()))
assert receipt.rows == 60 and not receipt.rejected, receipt
"""
ROWS = [
    {
        "count": place,
        "share": place / 8,
        "city": ("Porto", "Faro", None)[place % 3],
        "comment": ("fine", "a b")[place % 2],
    }
    for place in range(60)
]


def imported(code, *arguments):
    command = [sys.executable, "-c", f"{code}\nprint(*sys.modules)", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def captured(row):
    side = {"observedContentType": "application/json", "encoding": "JSON"}
    cells = {"observedContentType": "text/csv", "encoding": "CSV"}
    return {
        "captureData": {
            "endpointInput": side | {"mode": "INPUT", "data": json.dumps(row)},
            "endpointOutput": cells | {"mode": "OUTPUT", "data": "0.5"},
        },
        "eventMetadata": {"eventId": f"id-{row['count']}", "inferenceTime": "2026-03-01T12:00:00Z"},
        "eventVersion": "0",
    }


def csv_file(rows):
    lines = [",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows]
    return "\n".join([",".join(rows[0]), *lines, ""]).encode()


def parquet_file(rows):
    parquet.write_table(pa.Table.from_pylist(rows), sink := pa.BufferOutputStream())
    return sink.getvalue().to_pybytes()


LOGS = {
    "log.jsonl": json_lines(ROWS),
    "capture.jsonl": json_lines(map(captured, ROWS)),
    "log.csv": csv_file(ROWS),
    "log.parquet": parquet_file(ROWS),
}


@pytest.mark.parametrize(
    "module",
    [
        "pandas", "scipy", "boto3", "difflib", "jsonschema", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet",
        "atalaia.logs.blockreading", "atalaia.logs.csvfile", "atalaia.monitor_faults",
    ],
)  # fmt: skip
def test_importing_the_ingest_path_does_not_import(module):
    assert module not in imported(INGEST)


@pytest.mark.parametrize("name", LOGS)
def test_ingesting_an_object_does_not_import_the_wrappers_of_all_arrow_functions(name, tmp_path):
    (tmp_path / name).write_bytes(LOGS[name])

    modules = imported(INGEST + FIRST, str(tmp_path / name), MONITOR)

    assert "pyarrow._compute" in modules
    assert "pyarrow.compute" not in modules


def test_a_public_name_is_imported_when_it_is_asked_for():
    assert "atalaia.window" not in imported("import sys\nimport atalaia")
    assert "atalaia.window" in imported("import sys\nfrom atalaia import Window")


def test_every_public_name_is_there():
    told = imported(
        "import sys\nimport atalaia\nassert set(atalaia.__all__) <= set(dir(atalaia))\nfrom atalaia import *"
    )

    assert "atalaia.baseline" in told


def test_a_name_that_is_not_public_is_told_as_such():
    code = "import sys\nimport atalaia\ntry:\n    atalaia.nothing\nexcept AttributeError as error:\n    print(error)"

    assert "'nothing'" in imported(code)
