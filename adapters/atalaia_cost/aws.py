"""What a workload uses of AWS: Lambda behind a queue that S3 notifies, on a schedule, with CloudWatch."""

from __future__ import annotations

from atalaia_cost import figures as of
from atalaia_cost.activity import Activity, activity_of, series_of
from atalaia_cost.items import Usage
from atalaia_cost.workload import Workload

WAYS = ("cloudwatch", "emf", "otlp", "cloudwatch-otlp")
NOT_COUNTED = (
    "cold starts, status pages, policies' jobs, data that leaves the region, KMS keys, and who else uses the account",
    "the log objects themselves, which are there without Atalaia",
)
_GB = 1e9


def uses(work: Workload) -> list[Usage]:
    """Return what a month of *work* uses."""
    most, wait = (work.batch, work.batch_seconds) if work.queue else (1, 0.0)
    done = activity_of(work, most, wait)
    return [*_functions(work, done), *_stores(work, done), *_metrics(work, done), *_logs(work, done), *_watching(work)]


def _functions(work: Workload, done: Activity) -> list[Usage]:
    calls = done.ingest_calls + done.evaluate_calls
    requests = done.ingest.total + done.evaluate.total
    share = min(1.0, work.aws_memory / of.LAMBDA_MB)
    processor = done.ingest_seconds + done.evaluate_seconds + requests * of.ASK_SECONDS
    seconds = (processor / share + requests * of.WAIT_SECONDS) * work.aws_memory / 1024
    polls = of.IDLE_POLLS * of.MONTH_SECONDS + work.objects * 1.2 if work.queue else 0.0
    return [
        Usage("lambda_requests", "Lambda calls", calls, "log objects, --batch, --every"),
        Usage(f"lambda_{work.architecture}", "Lambda time", seconds, "rows, columns, --every, --memory"),
        Usage("schedules", "Schedule", done.evaluate_calls, "--every"),
        Usage("sqs_requests", "SQS requests", polls, "log objects; an idle queue, too"),
    ]


def _stores(work: Workload, done: Activity) -> list[Usage]:
    asked = done.ingest + done.evaluate
    kept = done.stored_bytes * work.kept_months / _GB
    return [
        Usage("s3_writes", "S3 writes and lists", asked.writes + asked.lists, "log objects, --every, new reports"),
        Usage("s3_reads", "S3 reads", asked.reads, "log objects, --every, new reports"),
        Usage("s3_storage", "S3 storage", kept, "new reports, columns, --months"),
    ]


def _metrics(work: Workload, done: Activity) -> list[Usage]:
    way, series = work.aws_way, series_of(work)
    hours = min(1.0, done.reports / of.MONTH_HOURS)  # CloudWatch counts a series in the hours in which it is sent
    calls = of.CALL_SERIES * (1 + min(1.0, done.ingest_calls / of.MONTH_HOURS)) if way != "otlp" else 0.0
    own = series * hours if way in ("cloudwatch", "emf") else 0.0
    sent = -(-series // of.MOST_DATUMS) * done.reports if way == "cloudwatch" else 0.0
    gigabytes = done.points * of.OTLP_POINT / _GB if way == "cloudwatch-otlp" else 0.0
    return [
        Usage("custom_metrics", "CloudWatch series", own + calls, "--detail, columns, --segments"),
        Usage("metric_requests", "PutMetricData", sent, "new reports"),
        Usage("otlp_metrics", "CloudWatch OTLP metrics", gigabytes, "new reports, --detail"),
    ]


def _logs(work: Workload, done: Activity) -> list[Usage]:
    calls = done.ingest_calls + done.evaluate_calls
    lines = calls * (of.CALL_LINE + of.PLATFORM_LINES + 3 * of.LOG_EVENT)
    told = of.REPORT_LINE + of.LOG_EVENT + work.findings * (of.FINDING_LINE + of.LOG_EVENT)
    points = done.points * (of.EMF_LINE + of.LOG_EVENT) if work.aws_way == "emf" else 0.0
    gigabytes = (lines + done.reports * told + points) / _GB
    return [
        Usage("logs", "CloudWatch Logs", gigabytes, "new reports x findings, calls"),
        Usage("logs_kept", "CloudWatch Logs, kept", gigabytes * work.kept_months, "the same, --months"),
    ]


def _watching(work: Workload) -> list[Usage]:
    return [
        Usage("alarms", "CloudWatch alarms", work.alarms, "--alarms"),
        Usage("dashboards", "CloudWatch dashboards", work.dashboards, "--dashboards"),
    ]
