"""How findings are put into words and numbers, the same on paper and in a terminal."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from atalaia.report import Finding, Report, SegmentColumn

STATUSES = ("alert", "warning", "undecided", "ok")
"""Every status, worst first."""

NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""

_METRICS = {
    "psi": "PSI",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "cramer_von_mises": "Cramér-von Mises",
    "jensen_shannon": "Jensen-Shannon",
    "jensen_shannon_divergence": "Jensen-Shannon, divergence",
    "kullback_leibler": "Kullback-Leibler",
    "l_infinity": "L-infinity",
    "l_infinity_robust": "L-infinity, robust",
    "hellinger": "Hellinger",
    "wasserstein": "Wasserstein",
    "wasserstein_normalised": "Wasserstein, normalised",
    "cohen_w": "Cohen's w",
    "chi_square": "chi-square",
    "g_test": "G-test",
    "nan": "NaN",
    "f1": "F1",
    "area_under_roc": "area under ROC",
    "r_squared": "R²",
}
_SHARES = frozenset(
    {
        "missing", "type_errors", "out_of_range", "out_of_set", "off_pattern", "extra_column", "empty", "pattern_share",
        "rejected", "late", "duplicates", "undated", "nan", "infinity", "denormal", "overflow",
        "lost_resolution", "segment_rest", "data_type_check", "completeness_check", "categorical_values_check",
        "accuracy", "precision", "recall",
    }
)  # fmt: skip
_FLAGS = frozenset({"missing_column", "constant"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSHOWABLE = {"Cc": "\N{REPLACEMENT CHARACTER}", "Cs": "\N{REPLACEMENT CHARACTER}"}
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COUNTED_EXACTLY = 1000  # distinct values; beyond, their number is an estimate
_LARGEST_PLAIN, _SMALLEST_PLAIN = 1e15, 1e-4


def printable(text: str) -> str:
    r"""Return *text* without what could steer a terminal or a page: control characters, lone surrogates, bidi marks.

    Example:
        >>> printable("a\tb\x1b[31m")
        'a b�[31m'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_showable(character) for character in text)


def _showable(character: str) -> str:
    if character in "\t\r\n":
        return " "
    if character in _BIDI:
        return ""
    return _UNSHOWABLE.get(unicodedata.category(character), character)


def shortened(text: str, length: int = 60) -> str:
    """Return *text* in at most *length* characters, with `…` for a middle that was cut out.

    Example:
        >>> shortened("abcdefghij", 7)
        'abcd…ij'
    """
    if len(text) <= length:
        return printable(text)
    tail = (length - 1) // 3
    return printable(f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}")


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return the first *most* names, and how many there are beside them.

    Example:
        >>> listed(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shortened, names[:most])) + more


def segments(found: SegmentColumn) -> str:
    """Say which values of a column are segments of their own, and what the rest of the window's rows is.

    Example:
        >>> from atalaia.report import Rest
        >>> segments(SegmentColumn("region", ("region=a", "region=b"), "region (rest)", Rest(0, 0), Rest(70, 4)))
        '3 segments of region: region=a, region=b; region (rest) is the other 70 rows, with 4 other values or none'
    """
    rest = found.current
    names = f"{listed(found.told_apart)}; {shortened(found.rest)}"
    told = f"{plural(len(found.told_apart) + 1, 'segment')} of {shortened(found.column)}: {names} is "
    if not rest.rows:
        return f"{told}empty"
    about = "about " if rest.values > _COUNTED_EXACTLY else ""
    return f"{told}the other {plural(rest.rows, 'row')}, with {about}{plural(rest.values, 'other value')} or none"


def to_come(report: Report) -> list[str]:
    """Say that a new baseline is to come, if one is."""
    told = [finding.message for finding in report.findings if finding.metric == "new_baseline"]
    return [f"A new baseline is to come: {printable(message)}." for message in told]


def plural(count: int, one: str, many: str = "") -> str:
    """Return *count* with its noun.

    Example:
        >>> plural(1, "alert"), plural(1200, "alert")
        ('1 alert', '1,200 alerts')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: float | None) -> str:
    """Write a number with four significant digits and thousands separators; a dash where there is none.

    Example:
        >>> number(0.123456), number(12345.6), number(2.5e-7), number(3.0)
        ('0.1235', '12,346', '2.5e-7', '3')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if not value:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return _scientific(value)
    if value % 1 == 0:
        return f"{value:,.0f}"
    decimals = max(0, 3 - _exponent(value))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(value: float) -> int:
    return int(f"{value:.3e}".partition("e")[2])


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def percent(share: float | None) -> str:
    """Write a share of 0..1 as a percentage; never 0% for some, never 100% for not all.

    Example:
        >>> percent(0.0312), percent(0.123456), percent(0.00001), percent(0.99999)
        ('3.12%', '12.35%', '0.001%', '>99.99%')
    """
    if share is None or not math.isfinite(share):
        return NOTHING
    if not share:
        return "0%"
    rounded = round(share * 100, 2)
    if share < 1 and rounded >= 100:
        return ">99.99%"
    return f"{number(share * 100 if abs(share) < 0.0001 else rounded)}%"


def compact(count: int) -> str:
    """Write a count in at most four characters.

    Example:
        >>> compact(950), compact(1234), compact(12_345), compact(999_999), compact(3_400_000_000)
        ('950', '1.2k', '12k', '1M', '3.4G')
    """
    value, unit, units = float(count), "", iter("kMGTPE")
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    text = f"{value:.1f}" if unit and value < 9.95 else f"{value:.0f}"
    return text.removesuffix(".0") + unit


def is_share(metric: str) -> bool:
    """Tell whether a metric is a share of 0..1, which is written as a percentage."""
    return metric.partition("[")[0] in _SHARES


def measured(metric: str, value: float | None) -> str:
    """Write the *value* of a *metric* in its unit.

    Example:
        >>> measured("missing", 0.25), measured("psi", 0.25), measured("constant", 1.0)
        ('25%', '0.25', 'yes')
    """
    if metric in _FLAGS and value in (0, 1):
        return "yes" if value else "no"
    return percent(value) if is_share(metric) else number(value)


def metric_name(metric: str) -> str:
    """Return the name that people give to a metric.

    Example:
        >>> metric_name("psi"), metric_name("type_errors"), metric_name("pattern_share[e_mail]")
        ('PSI', 'type errors', 'pattern share: e_mail')
    """
    plain, _, part = metric.partition("[")
    name = _METRICS.get(plain, plain.replace("_", " "))
    return f"{name}: {part.removesuffix(']')}" if part else name


def by_reason(rejected: Mapping[str, int]) -> str:
    """List why rows were rejected.

    Example:
        >>> by_reason({"row_count": 4, "not_json": 1200})
        '1,200 not_json, 4 row_count'
    """
    return ", ".join(f"{rows:,} {reason}" for reason, rows in sorted(rejected.items()))


def worst(statuses: Iterable[str], default: str = "") -> str:
    """Return the worst of some statuses, or *default* where there is none."""
    return min(statuses, key=severity, default=default)


def severity(status: str) -> int:
    """Return a status's rank, 0 for the worst; what is unknown comes last."""
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings have each status; every status is there."""
    tally = Counter(finding.status for finding in findings)
    return {status: tally[status] for status in STATUSES}


def verdict(reports: Sequence[Report]) -> str:
    """Return the one sentence that says how the windows are."""
    tally = counts(finding for report in reports for finding in report.findings)
    bad = sum(report.status in ("alert", "warning") for report in reports)
    trouble = [plural(tally[status], status) for status in ("alert", "warning") if tally[status]]
    if trouble:
        where = f" in {bad:,} of {len(reports):,} windows" if len(reports) > 1 else ""
        return " and ".join(trouble) + where
    if tally["ok"]:
        return f"All fine in {plural(len(reports), 'window')}" if len(reports) != 1 else "All fine"
    if tally["undecided"]:
        return "Undecided: too few rows to judge"
    return "Nothing was checked"


def unjudged(reports: Sequence[Report]) -> str:
    """Return what to add to a verdict about checks that were undecided beside others that were not, or ""."""
    tally = counts(finding for report in reports for finding in report.findings)
    if not tally["undecided"] or tally["undecided"] == sum(tally.values()):
        return ""
    return f"{plural(tally['undecided'], 'check')} could not be judged"


def day(text: str) -> str:
    """Return the day of an ISO 8601 moment.

    Example:
        >>> day("2026-03-01T06:30:00Z")
        '1 Mar 2026'
    """
    date = datetime.fromisoformat(text)
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def clock(text: str) -> str:
    """Return the time of day of an ISO 8601 moment, "" for midnight.

    Example:
        >>> clock("2026-03-01T06:30:00Z"), clock("2026-03-01T00:00:00Z")
        ('06:30', '')
    """
    time = datetime.fromisoformat(text).time()
    return "" if time == time.min else time.isoformat("auto" if time.second else "minutes")


def moment(text: str) -> str:
    """Write an ISO 8601 moment for people.

    Example:
        >>> moment("2026-03-01T00:00:00Z"), moment("2026-03-01T06:30:00Z")
        ('1 Mar 2026', '1 Mar 2026 06:30')
    """
    return f"{day(text)} {clock(text)}".strip()


def starts(first: str, last: str) -> str:
    """Write the starts of the first and the last of several windows, one where they are the same.

    Example:
        >>> starts("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z")
        '1 Mar 2026 to 3 Mar 2026'
        >>> starts("2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z")
        '1 Mar 2026 06:00'
    """
    return moment(first) if first == last else f"{moment(first)} to {moment(last)}"


def span(start: str, end: str) -> str:
    """Write the interval from *start* up to, not including, *end*; whole days by their first and last.

    Example:
        >>> span("2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z")
        '1 Mar 2026 to 3 Mar 2026'
        >>> span("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
        '1 Mar 2026'
        >>> span("2026-03-01T00:00:00Z", "2026-03-01T06:00:00Z")
        '1 Mar 2026 00:00 to 06:00 UTC'
    """
    if not clock(start) and not clock(end):
        last = day((datetime.fromisoformat(end) - timedelta(days=1)).isoformat())
        return day(start) if last == day(start) else f"{day(start)} to {last}"
    until = clock(end) or "00:00"
    return f"{day(start)} {clock(start) or '00:00'} to {until if day(end) == day(start) else f'{day(end)} {until}'} UTC"
