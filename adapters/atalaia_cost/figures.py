"""What a piece of Atalaia's work takes: measured figures, each with where it was measured, and a few that are assumed.

Tests hold the sizes and counts to what the code does, and the speeds to what the documents say.
"""

from __future__ import annotations

from atalaia.monitor_file import LogFormat

MONTH_SECONDS = 30 * 86_400
MONTH_HOURS = MONTH_SECONDS / 3600

# Speed. docs/aws.md: "objects per processor second" of `make bench-lambda`, 2 KB and 1 MB of 1,000 rows and 50 columns.
SMALL_OBJECTS_PER_SECOND, OBJECTS_OF_1000_ROWS_PER_SECOND = 458, 35
BENCHMARK_COLUMNS = 50
# docs/benchmarks.md: "rows per CPU second", which tells the formats apart.
ROWS_PER_SECOND = {
    LogFormat.PARQUET: 482_971,
    LogFormat.CSV: 85_979,
    LogFormat.JSONL: 84_761,
    LogFormat.SAGEMAKER: 79_029,
    LogFormat.AZUREML: 69_430,
}
# docs/benchmarks.md: merging 1,000 profiles of 50 columns takes 2.61 s.
MERGE_SECONDS = 2.61 / 1000 / BENCHMARK_COLUMNS
# One report of 50 numeric columns, with its events and points, took 0.1 s of processor time.
REPORT_SECONDS = 0.002

# Assumed, as no cloud was at hand: how long a function waits for a store's answer, and what asking takes of processors.
WAIT_SECONDS, ASK_SECONDS = 0.025, 0.001

# Sizes in bytes, of columns and names of ordinary length.
FINDING_LINE, REPORT_LINE, CALL_LINE = 480, 360, 900  # in the log, as JSON; a call's with its metrics
PLATFORM_LINES = 800  # what Lambda writes of each call in JSON: its start, its report
LOG_EVENT = 26  # what CloudWatch adds to each line
EMF_LINE, OTLP_POINT = 420, 300  # of one point
FINDING_EVENT, REPORT_EVENT, POINT_EVENT = 790, 700, 457  # Application Insights' envelopes
CALL_EVENT = 1_600  # the line of a call in `traces`, and the host's request: assumed
REPORT_BASE, REPORT_NUMERIC, REPORT_OTHER, REPORT_INPUT = 1_500, 6_760, 2_900, 260  # a stored report
PROFILE_BASE, PROFILE_OTHER, PROFILE_NUMERIC_MOST = 600, 60, 12_200  # a stored profile
PROFILE_NUMERIC, PROFILE_VALUE = 150, 10.5  # of a numeric column, and of each of its first values
CELL_BYTES = 20  # a value in JSON lines: 1 MB for 1,000 rows of 50 columns

# Series. `atalaia.telemetry` and `atalaia.operations`; the tests count them.
SUMMARY_SERIES = 9
CALL_SERIES = 5  # of `ingest`, and of `evaluate`
MOST_DATUMS = 1000  # in one PutMetricData

# How calls come about.
PACKET_LOGS, PACKET_BYTES, SMALL_BYTES, PIECE_BYTES = 1000, 16 << 20, 2 << 20, 8 << 20
WORTH_KEEPING = 8
REFRESH_SECONDS = 60
PAGE = 1000
QUEUE_BATCH, QUEUE_SECONDS = 1024, 5  # Azure: docs/azure.md
IDLE_POLLS = 5 / 20  # AWS: five pollers of a queue, each waiting 20 s for a message

# Processors. A whole one comes with so much memory, in MB.
LAMBDA_MB, FLEX_MB = 1769, 2048
FLEX_LEAST_SECONDS, FLEX_STEP_SECONDS = 1.0, 0.1
