"""What is printed for a person: the verdict first, every fact once, and user strings as they are."""

import io
import re

import msgspec
import numpy as np
import pytest
import reports
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st
from reports import a_finding
from rich.console import Console

from atalaia.monitoring.receipts import Receipt
from atalaia.outgrown import outgrown
from atalaia.profile import NumericGrid
from atalaia.report import Evidence, Finding, Rest, SegmentColumn, Trail
from atalaia.window import Window
from atalaia_cli.acting import Told
from atalaia_cli.terminal import print_compare, print_faults, print_ingested, print_reports


def printed(function, *arguments, width=80, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    function(console, *arguments)
    return console.file.getvalue()


def one_line(text):
    return re.sub(r"\s+", " ", text)


def a_report(*findings, **changes):
    """A report of a window with as many rows as stand in the tests below."""
    return reports.a_report(findings, **{"rows": 12_480, "rejected": {"not_json": 17}} | changes)


def a_comparison(*columns):
    return {"reference": {"rows": 200_000}, "current": {"rows": 11_874}, "columns": list(columns)}


def compared(column, value, status, kind="numeric"):
    finding = {"metric": "kolmogorov_smirnov", "value": value, "threshold": 0.1, "status": status}
    metrics = {"kolmogorov_smirnov": value, "jensen_shannon": 0.0123, "psi": None}
    return {"column": column, "kind": kind, "metrics": metrics, "p_values": {}, "finding": finding}


def test_the_first_line_is_the_verdict():
    text = printed(print_reports, [a_report(a_finding()), a_report(a_finding("warning"), day=2)], None)

    assert text.splitlines()[0] == "✗ 1 alert and 1 warning in 2 of 2 windows"


def test_the_segments_of_the_latest_window_are_told():
    found = [SegmentColumn("region", ("region=a",), "region (rest)", Rest(0, 0), Rest(rows, 1)) for rows in (7, 1)]

    text = one_line(printed(print_reports, [a_report(segments=(each,), day=1) for each in found], None))

    assert "2 segments of region: region=a; region (rest) is the other 1 row, with 1 other value or none." in text
    assert "7 rows" not in text


def test_each_window_has_a_line_with_its_rows_rejects_and_findings():
    findings = (a_finding(), a_finding(column="age"), a_finding("warning", "x"), a_finding("undecided", "y"))

    text = one_line(printed(print_reports, [a_report(*findings), a_report(day=2, final=False)], None))

    assert "1 Mar 2026 12,480 17 2 1 1 final" in text
    assert "2 Mar 2026 12,480 17 0 0 0 provisional" in text


@pytest.mark.parametrize("width", [80, 130])
def test_a_finding_shows_status_column_metric_value_limit_and_meaning(width):
    text = one_line(printed(print_reports, [a_report(a_finding(segment="region=north"))], None, width=width))

    facts = ("✗ alert", "income where region=north", "PSI", "0.31", "0.2", "PSI of income is 0.31")
    assert all(fact in text for fact in facts)


@pytest.mark.parametrize("width", [80, 130])
def test_in_several_windows_a_finding_says_in_which_one(width):
    reports = [a_report(a_finding("ok")), a_report(a_finding(), day=2)]

    text = one_line(printed(print_reports, reports, None, width=width))

    assert text.count("2 Mar 2026") == 3


def test_a_finding_without_a_limit_shows_none():
    finding = Finding("quality", "row_count", None, None, 0.0, None, "alert", "no rows at all")

    assert "all rows row count 0 no rows" in one_line(printed(print_reports, [a_report(finding)], None))


def test_findings_that_are_ok_are_not_listed():
    assert "age" not in printed(print_reports, [a_report(a_finding(), a_finding("ok", "age"))], None)


def test_undecided_findings_are_folded_into_a_count():
    text = printed(print_reports, [a_report(a_finding("ok"), a_finding("undecided", "age"))], None)

    assert "1 check could not be judged" in text
    assert "age" not in text


def test_a_check_that_is_bad_in_several_windows_is_told_once_with_its_latest_value():
    reports = [a_report(a_finding(value=0.31)), a_report(a_finding(value=0.37), day=2)]

    text = one_line(printed(print_reports, reports, None))

    assert "PSI 0.37, limit 0.2 2 Mar 2026, also 1 Mar 2026" in text
    assert "PSI 0.31" not in text


def test_an_alert_is_told_before_a_later_warning_of_the_same_check():
    text = one_line(printed(print_reports, [a_report(a_finding()), a_report(a_finding("warning"), day=2)], None))

    assert "1 Mar 2026, also 2 Mar 2026 (warning)" in text


def test_that_a_grid_no_longer_fits_is_told_whole():
    grid = NumericGrid(np.linspace(1000.125, 1001.875, 1001))
    before, now = (count_numbers(grid, np.linspace(low, low + 1.75, 5000)) for low in (1000.125, -2000.375))
    told = "income: share of values in one cell of the grid, beyond the baseline's is 100%, above the limit of 20%"
    told += outgrown(grid, before, now, Window(0, reports.DAY))

    assert told in one_line(printed(print_reports, [a_report(a_finding("warning", message=told))], None))


def test_alerts_come_before_warnings():
    text = printed(print_reports, [a_report(a_finding("warning", "first")), a_report(a_finding(column="second"))], None)

    assert text.index("second") < text.index("first")


def test_a_decision_has_its_windows_before_it_and_its_job_unbroken_below():
    job = "out/jobs/" + "0123456789abcdef" * 4 + ".json"
    decisions = [
        Told("1 Mar 2026 to 3 Mar 2026", "retrain: held back, it cools down", ""),
        Told("4 Mar 2026", "a", job),
    ]

    lines = printed(print_reports, [a_report()], None, decisions).splitlines()

    at = lines.index("Policies")
    assert [line.rstrip() for line in lines[at + 1 :]] == [
        "  1 Mar 2026 to 3 Mar 2026  retrain: held back, it cools down",
        "  4 Mar 2026                a",
        f"    {job}",
    ]


def test_of_many_decisions_the_latest_are_told_and_the_others_counted():
    decisions = [Told("1 Mar 2026", f"policy-{number}", "") for number in range(25)]

    text = printed(print_reports, [a_report()], None, decisions)

    assert "5 earlier decisions; --json has all" in text
    assert ("policy-4" in text, "policy-5" in text, "policy-24" in text) == (False, True, True)


def test_a_comparison_by_a_tool_names_it_once_for_a_column():
    column = compared("income", 0.3, "alert")
    column["finding"] |= {"metric": "jensenshannon[evidently]", "message": "income: Evidently would raise an alarm"}

    lines = printed(print_compare, a_comparison(column)).splitlines()

    (row,) = [line for line in lines if "0.3" in line]
    assert "jensenshannon " in row
    assert sum("vidently" in line for line in lines) == 1


def test_findings_beyond_fifty_are_counted():
    text = printed(print_reports, [a_report(*(a_finding(column=f"c{at}") for at in range(53)))], None)

    assert "and 3 more checks: c50, c51, c52" in one_line(text)


def test_the_place_of_the_report_is_on_one_line_however_long():
    place = "out/" + "very-long-folder/" * 10 + "overview.html"

    assert f"Report: {place}\n" in printed(print_reports, [a_report()], place)


def test_no_windows_are_said_to_be_none():
    assert "no rows were found" in printed(print_reports, [], None)


@pytest.mark.parametrize("width", [80, 130])
def test_markup_and_escapes_in_names_are_shown_and_not_obeyed(width):
    name = "[red]in[/red] [link=x]\x1b[31m"

    text = printed(print_reports, [a_report(a_finding(column=name))], None, width=width, force_terminal=True)

    plain = one_line(re.sub(r"\x1b\[[\d;]*m", "", text))
    assert "[red]in[/red] [link=x]\N{REPLACEMENT CHARACTER}[31m" in plain


def test_without_a_terminal_there_is_no_escape_sequence():
    assert "\x1b" not in printed(print_reports, [a_report(a_finding())], "report.html")


def test_the_verdict_needs_no_colour():
    text = printed(print_reports, [a_report(a_finding())], None, force_terminal=True, no_color=True)

    assert "✗" in text
    assert not re.search(r"\x1b\[[\d;]*3[1-7]", text)


@pytest.mark.parametrize("width", [80, 130])
def test_no_line_is_wider_than_the_terminal(width):
    findings = [a_finding(column="x" * 10_000, metric="m" * 200, segment="s" * 300), a_finding("warning", "y z " * 90)]

    text = printed(print_reports, [a_report(*findings)], None, width=width)

    assert max(map(len, text.splitlines())) <= width


@given(st.text(max_size=60))
def test_any_name_can_be_printed(name):
    assert "\x1b" not in printed(print_reports, [a_report(a_finding(column=name, segment=name))], name)


def test_a_comparison_begins_with_its_verdict_and_rows():
    text = printed(print_compare, a_comparison(compared("age", 0.01, "ok"), compared("income", 0.34, "alert")))

    assert text.splitlines()[0] == "✗ 1 alert in 2 columns"
    assert "200,000 reference rows against 11,874 current rows" in text


def test_compared_columns_are_ordered_by_status_then_by_their_distance_from_the_limit():
    columns = [
        compared("a", 0.01, "ok"),
        compared("b", 0.2, "alert"),
        compared("c", 0.3, "alert"),
        compared("d", 9, ""),
    ]

    text = printed(print_compare, a_comparison(*columns))

    assert re.findall(r"^. (?:alert|ok|not judged) +(\w)", text, re.MULTILINE) == ["c", "b", "a", "d"]


def test_what_no_compared_column_has_gets_no_column_of_its_own():
    text = printed(print_compare, a_comparison(compared("income", 0.34, "alert")), width=200)

    header = next(line for line in text.splitlines() if line.startswith("status"))
    assert [each for each in ("p-value", "KS", "JS", "PSI") if each in header.split()] == ["KS", "JS"]


def test_a_wide_comparison_shows_the_other_metrics_and_a_dash_where_there_is_none():
    other = compared("age", 0.01, "ok")
    other["metrics"]["psi"] = 0.02
    text = one_line(printed(print_compare, a_comparison(compared("income", 0.34, "alert"), other), width=130))

    assert "income numeric Kolmogorov-Smirnov 0.34 0.1 0.34 0.0123 \N{EN DASH}" in text
    assert "age numeric Kolmogorov-Smirnov 0.01 0.1 0.01 0.0123 0.02" in text


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([compared("a", 0.01, "ok")], "All fine: 1 of 1 column judged"),
        ([compared("a", None, "undecided")], "Undecided: too few rows to judge"),
        ([], "Nothing was compared"),
    ],
)
def test_the_verdict_of_a_comparison_without_trouble(columns, words):
    assert words in printed(print_compare, a_comparison(*columns)).splitlines()[0]


def test_markup_in_a_compared_column_is_shown():
    assert "[bold]x" in printed(print_compare, a_comparison(compared("[bold]x", 0.3, "alert")), force_terminal=True)


def test_every_fault_has_a_line_of_its_own():
    faults = ["checks[2].threshold: -0.1 is not above 0. " + "Give the largest PSI you accept. " * 4, "name: absent"]

    lines = printed(print_faults, "monitor.yaml", faults).splitlines()

    assert lines == ["✗ monitor.yaml has 2 faults", f"  {faults[0]}", "  name: absent"]


def test_a_fault_with_brackets_is_printed_as_it_is():
    assert "columns[0]: [red] is unknown" in printed(print_faults, "m.yaml", ["columns[0]: [red] is unknown"])


def test_a_file_without_faults_is_said_to_have_none():
    assert printed(print_faults, "monitor.yaml", []) == "✓ monitor.yaml has no faults\n"


def a_receipt(rows, **rejected):
    return Receipt("log", "etag", format="jsonl", why="asked", rows=rows, rejected=rejected)


def test_ingested_rows_are_rows_profiled_and_rows_rejected_by_reason():
    receipts = [(a_receipt(100, not_json=2), True), (a_receipt(50, not_json=1, row_count=4), True)]

    text = one_line(printed(print_ingested, receipts))

    assert "157 rows = 150 profiled + 7 rejected" in text
    assert "3 the line is not valid JSON" in text


def test_objects_known_from_before_are_not_counted_again():
    text = printed(print_ingested, [(a_receipt(100), True), (a_receipt(40), False)])

    assert "1 log object read, 1 known from before" in text
    assert "100 rows = 100 profiled + 0 rejected" in text


def many_windows(bad):
    return [a_report(a_finding("alert" if day in bad else "ok"), day=day) for day in range(1, 51)]


def test_of_more_than_forty_windows_the_bad_ones_and_the_last_ten_are_listed_and_the_others_counted():
    text = printed(print_reports, many_windows(bad={3, 45}), None)

    listed = re.findall(r"^(\d+ \w+) 2026 +12,480", text, re.MULTILINE)
    assert listed == ["3 Mar", *(f"{day} Apr" for day in range(10, 20))]
    assert "and 39 other windows without an alert or warning" in text


def test_forty_windows_are_all_listed():
    text = printed(print_reports, many_windows(bad=())[:40], None)

    assert text.count("12,480") == 40
    assert "other windows" not in text


def test_trouble_in_many_windows_is_told_with_its_first_and_last_and_the_milder_ones_counted():
    statuses = ["warning", "alert", "warning", "warning", "alert", "alert"]
    found = [a_report(a_finding(status), day=at + 1) for at, status in enumerate(statuses)]

    text = one_line(printed(print_reports, found, None))

    assert "6 Mar 2026, also 5 others from 1 Mar 2026 to 5 Mar 2026, 3 warnings among them" in text


def test_the_same_check_in_two_segments_is_told_for_each():
    segments = [a_finding(segment=f"region={name}") for name in ("north", "south")]

    text = one_line(printed(print_reports, [a_report(*segments)], None))

    assert "income where region=north" in text
    assert "income where region=south" in text


def test_a_compared_column_that_lost_values_is_told_though_nothing_drifted():
    column = compared("income", 0.01, "ok") | {"missing": {"reference": 0.01, "current": 0.2}}

    text = printed(print_compare, a_comparison(column))

    assert text.splitlines()[0] == "! No drift, but see below: 1 of 1 column judged"
    assert "! income: missing in 20% of the current rows, 1% before" in text


def test_a_small_rise_of_missing_values_in_a_comparison_is_no_note():
    column = compared("income", 0.01, "ok") | {"missing": {"reference": 0.01, "current": 0.05}}

    assert "before" not in printed(print_compare, a_comparison(column))


def test_columns_that_only_the_current_side_has_are_told():
    result = a_comparison(compared("income", 0.01, "ok"))
    result["current"]["extra_columns"] = ["iban", "[red]"]

    assert "! new columns: iban, [red]" in printed(print_compare, result, force_terminal=True, no_color=True)


@pytest.mark.parametrize("side", ["reference", "current"])
def test_rows_rejected_from_either_side_of_a_comparison_are_told_by_reason(side):
    result = a_comparison(compared("income", 0.01, "ok"))
    result[side]["rejected"] = {"not_json": 3, "eaten_by_mice": 1}

    text = printed(print_compare, result)

    assert f"{side}: 3 rows rejected: the line is not valid JSON" in text
    assert f"{side}: 1 row rejected: eaten_by_mice" in text


CHANCE = Evidence(10_000, 300, "chance", floor=0.02, p_value=0.00823, tested=12, detectable=0.06, shift=0.1812)


@pytest.mark.parametrize("width", [80, 130])
def test_a_finding_of_drift_is_explained_in_place_of_its_message(width):
    finding = a_finding(metric="cramer_von_mises", evidence=CHANCE)

    text = one_line(printed(print_reports, [a_report(finding, columns=(reports.a_column(),))], None, width=width))

    words = re.findall(r"[\w.,→=]+", "mean 41,173 → 58,961; p = 0.0082 in 12 tests; limit by chance, 300 rows against")
    assert set(words) <= set(re.findall(r"[\w.,→=]+", text))
    assert finding.message not in text


def test_the_rate_promised_and_the_rate_realised_are_told_on_one_line():
    trail = Trail(None, 31, 2, 0.05, {})

    text = printed(print_reports, [a_report(a_finding(evidence=CHANCE), trail=trail)], None)

    assert "5% of windows without drift may warn of drift; 2 of 31 windows did.\n" in text


def test_a_comparison_tells_what_one_of_its_size_could_have_seen():
    column = compared("income", 0.01, "ok")
    column["finding"] |= {"metric": "cramer_von_mises", "evidence": msgspec.to_builtins(CHANCE)}

    text = one_line(printed(print_compare, a_comparison(column)))

    assert "Four times out of five, a comparison of this size tells of a shift of 0.18 standard deviations." in text


@pytest.mark.parametrize(("width", "shown"), [(119, False), (120, True)])
def test_a_very_wide_comparison_shows_p_values(width, shown):
    column = compared("income", 0.34, "alert")
    column["finding"]["evidence"] = msgspec.to_builtins(CHANCE)

    assert ("0.0082" in printed(print_compare, a_comparison(column), width=width)) == shown
