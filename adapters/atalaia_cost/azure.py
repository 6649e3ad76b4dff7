"""What a workload uses of Azure: a Flex Consumption app behind Event Grid, on timers, with Application Insights."""

from __future__ import annotations

import math

from atalaia.monitor_file import LogFormat
from atalaia_cost import figures as of
from atalaia_cost.activity import Activity, activity_of
from atalaia_cost.items import Usage
from atalaia_cost.workload import Workload

WAYS = ("application-insights", "azure-monitor", "otlp")
NOT_COUNTED = (
    "always-ready instances, cold starts, status pages, policies' jobs, data that leaves the region",
    "the log objects themselves, which are there without Atalaia",
    "how `collect` reads what is appended: it is priced as if objects came by events",
)
MEMORIES = (512, 2048, 4096)
_GB = 1e9
_RECEIVED = 32  # messages in one answer of a queue


def uses(work: Workload) -> list[Usage]:
    """Return what a month of *work* uses."""
    most, wait = (of.QUEUE_BATCH, of.QUEUE_SECONDS) if work.queue else (1, 0.0)
    done = activity_of(work, most, wait)
    return [*_functions(work, done), *_stores(work, done), *_telemetry(work, done)]


def _functions(work: Workload, done: Activity) -> list[Usage]:
    collects = _collects(work)
    memory = work.azure_memory
    share = min(1.0, memory / of.FLEX_MB)
    ingest = _seconds(done.ingest_calls, done.ingest_seconds, done.ingest.total, share)
    evaluate = _seconds(done.evaluate_calls, done.evaluate_seconds, done.evaluate.total, share)
    gb_seconds = (ingest + evaluate + collects * of.FLEX_LEAST_SECONDS) * memory / 1024
    calls = done.ingest_calls + done.evaluate_calls + collects
    return [
        Usage("executions", "Function calls", calls, "log objects, timers"),
        Usage("gb_seconds", "Function time", gb_seconds, "calls (a second at least), --memory"),
    ]


def _collects(work: Workload) -> float:
    """Return how often `collect` is called: as `evaluate`, where there are logs that it reads."""
    return of.MONTH_SECONDS / work.every_seconds if work.shape.format is LogFormat.AZUREML else 0.0


def _seconds(calls: float, processor: float, requests: float, share: float) -> float:
    """Return what calls count for: each for its mean time, in steps, and not less than the least."""
    if not calls:
        return 0.0
    mean = ((processor + requests * of.ASK_SECONDS) / share + requests * of.WAIT_SECONDS) / calls
    steps = math.ceil(mean / of.FLEX_STEP_SECONDS) * of.FLEX_STEP_SECONDS
    return calls * max(of.FLEX_LEAST_SECONDS, steps)


def _stores(work: Workload, done: Activity) -> list[Usage]:
    asked = done.ingest + done.evaluate
    kept = done.stored_bytes * work.kept_months / _GB
    messages = work.objects * (2 + 1 / _RECEIVED) + 3 * done.ingest_calls if work.queue else 0.0
    events = 2 * work.objects + asked.writes  # what Atalaia writes raises events, too, that nobody is sent
    return [
        Usage("blob_writes", "Blob writes and lists", asked.writes + asked.lists, "log objects, new reports"),
        Usage("blob_reads", "Blob reads", asked.reads, "log objects, new reports"),
        Usage("blob_storage", "Blob storage", kept, "new reports, columns, --months"),
        Usage("queue_operations", "Queue operations", messages, "log objects"),
        Usage("event_grid", "Event Grid", events, "log objects, blob writes"),
    ]


def _telemetry(work: Workload, done: Activity) -> list[Usage]:
    calls = done.ingest_calls + done.evaluate_calls + _collects(work)
    points = done.points + of.CALL_SERIES * calls if work.azure_way != "otlp" else 0.0
    told = of.REPORT_EVENT + work.findings * of.FINDING_EVENT
    gigabytes = (calls * of.CALL_EVENT + done.reports * told + points * of.POINT_EVENT) / _GB
    return [
        Usage("log_analytics", "Log Analytics", gigabytes, "new reports x findings, --detail"),
        Usage("log_alerts", "Alert rules", work.alarms, "--alarms"),
    ]
