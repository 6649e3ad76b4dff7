"""What is dear to import a function loads only where it needs it: it pays for that at each cold start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTION = """
import sys
from pathlib import Path
from atalaia_aws import runtime as wiring
from atalaia_local import DirectoryStore

def opened(uri, patience=None, **config):
    folder = Path(sys.argv[1], uri.removeprefix("s3://"))
    folder.mkdir(parents=True, exist_ok=True)
    return DirectoryStore(folder, uri)

wiring.open_store = opened
opened("s3://b/monitors").put("m.yaml", b"{name: m, model: {name: m}, logs: {source: s3://b/logs}, output: s3://b/out,"
    b" baseline: {data: [s3://b/reference]}, columns: [{name: x}]}")
rows = b"".join(b'{"x": %d}\\n' % number for number in range(100))
opened("s3://b/reference").put("r.jsonl", rows)
opened("s3://b/logs").put(f"{sys.argv[2]}.jsonl", rows)
event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
    "bucket": {"name": "b"}, "object": {"key": f"logs/{sys.argv[2]}.jsonl", "size": len(rows), "eTag": "e"}}}]}
import ingest
ingest.handler(event, None)
profiles = [info.key for info in opened("s3://b/out").list("m/profiles/")]
assert len(profiles) == int(sys.argv[2]), profiles
"""
DEAR = [
    "pandas", "scipy", "boto3", "botocore", "opentelemetry", "jinja2", "pyarrow.compute", "pyarrow.parquet",
    "atalaia.html", "atalaia.statistics_file",
]  # fmt: skip


def loaded_by(code, *arguments):
    """Run *code* as the function does: in a process of its own, with the handlers at the top of the bundle."""
    paths = [str(ROOT / folder) for folder in ("functions/aws", "adapters", "")]
    env = {"PYTHONPATH": os.pathsep.join(paths), "ATALAIA_MONITORS": "s3://b/monitors"}
    command = [sys.executable, "-c", f"{code}\nprint(*sys.modules)", *arguments]
    told = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert told.returncode == 0, told.stderr
    return set(told.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def loaded_by_ingest(tmp_path_factory):
    """Ingest twice, as the first one builds the baseline."""
    folder = str(tmp_path_factory.mktemp("stores"))
    return [loaded_by(FUNCTION, folder, number) for number in ("1", "2")][1]


@pytest.mark.parametrize("module", DEAR)
def test_the_ingest_function_does_not_import(loaded_by_ingest, module):
    assert module not in loaded_by_ingest


def test_the_evaluate_function_loads_no_sdk_before_it_must():
    loaded = loaded_by("import sys, evaluate")

    assert not loaded & {"boto3", "botocore", "opentelemetry", "scipy", "pandas", "jinja2"}
