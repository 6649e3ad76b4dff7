"""`make bench-azure`: the bundle's Functions app on Microsoft's worker library, under the emulator's Functions host.

Blobs wait in the queue of their events before the app is deployed; then it has so many instances at once, and the time
is taken until the queue is empty. Wall times hold what the emulator itself and all else on the machine take: host,
Azurite and instances share its cores. A cold start is that of an instance's process, until its functions are indexed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts import rows
from azure.core.exceptions import ResourceExistsError
from azure_accounts import azure_account, captures
from azure_emulators import azure_emulator
from emulators import until
from rich.console import Console
from rich.table import Table

from bundles import unpacked
from columns import Variant
from datasets import Dataset, make
from formats import Format
from monitors import monitor_text
from running import WrongResultError

_SECONDS = 1800
_THREADS = 8
_GOAL_MB = 512
_QUEUE = "arrivals"
_LATENCY = "latency_s"


@dataclass(frozen=True, slots=True)
class Load:
    """Many blobs: of how many rows each, how many of them, how many different ones."""

    name: str
    rows: int
    count: int
    different: int


def _objects(variant: Variant, rows: int, each: int, data: Path) -> list[bytes]:
    made = make(Dataset(variant, rows, Format.JSONL, rows_per_object=each), data)
    return [path.read_bytes() for path in sorted(made.folder.rglob("*")) if path.is_file()]


def throughput(azure: Any, code: Path, data: Path, load: Load, instances: int) -> dict[str, float]:
    """Upload all blobs of a load, then let the app have their queue; return what it took until that was empty.

    Raises:
        WrongResultError: Not every row that was uploaded is in a report.
    """
    logs, output = azure.container(f"logs-{load.name}"), azure.container(f"out-{load.name}")
    with suppress(ResourceExistsError):
        azure.queue(_QUEUE).create_queue()
    begins = f"/blobServices/default/containers/{logs.container_name}/blobs/in/"
    azure.subscribe(load.name, "storage", {"queue": _QUEUE}, subject_begins=begins)
    reference = make(Dataset(Variant.BASE, 10_000, Format.JSONL, rows_per_object=0), data)
    logs.upload_blob("reference/rows.jsonl", reference.file.read_bytes())
    places = (
        f"az://{logs.container_name}/in",
        f"az://{output.container_name}",
        f"az://{logs.container_name}/reference",
    )
    logs.upload_blob("monitors/monitor.yaml", monitor_text(load.name, *places).encode())
    objects = _objects(Variant.DRIFT, load.rows * load.different, load.rows, data)
    blobs = ((f"in/{place:06}.jsonl", objects[place % len(objects)]) for place in range(load.count))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda blob: logs.upload_blob(*blob), blobs))
    if not until(lambda: _waiting(azure) == load.count, _SECONDS):
        msg = f"{load.name}: {_waiting(azure):,} of {load.count:,} events came"
        raise WrongResultError(msg)
    settings = {"ATALAIA_QUEUE": _QUEUE, "ATALAIA_MONITORS": f"az://{logs.container_name}/monitors"}
    began = time.perf_counter()
    app = azure.deploy(load.name, code, settings=settings, memory_mb=2048, instances=instances)
    seen: dict[str, dict[str, Any]] = {}
    done = until(lambda: _watch(app, seen) and _waiting(azure) == 0, _SECONDS)
    wall = time.perf_counter() - began
    expected = load.count * load.rows
    if not done or not until(lambda: _rows(output, load.name) == expected, _SECONDS):
        msg = f"{load.name}: {expected:,} rows were uploaded, {_rows(output, load.name):,} reported"
        raise WrongResultError(msg)
    app.remove()
    azure.unsubscribe(load.name)
    ingest = [each for name, each in seen.items() if "ingest_queue" in name]
    size = sum(len(objects[place % len(objects)]) for place in range(load.count))
    calls = [line for line in app.log().splitlines() if '"event":"ml.monitor.ingest"' in line]
    return {
        "objects": load.count,
        "bytes": size,
        "instances": len(ingest),
        "invocations": len(calls),
        "wall_s": wall,
        "cold_start_s": statistics.median(each["cold_start_seconds"] for each in seen.values()),
        "peak_mb": max(each["peak_mb"] for each in ingest),
    }


def latencies(folder: Path, code: Path, times: int) -> list[float]:
    """Return the seconds from each upload of a log to the row in KQL that tells of it; the first finds all asleep.

    The timer of a minute comes each second, as the emulator's clock has it.
    """
    with azure_account(folder, code=(code, [])) as account, account.logs() as ask:
        return [_latency(account, ask, number) for number in range(times)]


def _latency(account: Any, ask: Any, number: int) -> float:
    began = time.perf_counter()
    account.put(f"capture/credit/{number}.jsonl", captures(600 * number, rows(600, 5, "c")))
    query = 'customEvents | where name == "ml.monitor.report" and toint(customDimensions.rows) == '
    if not until(lambda: ask(f"{query}{600 * (number + 1)}"), _SECONDS):
        msg = f"the report of {600 * (number + 1):,} rows never came"
        raise WrongResultError(msg)
    return time.perf_counter() - began


def _waiting(azure: Any) -> int:
    return int(azure.queue(_QUEUE).get_queue_properties().approximate_message_count)


def _watch(app: Any, seen: dict[str, dict[str, Any]]) -> bool:
    """Note what every instance needed so far; its memory grows."""
    seen |= {each["name"]: each for each in app.now()["instances"]}
    return True


def _rows(output: Any, monitor: str) -> int:
    """Return the rows of the newest reports of all windows."""
    newest: dict[str, tuple[int, str]] = {}
    for name in output.list_blob_names(name_starts_with=f"{monitor}/reports/"):
        window, _, file = name.rpartition("/")
        if file.endswith(".json"):
            newest[window] = max(newest.get(window, (0, "")), (int(file[1:-5]), name))
    reports = [json.loads(output.download_blob(name).readall()) for _, name in newest.values()]
    return sum(each["rows"] for each in reports if not each["rejected"])


def _show(console: Console, told: dict[str, Any]) -> None:
    loads = {name: figures for name, figures in told.items() if name != _LATENCY}
    if told[_LATENCY]:
        first, *later = told[_LATENCY]
        console.print(
            f"From upload to a row in KQL: {first:.1f} s, then {', '.join(f'{each:.1f}' for each in later)} s"
        )
    table = Table("blobs", "of kB", "instances", "calls", "blobs/s", "MB/s", "peak MB", "goal", "met", "cold start s")
    for figures in loads.values():
        count, size, wall = figures["objects"], figures["bytes"], figures["wall_s"]
        numbers = (f"{number:,.1f}" for number in (count / wall, size / 1e6 / wall))
        met = "yes" if figures["peak_mb"] < _GOAL_MB else "no"
        table.add_row(
            f"{count:,}", f"{size / count / 1000:,.1f}", str(figures["instances"]), str(figures["invocations"]),
            *numbers, f"{figures['peak_mb']:,.0f}", f"< {_GOAL_MB} MB", met, f"{figures['cold_start_s']:.2f}",
        )  # fmt: skip
    console.print(table)


def main() -> int:
    """Measure both loads and the way of single blobs, and print them."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/azure_functions.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--large", type=int, default=1000, help="blobs of 1 MB (1000)")
    parser.add_argument("--small", type=int, default=2000, help="blobs of 2 KB (2000)")
    parser.add_argument("--instances", type=int, default=2, help="of the function at once (2)")
    parser.add_argument("--uploads", type=int, default=5, help="whose way to a row in KQL is timed, one by one (5)")
    parser.add_argument("--bundle", type=Path, help="a bundle of this machine, instead of building one")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of data and results")
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as name:
        told = _measured(given, Path(name).absolute())
    (given.out / "azure.json").write_text(json.dumps(told, indent=1) + "\n")
    if given.json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        _show(Console(width=None if sys.stdout.isatty() else 140), told)
    return 0


def _measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    code = unpacked(given.bundle, folder, "azure")
    loads = [Load("large", 1000, given.large, min(given.large, 20))] if given.large else []
    loads += [Load("small", 2, given.small, min(given.small, 2000))] if given.small else []
    with azure_emulator(folder / "emulator", "--scale", "60") as azure:
        data, most = given.out / "data", given.instances
        told: dict[str, Any] = {load.name: throughput(azure, code, data, load, most) for load in loads}
    return told | {_LATENCY: latencies(folder / "alone", code, given.uploads)}


if __name__ == "__main__":
    sys.exit(main())
