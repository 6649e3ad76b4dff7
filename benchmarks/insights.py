"""Telling Application Insights of a report, by our own encoding, Microsoft's exporter and its distro: what each costs.

Each is started in fresh processes against an ingestion on this machine, imports what it needs and tells of a report
with 50 findings. Then the ingestion answers as a busy or broken one does, and what is known afterwards is held against
what it has taken.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

from insights_sink import InsightsSink, insights_sink

from running import HERE

RUNS = 5
_SECONDS = 120

_REPORT = """
events = [{"event": "ml.monitor.finding", "id": str(n), "time": "2026-03-01T00:00:00Z", "value": n / 50, "column": "x"}
          for n in range(50)]
points = [Point("ml.monitor.drift", n / 9, (("monitor", "m"), ("model", "m")), 1 << 50) for n in range(9)]
"""
_BARE = f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport json, meter\n"
_OURS = """
from atalaia.ports import Point
from atalaia_azure.envelopes import Sender
from atalaia_azure.identity import Identity
from atalaia_azure.insights import Ingestion, connection_of
from atalaia_azure.telemetry import Insights
connection = connection_of(env, Identity(env))
part = Insights(Ingestion(connection), lambda: Sender(connection.key), lambda: 60.0)
"""
_THEIRS = """
from atalaia.ports import Point
from atalaia_azure.identity import Identity
from atalaia_azure.library import Exporters, LibraryInsights
part = LibraryInsights(Exporters(env, Identity(env), {}), lambda: 60.0)
"""
_DISTRO = """
import logging
import os
for name in ("STATSBEAT_DISABLED_ALL", "SDKSTATS_DISABLED", "CONTROLPLANE_DISABLED"):
    os.environ["APPLICATIONINSIGHTS_" + name] = "true"
os.environ["OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"] = "otel"
from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry import metrics
from opentelemetry._logs import get_logger_provider
from atalaia.errors import NotSentError
from atalaia.ports import Point
configure_azure_monitor(connection_string=env["APPLICATIONINSIGHTS_CONNECTION_STRING"], logger_name="atalaia",
                        enable_live_metrics=False, enable_performance_counters=False, sampling_ratio=1.0)
logger = logging.getLogger("atalaia")
logger.setLevel(logging.INFO)

class Part:
    def tell(self, events, points, heard):
        for told in events:
            logger.info("", extra={"microsoft.custom_event.name": told["event"], **told})
        for number, point in enumerate(points):
            metrics.get_meter("atalaia").create_gauge(f"{point.name}.{number}").set(point.value)
        if not (get_logger_provider().force_flush() and metrics.get_meter_provider().force_flush()):
            raise NotSentError("", frozenset())

part = Part()
"""
_TELL = """
from atalaia.errors import NotSentError
try:
    part.tell(events, points, frozenset())
    known = None
except NotSentError as error:
    known = len(error.heard)
"""
_MEASURED = """
used = meter.cpu_seconds() * 1000
print(json.dumps({"cpu_ms": used, "mb": meter.peak_mb(), "known": locals().get("known")}))
"""
WAYS = {"ours": _OURS, "Microsoft's exporter": _THEIRS, "Microsoft's distro": _DISTRO}
_WITH_DISTRO = HERE.parent / "build/azure-monitor/bin/python"
TROUBLE = {"all is well": {}, "2 of 59 refused for now": {3: 503, 7: 429}, "1 of 59 refused for good": {5: 400}}


def measure(code: str, sink: InsightsSink) -> dict[str, float]:
    """Run *code* in a process of its own, and return what it measured."""
    env = {"APPLICATIONINSIGHTS_CONNECTION_STRING": sink.connection}
    text = f"{_BARE}env = {env!r}\n{code}{_MEASURED}"
    python = _WITH_DISTRO if code.startswith(_DISTRO) else sys.executable
    paths = os.pathsep.join(map(str, (HERE.parent, HERE.parent / "adapters")))
    done = subprocess.run(  # noqa: S603 - our own code
        [python, "-c", text], capture_output=True, text=True, check=True, timeout=_SECONDS, env={"PYTHONPATH": paths}
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def medians(code: str, sink: InsightsSink, count: int) -> dict[str, float]:
    """Run it several times, the first of which fills caches and does not count."""
    runs = [measure(code, sink) for _ in range(count + 1)][1:]
    return {name: statistics.median(run[name] for run in runs) for name in ("cpu_ms", "mb")}


def main() -> None:
    """Measure all ways and print one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="of which the median is taken (%(default)s)")
    runs = parser.parse_args().runs
    told: dict[str, object] = {}
    with insights_sink() as sink:
        bare = medians("", sink, runs)
        for name, code in WAYS.items():
            whole = medians(code + _REPORT + _TELL, sink, runs)
            told[name] = {key: round(whole[key] - bare[key], 1) for key in bare} | {"known": truths(code, sink)}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def truths(code: str, sink: InsightsSink) -> dict[str, str]:
    """Return, for each trouble, what was taken and what is known to be taken."""
    found = {}
    for trouble, faults in TROUBLE.items():
        sink.faults, sink.taken = dict(faults), []
        known = measure(code + _REPORT + _TELL, sink)["known"]
        found[trouble] = f"{len(sink.taken)} taken, {'all told' if known is None else f'{known} known to be'}"
    return found


if __name__ == "__main__":
    main()
