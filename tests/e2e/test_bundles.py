"""Bundles as `atalaia package aws` builds them: for Lambda they fit, and on the emulator they need nothing else."""

import gzip
import hashlib
import io
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from accounts import MONITOR, SECONDS, Account, captured, lines, rows
from deployments import deploy
from elf import read_library
from emulators import ROOT, emulator, until
from pyarrow import csv, parquet

from atalaia_bundle import AWS, Target
from atalaia_bundle.compiling import find_compiler

HERE = f"{sys.version_info.major}.{sys.version_info.minor}", {"aarch64": "arm64"}.get(*[platform.machine()] * 2)
OURS = f"atalaia package aws --python {HERE[0]} --arch {HERE[1]}"
LAMBDA = [("3.13", "arm64"), ("3.13", "x86_64")]
ROOM = 0.8  # of Lambda's limit, so that the next versions of the packages fit, too
SYSTEM = (
    "ld-linux",
    *(f"{name}.so" for name in ("libc", "libm", "libpthread", "libdl", "librt", "libgcc_s", "libstdc++", "libz")),
)
OWN = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py", "_distutils_hack")  # the runtime client
MAGIC = {"3.13": 3571}
LOADED = """
import importlib, os, sys
real = importlib.import_module(os.environ["LOADED"])

def handler(event, context):
    real.handler(event, context)
    return sorted({getattr(module, "__file__", None) or "" for module in list(sys.modules.values())})
"""


def package(folder, command):
    """Run a command line in an empty folder, and return what it told."""
    _, *arguments = shlex.split(command)
    ours = [sys.executable, "-m", "atalaia_cli", *arguments, "--json"]
    done = subprocess.run(ours, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return {**told, "file": str(folder / told["file"])}


def commands_of_the_page():
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/aws.md").read_text(), re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("atalaia ")]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What was told of this machine's bundle."""
    if sys.platform != "linux":
        pytest.skip("bundles of this machine need Linux")
    return package(tmp_path_factory.mktemp("bundle"), OURS)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The same of the page's bundles, and of this machine's once more."""
    wanted = [*commands_of_the_page(), f"{OURS} -o other/name.zip"]
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda command: package(tmp_path_factory.mktemp("bundle"), command), wanted))
    return {(told["python"], told["architecture"]): told for told in made[:-1]} | {"again": made[-1]}


def test_the_commands_of_the_page_build_what_lambda_runs(built):
    assert [*built] == [*LAMBDA, "again"]


def content(told):
    with zipfile.ZipFile(told["file"]) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_two_builds_are_the_same_bytes(ours, built):
    assert built["again"]["sha256"] == ours["sha256"]
    assert hashlib.sha256(Path(ours["file"]).read_bytes()).hexdigest() == ours["sha256"]


@pytest.mark.parametrize("target", LAMBDA)
def test_a_bundle_for_lambda_fits_with_room(built, target):
    with zipfile.ZipFile(built[target]["file"]) as bundle:
        unzipped = sum(entry.file_size for entry in bundle.infolist())

    assert built[target]["unzipped"] == unzipped
    assert unzipped < ROOM * AWS.limit


@pytest.mark.parametrize("target", LAMBDA)
def test_every_library_is_for_the_target_and_finds_what_it_asks_for(built, target):
    python, arch = target
    libraries = {name: read_library(data) for name, data in content(built[target]).items() if ".so" in name}
    known = {name.rpartition("/")[2] for name in libraries}

    assert any(name.startswith("pyarrow/libarrow.so") for name in libraries)
    for name, library in libraries.items():
        assert library.machine == arch, name
        assert ".cpython-" not in name or f".cpython-{python.replace('.', '')}-" in name
        assert [each for each in library.needed if each not in known and not each.startswith(SYSTEM)] == [], name


@pytest.mark.parametrize("target", LAMBDA)
def test_modules_are_shipped_compiled_and_are_never_compared_with_their_sources(built, target):
    files = content(built[target])
    compiled = {name: data for name, data in files.items() if name.endswith(".pyc")}

    assert built[target]["compiled"] == (find_compiler(Target(*target)) is not None)
    if built[target]["compiled"]:
        assert len(compiled) == len([name for name in files if name.endswith(".py")])
        for data in compiled.values():
            assert int.from_bytes(data[:2], "little") == MAGIC[target[0]]
            assert int.from_bytes(data[4:8], "little") == 1  # by hash, unchecked


@pytest.fixture(scope="module")
def account(ours, tmp_path_factory):
    """The functions of this machine's bundle, uploaded as people do it: the zip file in S3."""
    with emulator(tmp_path_factory.mktemp("bundled"), "--scale", "60") as aws:
        bucket = aws.bucket("bundles")
        aws.client("s3").upload_file(ours["file"], bucket, "atalaia.zip")
        yield Account(aws, code=((bucket, "atalaia.zip"), ()))


def test_a_bundle_takes_a_capture_file_to_a_report_and_a_job(account):
    given = lines(captured(number, row) for number, row in enumerate(rows(600, 5, "c")))
    account.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", given)

    assert until(lambda: "Succeeded" in [each.get("outcome") for each in account.actions()], SECONDS), account.lines()
    assert (account.report()["rows"], account.report()["rejected"]) == (600, {})


@pytest.fixture(scope="module")
def folder(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(ours["file"]) as bundle:
        bundle.extractall(folder)
    return folder


def test_a_bundle_reads_every_format_and_all_it_loads_is_its_own(account, folder, tmp_path):
    (tmp_path / "loaded.py").write_text(LOADED)
    account.put(
        "formats/monitors/formats.yaml",
        MONITOR.replace("sagemaker", "auto")
        .replace("watched/capture", "watched/formats/logs")
        .replace("name: credit\nmodel", "name: formats\nmodel")
        .encode(),
    )
    columns = pa.Table.from_pylist(rows(50, 0, "ab"))
    files = {"lines.jsonl": lines(rows(50, 0, "ab")), "lines.jsonl.gz": gzip.compress(lines(rows(50, 0, "ab")))}
    for codec in ("snappy", "zstd"):
        parquet.write_table(columns, held := io.BytesIO(), compression=codec)
        files[f"{codec}.parquet"] = held.getvalue()
    csv.write_csv(columns, held := io.BytesIO())
    files["cells.csv"] = held.getvalue()
    files["capture.jsonl"] = lines(captured(number, row) for number, row in enumerate(rows(50, 0, "ab")))
    records = []
    for name, data in files.items():
        account.put(f"formats/logs/{name}", data)
        told = {"bucket": {"name": "watched"}, "object": {"key": f"formats/logs/{name}", "size": len(data), "eTag": ""}}
        records.append({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told})
    probes = {}
    for name, event in (("ingest", {"Records": records}), ("evaluate", {}), ("status", {"rawPath": "/"})):
        variables = {"ATALAIA_MONITORS": "s3://watched/formats/monitors", "LOADED": name}
        if name == "evaluate":
            variables |= {
                "ATALAIA_METRICS": "cloudwatch-otlp",
                "ATALAIA_OTLP_ENDPOINT": f"{account.aws.run['endpoint']}/v1/metrics",
            }
        probe = deploy(account.aws, f"probe-{name}", folder, "loaded.handler", variables=variables, path=[tmp_path])
        probes[name], error, log = probe.invoke(event)
        assert error is None, log

    reports = [account.get(key) for key in account.reports("formats")]
    assert sum(report["rows"] for report in reports) == 50 * len(files), reports
    assert all(report["rejected"] == {} for report in reports)
    assert account.aws.admin("GET", "/otlp")["points"]
    for modules in probes.values():
        brought = [each.partition("site-packages/")[2] for each in modules if "site-packages/" in each]
        assert [each for each in brought if not each.startswith(OWN)] == []
        assert any(each.startswith(f"{folder}/numpy/") for each in modules)


def test_a_bundle_tells_what_is_wrong_with_a_monitor_file(account, folder):
    account.put("faulty/monitors/m.yaml", b"name: m\ncolumns: {}\n")
    faulty = deploy(
        account.aws,
        "faulty",
        folder,
        "evaluate.handler",
        variables={"ATALAIA_MONITORS": "s3://watched/faulty/monitors"},
    )

    told, error, _ = faulty.invoke({})

    assert (told["errorType"], error) == ("MonitorFileError", "Unhandled")


def test_the_benchmark_counts_every_row_and_tells_both_starts(ours, tmp_path):
    options = [
        "--runs",
        "1",
        "--large",
        "2",
        "--small",
        "6",
        "--json",
        "--out",
        tmp_path,
        "--bundle",
        ours["file"],
    ]
    path = os.pathsep.join([str(ROOT / "tests/support"), *sys.path])
    done = subprocess.run(
        ["/usr/bin/env", f"PYTHONPATH={path}", sys.executable, "benchmarks/functions.py", *options],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [told["loads"][name]["objects"] for name in ("large", "small")] == [2, 6]
    for figures in told["cold"].values():
        assert 0 < figures["init_cpu_ms"] < figures["first_cpu_ms"]
        assert 0 < figures["init_ms"] < figures["first_ms"]
