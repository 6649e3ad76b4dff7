"""The bundle as `atalaia package azure` builds it: it needs nothing else, works, and two builds give the same bytes."""

import json
import os
import subprocess
import sys
import zipfile

import pytest
from accounts import rows
from azure_accounts import azure_account, captures
from emulators import ROOT, until

SECONDS = 120  # processes start, perhaps on a busy machine
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = ".python_packages/lib/site-packages"
INDEX = """
import json, os, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/.python_packages/lib/site-packages"]
os.environ.update(ATALAIA_CONTAINER="logs", ATALAIA_QUEUE="arrivals")
import function_app
import atalaia_azure.draining, atalaia_azure.jobs, atalaia_azure.telemetry, atalaia.monitoring.rounds, obstore
files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
names = [each.get_function_name() for each in function_app.app.get_functions()]
print(json.dumps({"names": names, "files": sorted(files)}))
"""


def build(folder, name):
    command = [sys.executable, "-m", "atalaia_cli", "package", "azure", "--python", HERE, "-o", name, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if sys.platform != "linux":
        pytest.skip("the bundle of this machine needs Linux")
    return tmp_path_factory.mktemp("bundle")


@pytest.fixture(scope="module")
def built(folder):
    return build(folder, "one.zip")


@pytest.fixture(scope="module")
def app(built, folder):
    with zipfile.ZipFile(folder / "one.zip") as bundle:
        bundle.extractall(folder / "app")
    return folder / "app"


def test_it_needs_nothing_but_what_it_brings(app, folder):
    command = [sys.executable, "-I", "-S", "-c", INDEX, str(app)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    elsewhere = [file for file in told["files"] if "site-packages" in file and not file.startswith(str(folder))]
    assert elsewhere == []
    assert {"ingest_blob", "ingest_queue", "collect", "evaluate", "lifecycle"} < set(told["names"])


def test_it_takes_a_capture_file_to_a_report_and_a_job(app, tmp_path):
    with azure_account(tmp_path, code=(app, ())) as account:
        account.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", captures(0, rows(600, 5, "c")))

        assert until(lambda: "Completed" in [each.get("outcome") for each in account.actions()], SECONDS), (
            account.app.log()[-5000:]
        )
        assert (account.report()["rows"], account.report()["rejected"]) == (600, {})


def test_it_lies_as_the_host_and_its_worker_look_for_it(built, folder):
    with zipfile.ZipFile(folder / "one.zip") as bundle:
        names = bundle.namelist()

    tops = {name.partition("/")[0] for name in names} - {"__pycache__"}
    assert tops == {"host.json", "function_app.py", ".python_packages"}
    assert f"{PACKAGES}/atalaia_azure/runtime.py" in names
    assert not [name for name in names if "botocore" in name or "atalaia_aws" in name or "/azure/identity/" in name]


def test_two_builds_give_the_same_bytes(built, folder):
    assert build(folder, "two.zip")["sha256"] == built["sha256"]


def test_the_benchmark_counts_every_row_and_times_single_blobs(built, folder):
    loads = ["--large", "2", "--small", "6", "--uploads", "1", "--json"]
    command = [sys.executable, "benchmarks/azure_functions.py", *loads, "--out", folder / "out"]
    path = os.pathsep.join([str(ROOT / "tests/support"), *sys.path])
    done = subprocess.run(
        ["/usr/bin/env", f"PYTHONPATH={path}", *command, "--bundle", folder / "one.zip"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [told[name]["objects"] for name in ("large", "small")] == [2, 6]
    assert len(told["latency_s"]) == 1
