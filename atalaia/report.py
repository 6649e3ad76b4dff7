"""What one window's evaluation found, as it is stored, printed and drawn.

What a report has many of is left out of garbage collection (`gc=False`): it is in no cycle, and takes long to search.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from atalaia.errors import StoredFormError

SCHEMA = "atalaia.report/1"


class Mover(Struct, frozen=True, gc=False):
    """A bin or category whose share has changed: its label, and its share on both sides, 0..1."""

    label: str
    baseline: float
    current: float


class Past(Struct, frozen=True, gc=False):
    """A limit that the baseline's own windows set, in the metric's unit as all values here.

    Attributes:
        limit: The largest value that is still fine; for `row_count`, the smallest.
        windows: How many windows of the baseline it follows from.
        rows: Rows of the middle one of these; for `row_count` the same as `median`.
        median: The middle of their values.
        timed: Whether they are windows of time; else the baseline's rows had no times and were cut into equal parts.
        spread: Their robust standard deviation, and how many of these are fine (`k`); or else
        quantile: which quantile of the values is the limit.
    """

    limit: float
    windows: int
    rows: int
    median: float
    timed: bool
    spread: float | None = None
    k: float | None = None
    quantile: float | None = None


class Evidence(Struct, frozen=True, gc=False):
    """What a finding of drift rests on.

    Attributes:
        baseline_rows: Values of the baseline.
        rows: Values of the window; over time, of all windows.
        basis: Where the limit comes from: `chance` (what windows of this size stay under without drift, or the floor if
            that is larger), `given` (the monitor file), `history` (the baseline's own windows) or `time` (chance, over
            many windows).
        alert: The limit of alerts; None where there are only warnings.
        floor: Values up to this are of no interest, however sure; in the metric's unit.
        p_value: How likely so large a value is without drift, corrected for all that was tested together.
        tested: How many values were tested together: columns, and segments.
        detectable: The smallest true value that four windows out of five of this size tell of.
        shift: The same in terms of the column: standard deviations by which all numbers move, or by how much the share
            of the commonest category does.
        windows: Over so many windows.
        moved: What moved most, the largest change first.
        past: Of a limit from history: how it came about.
    """

    baseline_rows: int
    rows: int
    basis: str
    alert: float | None = None
    floor: float | None = None
    p_value: float | None = None
    tested: int | None = None
    detectable: float | None = None
    shift: float | None = None
    windows: int = 1
    moved: tuple[Mover, ...] = ()
    past: Past | None = None


class Finding(Struct, frozen=True, gc=False):
    """The outcome of one check.

    Attributes:
        signal: What was watched: `data_drift`, `prediction_drift`, `multivariate_drift`, `quality`, `stability`,
            `performance` or `change`.
        metric: The metric's name; where a column has several values of it, with the part's: `pattern_share[email]`.
        column: Where; None for a metric of the whole window.
        segment: `column=value`; `column (rest)` for rows with no value that is told apart; None for all rows.
        value: What was measured; None when it could not be.
        threshold: The limit that decided: the one passed, or the next one above.
        status: `ok`, `warning`, `alert` or `undecided`.
        message: One sentence for people.
        evidence: Of drift, and where history sets the limit: what it rests on.
    """

    signal: str
    metric: str
    column: str | None
    segment: str | None
    value: float | None
    threshold: float | None
    status: str
    message: str
    evidence: Evidence | None = None


class Bars(Struct, frozen=True, gc=False):
    """Shares of the values for a picture, the same bars for baseline and current.

    Attributes:
        labels: What each bar holds: a category's name, or an interval of numbers in words (`12.5 … 20`); of free text,
            an interval of lengths.
        edges: For numeric columns and free text, the len(labels) - 1 inner edges, rising; the outer bars are open. Else
            empty.
        baseline: Share of the baseline's values in each bar, 0..1.
        current: The same for the window.
    """

    labels: tuple[str, ...]
    edges: tuple[float, ...]
    baseline: tuple[float, ...]
    current: tuple[float, ...]


class Summary(Struct, frozen=True, gc=False):
    """One column's values on one side of the comparison; None where it does not apply.

    Attributes:
        rows: Rows in which the column was captured.
        missing_share: Share of these rows without a value, 0..1.
        distinct: Distinct values, estimated above about a thousand; not known of free text.
        mean, std, min, max: Of the finite numbers, or of the lengths of free text in characters; std is the
            population's.
    """

    rows: int
    missing_share: float | None
    distinct: float | None
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    max: float | None = None


class ColumnReport(Struct, frozen=True, gc=False):
    """Everything measured on one column (of one segment).

    Attributes:
        bounds: For metrics that the profile knows only within an interval, `[low, high]` around the exact value.
    """

    column: str
    segment: str | None
    kind: str
    role: str
    status: str
    metrics: dict[str, float | None]
    bounds: dict[str, tuple[float, float]]
    p_values: dict[str, float | None]
    baseline: Summary
    current: Summary
    bars: Bars


class Rest(Struct, frozen=True):
    """What one side of the comparison holds of a segment column beside the values told apart.

    Attributes:
        rows: Rows that hold another value, or none.
        values: Distinct values in them, estimated above about a thousand.
    """

    rows: int
    values: int


class SegmentColumn(Struct, frozen=True):
    """How a column divides the rows: a segment for each value told apart, and one for all other rows.

    Attributes:
        column: Its name.
        told_apart: The names of the segments of one value each, the baseline's commonest first.
        rest: The name of the segment of all other rows.
        baseline: What the rest was in the baseline.
        current: What it is in the window.
    """

    column: str
    told_apart: tuple[str, ...]
    rest: str
    baseline: Rest
    current: Rest


class Input(Struct, frozen=True, gc=False):
    """One log object that went into the report.

    Attributes:
        log: Its URI.
        etag: Its ETag when it was read; empty if it was gone, or grows and was read in parts.
        format: The format it was read as.
        rows: Rows profiled from it in this window.
        rejected: Rows rejected from it in this window.
        used: False if it was left out, because it was profiled on another baseline.
    """

    log: str
    etag: str
    format: str
    rows: int
    rejected: int
    used: bool = True


MOST_INPUTS = 1000
"""A report lists so many log objects at most."""


def digest_of(inputs: Sequence[Input]) -> str:
    """Return the SHA-256 of all inputs, which must be in the order of their URIs."""
    return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()


class BaselineRef(Struct, frozen=True):
    """The baseline compared against: its version, its key in the output store, its rows."""

    version: str
    key: str
    rows: int


class Trail(Struct, frozen=True):
    """What a monitor carries from window to window since its baseline was made.

    Attributes:
        after: Key of the report that this one continues; None for the first.
        windows: So many windows with rows there were, this one included.
        told: In so many of them drift was told of that chance judges, as a warning or an alert.
        rate: In windows without drift that is promised to happen with this probability at most.
        columns: By column and span (`atalaia.signals.over_time.spans`), how many values there were and the sum of each
            statistic over them.
    """

    after: str | None
    windows: int
    told: int
    rate: float
    columns: dict[str, tuple[tuple[float, ...], ...]]


class Gathering(Struct, frozen=True):
    """That a new baseline is to come, of which the window was judged without it yet.

    Attributes:
        because: What it follows, in words.
        since: When the new model began, ISO 8601 UTC.
        healthy: So many healthy windows there were before this one.
        windows: So many it takes; 0 where it comes from data.
        data: The data that it is to be made of; empty where it is of windows.
    """

    because: str
    since: str
    healthy: int
    windows: int
    data: str = ""


class Report(Struct, frozen=True):
    """All findings of one window.

    How often the window was evaluated before, and when, is no part of it: the same log objects give the same bytes, in
    whatever order and however often they arrived, but for what the windows before it carried on (`trail`). The number
    of the revision is in the key it is stored under.

    Attributes:
        schema: The stored form's name and version.
        monitor: The monitor's name.
        model: The model's name.
        model_version: As the monitor file gives it.
        start: First moment of the window, ISO 8601 UTC.
        end: First moment after it.
        final: Whether the window was past its lateness when it was evaluated.
        status: The worst status among the findings: alert, warning, undecided, ok.
        rows: Rows profiled; with `rejected` they add up to the rows read.
        captured: Of `rows`, how many carried each side (input, output, label).
        rejected: Rows rejected, by reason.
        late: Of `rows`, how many were logged after the window's lateness had passed.
        times: Of `rows`, how many were dated by their event, record, path or object time.
        last_row: The minute in which the last row happened, ISO 8601 UTC; None without rows.
        findings: In order of status (worst first), signal, column, metric.
        columns: What was measured, in the monitor file's order.
        logs: How many log objects it is made of.
        inputs: These, in the order of their URIs; of very many, the first `MOST_INPUTS`.
        inputs_digest: A digest of all of them.
        baseline: What was compared against.
        definition: Key, in the output store, of the monitor file that the report was made under.
        trail: What is carried on to the next window.
        segments: How the rows were divided, for each segment column.
        model_versions: Rows by version of the model, where the logs tell it (`atalaia.versions`).
        gathering: That a new baseline is being made, if one is.
    """

    schema: str
    monitor: str
    model: str
    model_version: str | None
    start: str
    end: str
    final: bool
    status: str
    rows: int
    captured: dict[str, int]
    rejected: dict[str, int]
    late: int
    times: dict[str, int]
    findings: tuple[Finding, ...]
    columns: tuple[ColumnReport, ...]
    logs: int
    inputs: tuple[Input, ...]
    inputs_digest: str
    baseline: BaselineRef
    definition: str
    last_row: str | None = None
    trail: Trail | None = None
    segments: tuple[SegmentColumn, ...] = ()
    model_versions: dict[str, int] = {}
    gathering: Gathering | None = None


def to_json(report: Report) -> bytes:
    """Return the stored form: strict JSON, one line a member, the same bytes for the same report."""
    return msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=1) + b"\n"


def report_from_json(data: bytes, where: str) -> Report:
    """Read the stored form of the object *where*.

    Raises:
        StoredFormError: The bytes are no report, or one of another version.
    """
    try:
        report = msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError as error:
        msg = f"{where}: not a report. Give a file such as reports/20260301T000000Z/r1.json."
        raise StoredFormError(msg) from error
    if report.schema != SCHEMA:
        msg = f"{where}: a report of the form {report.schema!r}, but this release reads {SCHEMA!r}."
        raise StoredFormError(msg)
    return report
