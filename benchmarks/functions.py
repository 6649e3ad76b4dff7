"""`make bench-lambda`: the functions' bundle on AWS's own runtime client, under the emulator's Runtime API.

Cold starts: a new sandbox for each; `init` is what Lambda bills as such, up to the runtime client's question for its
first event; `first` is that and the first invocation, on an object of 1,000 rows or the report of its window. Then
many objects, from S3 through a queue into `ingest`, as deployed. Wall times hold what the emulator itself and all else
on the machine take; processor times are the functions' own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments import bucket_to_queue, deploy
from emulators import emulator, processes, until
from rich.console import Console
from rich.table import Table

from bundles import unpacked
from columns import Variant
from datasets import Dataset, Made, make
from formats import Format
from monitors import monitor_text
from running import HERE, WrongResultError

_BUCKET = "measured"
_SECONDS = 1800
_GOALS = {"ingest": (400, 200), "evaluate": (900, 200)}  # ms, MB; of a cold start
_INIT = re.compile(r"Init Duration: ([\d.]+) ms")
_DURATION = re.compile(r"\tDuration: ([\d.]+) ms")
_TICKS = os.sysconf("SC_CLK_TCK")
_ROWS = 1000
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Load:
    """Many objects: of how many rows each, how many of them, how many different ones, how many messages in a batch."""

    name: str
    rows: int
    count: int
    different: int
    batch: int


class Cloud:
    """The emulator with a bucket, a monitor and its reference data."""

    def __init__(self, aws: Any, code: Path, data: Path) -> None:
        self.aws, self._code, self._data = aws, code, data
        self._s3 = aws.client("s3", tries=5, max_pool_connections=_THREADS)
        aws.bucket(_BUCKET)
        reference = self._made(Variant.BASE, 10_000, 0)
        self.put("reference/rows.jsonl", reference.file.read_bytes())

    def watch(self, name: str) -> None:
        """Put a monitor *name* there, of the logs below its name."""
        text = monitor_text(name, f"s3://{_BUCKET}/{name}/logs", f"s3://{_BUCKET}/out", f"s3://{_BUCKET}/reference")
        self.put(f"{name}/monitors/monitor.yaml", text.encode())

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        self._s3.put_object(Bucket=_BUCKET, Key=key, Body=data)

    def function(self, name: str, handler: str, monitor: str, memory: int, **variables: str) -> Any:
        """Return a new function of the bundle."""
        settings = {"ATALAIA_MONITORS": f"s3://{_BUCKET}/{monitor}/monitors", **variables}
        return deploy(
            self.aws,
            name,
            self._code,
            handler,
            variables=settings,
            path=[HERE / "probes"],
            MemorySize=memory,
            Timeout=900,
        )

    def objects(self, load: Load) -> list[bytes]:
        """Return the different objects of a load."""
        made = self._made(Variant.DRIFT, load.rows * load.different, load.rows)
        return [path.read_bytes() for path in sorted(made.folder.rglob("*")) if path.is_file()]

    def rows(self, monitor: str) -> int:
        """Return the rows of all reports of a monitor.

        Raises:
            WrongResultError: One tells of rejected rows.
        """
        rows, pages = 0, self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=_BUCKET, Prefix=f"out/{monitor}/reports/"):
            for entry in page.get("Contents", []):
                if entry["Key"].endswith(".json"):
                    report = json.loads(self._s3.get_object(Bucket=_BUCKET, Key=entry["Key"])["Body"].read())
                    if report["rejected"]:
                        msg = f"{entry['Key']}: rows were rejected: {report['rejected']}"
                        raise WrongResultError(msg)
                    rows += report["rows"]
        return rows

    def _made(self, variant: Variant, rows: int, each: int) -> Made:
        return make(Dataset(variant, rows, Format.JSONL, rows_per_object=each), self._data)


def cold_starts(cloud: Cloud, runs: int) -> dict[str, dict[str, float]]:
    """Start both functions *runs* times, each time in a new sandbox and with something new to do; return medians.

    A first turn, which builds the baseline and fills the machine's caches, is not counted.
    """
    cloud.watch("cold")
    data = cloud.objects(Load("cold", _ROWS, 1, 1, 1))[0]
    told: dict[str, list[dict[str, float]]] = {name: [] for name in _GOALS}
    for turn in range(runs + 1):
        key = f"cold/logs/{turn}.jsonl"
        cloud.put(key, data)
        for name in _GOALS:
            function = cloud.function(f"{name}-{turn}", "measured.handler", "cold", 1024, MEASURED=name)
            told[name].append(_first_call(function, _event(key, len(data)) if name == "ingest" else {}))
    if cloud.rows("cold") < _ROWS:
        msg = "the cold functions wrote no report of what they were given"
        raise WrongResultError(msg)
    return {
        name: {key: statistics.median(each[key] for each in many[1:]) for key in many[0]} for name, many in told.items()
    }


def _first_call(function: Any, event: dict[str, Any]) -> dict[str, float]:
    answer, error, log = function.invoke(event)
    if error:
        msg = f"{function.name} failed: {log[-500:]}"
        raise WrongResultError(msg)
    init, took = (float(found[1]) for found in (_INIT.search(log), _DURATION.search(log)) if found)
    return {"init_ms": init, "first_ms": init + took, **answer}


def _event(key: str, size: int) -> dict[str, Any]:
    told = {"bucket": {"name": _BUCKET}, "object": {"key": key, "size": size, "eTag": "any"}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}


def throughput(cloud: Cloud, load: Load) -> dict[str, float]:
    """Put all objects of a load, then let `ingest` have their queue; return what it took until that was empty.

    Raises:
        WrongResultError: Not every row that was put is in a report.
    """
    cloud.watch(load.name)
    objects = cloud.objects(load)
    url, queue = cloud.aws.queue(load.name, VisibilityTimeout="900")
    bucket_to_queue(cloud.aws, _BUCKET, url, queue, prefix=f"{load.name}/logs/")
    keys = [f"{load.name}/logs/{number:06}.jsonl" for number in range(load.count)]
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda place: cloud.put(keys[place], objects[place % len(objects)]), range(len(keys))))
    function = cloud.function(load.name, "ingest.handler", load.name, 1024)
    began = time.perf_counter()
    function.on_queue(queue, BatchSize=load.batch, MaximumBatchingWindowInSeconds=30)
    done = until(lambda: _is_empty(cloud.aws, url), _SECONDS)
    wall, cpu = time.perf_counter() - began, _cpu_seconds(cloud.aws.folder, "ingest.handler")
    cloud.function(f"{load.name}-evaluate", "evaluate.handler", load.name, 2048).invoke({})
    rows = load.count * load.rows
    if not done or cloud.rows(load.name) != rows:
        msg = f"{load.name}: {rows:,} rows were put, {cloud.rows(load.name):,} reported"
        raise WrongResultError(msg)
    took = [float(found[1]) / 1000 for line in function.lines() if (found := _DURATION.search(line))]
    size = sum(len(objects[place % len(objects)]) for place in range(load.count))
    return {
        "objects": load.count,
        "bytes": size,
        "invocations": len(took),
        "wall_s": wall,
        "cpu_s": cpu,
        "duration_s": sum(took),
    }


def _is_empty(aws: Any, url: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return not any(int(found[name]) for name in names)


def _cpu_seconds(folder: Path, handler: str) -> float:
    """Return the processor seconds of a handler's sandboxes: they are frozen when they have nothing to do."""
    spent = 0
    for process in processes(folder):
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        if handler.encode() in words:
            spent += sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return spent / _TICKS


def _show(console: Console, told: dict[str, Any]) -> None:
    table = Table("cold start", "init ms", "init CPU ms", "first ms", "first CPU ms", "peak MB", "goal", "met")
    for name, figures in told["cold"].items():
        most_ms, most_mb = _GOALS[name]
        numbers = [figures[key] for key in ("init_ms", "init_cpu_ms", "first_ms", "first_cpu_ms", "peak_mb")]
        met = "yes" if figures["init_ms"] <= most_ms and figures["peak_mb"] <= most_mb else "no"
        table.add_row(name, *(f"{number:,.0f}" for number in numbers), f"init ≤ {most_ms} ms, ≤ {most_mb} MB", met)
    console.print(table)
    table = Table("objects", "of kB", "invocations", "invocations/s", "objects/s", "MB/s", "objects/CPU s", "MB/CPU s")
    for figures in told["loads"].values():
        count, size, calls, wall, cpu = (figures[key] for key in ("objects", "bytes", "invocations", "wall_s", "cpu_s"))
        numbers = [calls / wall, count / wall, size / 1e6 / wall, count / cpu, size / 1e6 / cpu]
        table.add_row(
            f"{count:,}", f"{size / count / 1000:,.1f}", str(calls), *(f"{number:,.1f}" for number in numbers)
        )
    console.print(table)


def main() -> int:
    """Measure cold starts and both loads, and print them."""
    parser = argparse.ArgumentParser(prog="benchmarks/functions.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="cold starts of each function (5)")
    parser.add_argument("--large", type=int, default=1000, help="objects of 1 MB (1000)")
    parser.add_argument("--small", type=int, default=20_000, help="objects of 2 KB (20000)")
    parser.add_argument("--bundle", type=Path, help="a bundle of this machine, instead of building one")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of data and results")
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as name:
        told = _measured(given, Path(name).absolute())
    (given.out / "lambda.json").write_text(json.dumps(told, indent=1) + "\n")
    if given.json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        _show(Console(width=None if sys.stdout.isatty() else 140), told)
    return 0


def _measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    code = unpacked(given.bundle, folder, "aws")
    loads = [Load("large", 1000, given.large, min(given.large, 20), 100)] if given.large else []
    loads += [Load("small", 2, given.small, min(given.small, 2000), 1000)] if given.small else []
    with emulator(folder / "emulator", "--scale", "60") as aws:
        cloud = Cloud(aws, code, given.out / "data")
        return {"cold": cold_starts(cloud, given.runs), "loads": {load.name: throughput(cloud, load) for load in loads}}


if __name__ == "__main__":
    sys.exit(main())
