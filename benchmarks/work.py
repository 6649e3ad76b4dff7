"""Our side of every job, each in a fresh process: the same steps that a function takes, timed, and checked.

python benchmarks/work.py '{"work": "window", ...}' prints its figures as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meter import Meter, hide_pandas, pin

pin(json.loads(sys.argv[1])["core"])
hide_pandas()

import truth  # noqa: E402
from atalaia.baseline import Baseline, baseline_from_bytes, baseline_to_bytes, build_baseline  # noqa: E402
from atalaia.monitor_file import Monitor  # noqa: E402
from atalaia.monitoring.ingesting import Ingester  # noqa: E402
from atalaia.monitoring.layout import all_reports_prefix, baseline_key, profile_key, profiles_prefix  # noqa: E402
from atalaia.monitoring.sources import LogSource, payload_names  # noqa: E402
from atalaia.ports import ObjectInfo, ObjectStore  # noqa: E402
from atalaia.profile import Profile, pack, profile_from_plain, unpack  # noqa: E402
from atalaia.window import window_at_key  # noqa: E402
from atalaia_local import DirectoryStore, MemoryStore  # noqa: E402
from columns import Layout  # noqa: E402
from datasets import Made, load  # noqa: E402
from formats import Format  # noqa: E402
from monitors import monitor_of  # noqa: E402

_DAY = 86_400_000_000  # µs, the width of the monitors' windows


class Bench:
    """What every work needs: the monitor, the baseline, the data, and where the figures go."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.meter = Meter()
        self.monitor: Monitor = monitor_of(Layout(given["layout"]), Format(given["format"]))

    def made(self, name: str) -> Made:
        """Return a dataset that the runner has made."""
        return load(Path(self.given[name]))

    def source(self, made: Made) -> LogSource:
        """Return the objects of a dataset as logs; captures of the Azure collector are told by their content."""
        return LogSource(DirectoryStore(made.folder), names=payload_names(self.monitor.columns))

    def baseline(self) -> Baseline:
        """Return the baseline that was built beforehand, read as a function reads it."""
        path = Path(self.given["baseline"])
        return baseline_from_bytes(path.read_bytes(), path.name)

    def stored(self, output: ObjectStore) -> tuple[Profile, int]:
        """Return all stored profiles as one, and the bytes of the largest."""
        total, largest = Profile(self.baseline().version), 0
        for info in output.list(profiles_prefix(self.monitor.name)):
            total = total.merge(profile_from_plain(unpack(output.get(info.key)[0], info.key)["profile"]))
            largest = max(largest, info.size)
        return total, largest


def baseline_work(bench: Bench) -> None:
    """Build the baseline and store it for the other works."""
    made = bench.made("data")
    with bench.meter.span("build"):
        built = build_baseline(bench.monitor.columns, bench.source(made).batches)
    truth.demand(made.truth, made.rows, built, built.profile)
    data = baseline_to_bytes(built)
    Path(bench.given["baseline"]).write_bytes(data)
    bench.meter.note(rows=made.rows, bytes=made.bytes, baseline_bytes=len(data))


def window_work(bench: Bench) -> None:
    """Profile one object into its window, then compare the window with the baseline.

    Both are done with a small file of the same format first: a warm function has loaded what its first call loads.
    """
    made, baseline = bench.made("data"), bench.baseline()
    warm = _ingested(bench, baseline, bench.source(bench.made("warm")))
    source, output = bench.source(made), MemoryStore()
    info = next(source.objects())  # its ETag is a hash of the file here; a bucket tells it for nothing
    with bench.meter.span("profile"):
        Ingester(bench.monitor, baseline, output).ingest(source, info)
    profile, size = bench.stored(output)
    truth.demand(made.truth, made.rows, baseline, profile)

    from comparing import compare  # noqa: PLC0415 - the memory of the span above is that of a function which ingests

    compare(bench.monitor, baseline, warm)
    with bench.meter.span("compare"):
        compare(bench.monitor, baseline, profile)
    bench.meter.note(rows=made.rows, bytes=made.bytes, columns=len(made.truth), profile_bytes=size)


def _ingested(bench: Bench, baseline: Baseline, source: LogSource) -> Profile:
    output = MemoryStore()
    Ingester(bench.monitor, baseline, output).ingest(source, next(source.objects()))
    return bench.stored(output)[0]


def objects_work(bench: Bench) -> None:
    """Profile many small objects, from the listing of their folder to profiles on the disk.

    Where the output is kept, there is one profile for each: these are to be merged.
    """
    made, baseline = bench.made("data"), bench.baseline()
    with tempfile.TemporaryDirectory(dir=bench.given.get("scratch")) as folder:
        kept = bench.given.get("output")
        source, output = bench.source(made), DirectoryStore(Path(kept or folder))
        ingester = Ingester(bench.monitor, baseline, output)
        with bench.meter.span("profile"):
            infos = source.objects()
            done = [ingester.ingest(source, info) for info in infos] if kept else ingester.ingest_all(source, infos)
            receipts = [receipt for receipt, _ in done]
        profile, size = bench.stored(output)
    truth.demand(made.truth, made.rows, baseline, profile)
    objects, rows = len(receipts), sum(receipt.rows for receipt in receipts)
    if rows != made.rows:
        msg = f"the receipts tell of {rows:,} rows, {made.rows:,} were made"
        raise truth.WrongProfileError(msg)
    bench.meter.note(rows=made.rows, bytes=made.bytes, objects=objects, profile_bytes=size)


def merge_work(bench: Bench) -> None:
    """Merge the profiles of many objects as an evaluation does: read from the disk, unpacked, added up."""
    from atalaia.monitoring.merging import merge_profiles  # noqa: PLC0415 - only this work evaluates

    made, baseline, output = bench.made("data"), bench.baseline(), DirectoryStore(Path(bench.given["output"]))
    prefix = profiles_prefix(bench.monitor.name)
    infos = list(output.list(prefix))
    window = window_at_key(infos[0].key.removeprefix(prefix).partition("/")[0], _DAY)
    if window is None:
        msg = f"{infos[0].key} is no profile's key"
        raise truth.WrongProfileError(msg)
    with bench.meter.span("merge"):
        merged = merge_profiles(baseline, output, infos, window).profile
    truth.demand(made.truth, made.rows, baseline, merged)
    bench.meter.note(rows=made.rows, profiles=len(infos))


def backtest_work(bench: Bench) -> None:
    """Replay one window for each object, day after day; and beside it, decode the profiles that this reads."""
    from atalaia.monitoring.periods import Period  # noqa: PLC0415 - only this work replays
    from atalaia.monitoring.replaying import replay  # noqa: PLC0415

    made, baseline, output = bench.made("data"), bench.baseline(), MemoryStore()
    output.put(baseline_key(bench.monitor.name, baseline.name), baseline_to_bytes(baseline))
    infos = list(bench.source(made).objects())
    for day, info in enumerate(infos):
        _store_on(day, bench, _alone(bench, baseline, info), output)
    with bench.meter.span("decode"):
        total, _ = bench.stored(output)
    truth.demand(made.truth, made.rows, baseline, total)
    with bench.meter.span("backtest"):
        done = replay(bench.monitor, output, Period((len(infos) + 2) * _DAY))
    reports = len({info.key.split("/")[2] for info in done.output.list(all_reports_prefix(bench.monitor.name))})
    if reports != len(infos):
        msg = f"{reports:,} windows were replayed, {len(infos):,} were made"
        raise truth.WrongProfileError(msg)
    bench.meter.note(rows=made.rows, windows=len(infos), columns=len(made.truth))


def _alone(bench: Bench, baseline: Baseline, info: ObjectInfo) -> dict[str, Any]:
    """Return what is stored of one object's rows, which lie in one window."""
    output = MemoryStore()
    Ingester(bench.monitor, baseline, output).ingest(bench.source(bench.made("data")), info)
    (profile,) = output.list(profiles_prefix(bench.monitor.name))
    return unpack(output.get(profile.key)[0], profile.key)


def _store_on(day: int, bench: Bench, content: dict[str, Any], output: ObjectStore) -> None:
    window = [day * _DAY, (day + 1) * _DAY]
    output.put(profile_key(bench.monitor.name, window[0], "bench"), pack({**content, "window": window}))


def accuracy_work(bench: Bench) -> None:
    """Compare what is measured from profiles with the exact values."""
    import accuracy  # noqa: PLC0415 - SciPy's statistics would count as memory of the other works

    with bench.meter.span("accuracy"):
        bench.meter.note(**accuracy.worst(bench.given["sizes"]))


def metrics_work(bench: Bench) -> None:
    """Measure the metrics on shares of many columns."""
    import stacking  # noqa: PLC0415 - SciPy would count as memory of the other works

    stacking.measure(bench.meter, bench.given["columns"], bench.given["bins"])


_WORKS: dict[str, Callable[[Bench], None]] = {
    "baseline": baseline_work,
    "window": window_work,
    "objects": objects_work,
    "merge": merge_work,
    "backtest": backtest_work,
    "accuracy": accuracy_work,
    "metrics": metrics_work,
}


def main() -> int:
    """Do the work that the argument names and print its figures."""
    given = json.loads(sys.argv[1])
    bench = Bench(given)
    try:
        _WORKS[given["work"]](bench)
    except truth.WrongProfileError as error:
        bench.meter.figures = {"wrong": str(error)}
    bench.meter.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
