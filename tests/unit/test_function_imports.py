"""What is dear to import a function loads only where it needs it: it pays for that at each cold start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORLD = """
import sys
from pathlib import Path
from atalaia_local import DirectoryStore

def opened(uri, patience=None, *_, **config):
    folder = Path(sys.argv[1], uri.partition("://")[2])
    folder.mkdir(parents=True, exist_ok=True)
    return DirectoryStore(folder, uri)

opened("XX://b/monitors").put("m.yaml", b"{name: m, model: {name: m}, logs: {source: XX://b/logs}, output: XX://b/out,"
    b" baseline: {data: [XX://b/reference]}, columns: [{name: x}]}")
rows = b"".join(b'{"x": %d}\\n' % number for number in range(100))
opened("XX://b/reference").put("r.jsonl", rows)
opened("XX://b/logs").put(f"{sys.argv[2]}.jsonl", rows)
"""
INGEST = {
    "aws": """
from atalaia_aws import runtime as wiring
wiring.open_store = opened
event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
    "bucket": {"name": "b"}, "object": {"key": f"logs/{sys.argv[2]}.jsonl", "size": len(rows), "eTag": "e"}}}]}
import ingest
ingest.handler(event, None)
""",
    "azure": """
from types import SimpleNamespace
from atalaia_azure import runtime as wiring
wiring.open_container = opened
import function_app
from atalaia_azure.blob_binding import BlobName
content = '{"ContainerName": "b", "BlobName": "logs/%s.jsonl"}' % sys.argv[2]
function_app.ingest_blob(BlobName(data=SimpleNamespace(content=content)), None)
""",
}
DONE = """
profiles = [info.key for info in opened("XX://b/out").list("m/profiles/")]
assert len(profiles) == int(sys.argv[2]), profiles
"""
SCHEMES = {"aws": "s3", "azure": "az"}
DEAR = [
    "pandas", "scipy", "boto3", "botocore", "opentelemetry", "jinja2", "pyarrow.compute", "pyarrow.parquet", "requests",
    "azure.core", "azure.identity", "azure.storage", "azure.monitor", "msal", "cryptography", "atalaia_web.asking",
    "atalaia.html", "atalaia.statistics_file", "atalaia.monitoring.status", "atalaia.monitoring.rounds",
]  # fmt: skip


def loaded_by(cloud, code, *arguments):
    """Run *code* as the function does: in a process of its own, with the handlers at the top of the bundle."""
    paths = [
        *(p for p in sys.path if p.endswith("site-packages")),
        *(str(ROOT / f) for f in (f"functions/{cloud}", "adapters", "")),
    ]
    scheme = SCHEMES[cloud]
    env = {"PYTHONPATH": os.pathsep.join(paths), "ATALAIA_MONITORS": f"{scheme}://b/monitors"}
    # Nobody listens there: what is said of a call is kept, and the function goes on.
    env["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=k;IngestionEndpoint=http://127.0.0.1:9/"
    text = f"{code}\nimport sys\nprint(*sys.modules)".replace("XX://", f"{scheme}://")
    told = subprocess.run(
        [sys.executable, "-c", text, *arguments], capture_output=True, text=True, env=env, check=False
    )
    assert told.returncode == 0, told.stderr
    return set(told.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module", params=SCHEMES)
def loaded_by_ingest(request, tmp_path_factory):
    """Ingest twice, as the first one builds the baseline."""
    folder = str(tmp_path_factory.mktemp("stores"))
    code = WORLD + INGEST[request.param] + DONE
    return [loaded_by(request.param, code, folder, number) for number in ("1", "2")][1]


@pytest.mark.parametrize("module", DEAR)
def test_the_ingest_function_does_not_import(loaded_by_ingest, module):
    assert module not in loaded_by_ingest


@pytest.mark.parametrize(("cloud", "module"), [("aws", "evaluate"), ("azure", "function_app")])
def test_functions_load_no_sdk_before_they_must(cloud, module):
    loaded = loaded_by(cloud, f"import {module}")

    assert not loaded & {"boto3", "botocore", "opentelemetry", "scipy", "pandas", "jinja2", "azure.core", "requests"}
