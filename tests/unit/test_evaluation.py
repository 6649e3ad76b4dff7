import itertools
import re

import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace

from atalaia.baseline import build_baseline
from atalaia.errors import StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import CheckRule, Limits, Logs, Model, Monitor
from atalaia.profile import Profile
from atalaia.report import BaselineRef, Evidence, report_from_json, to_json
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch, Side
from atalaia.schema import Column, Role, Type
from atalaia.window import Window

COLUMNS = (
    Column("income", range=(0, None)),
    Column("channel", type=Type.STRING),
    Column("years", nullable=False),
    Column("region", type=Type.STRING, role=Role.SEGMENT),
    Column("score", role=Role.SCORE),
)


def batch(captured=ALL_SIDES, **columns):
    rows = len(next(iter(columns.values())))
    arrays = {name: pa.array(values) for name, values in columns.items()}
    return RowBatch(arrays, rows, captured, np.full(rows, NO_TIME), None, np.arange(rows))


def data(n=4000, seed=1, shift=0.0):
    random = np.random.default_rng(seed)
    return {
        "income": random.normal(1000 + shift, 100, n),
        "channel": random.choice(["web", "app"], n).tolist(),
        "years": random.exponential(4, n),
        "region": random.choice(["north", "south"], n, p=[0.75, 0.25]).tolist(),
        "score": random.random(n),
    }


BASELINE = build_baseline(COLUMNS, lambda: [batch(**data())])


def monitor(*checks):
    return Monitor("churn", Model("churn", "7"), Logs("logs"), COLUMNS, "out", checks=checks)


def occasion():
    window = Window(1772323200_000000, 1772409600_000000)
    return Occasion(window, True, (), BaselineRef(BASELINE.version, "k", 4000), "d")


def report(*checks, rejected=None, **columns):
    profile = BASELINE.profiler().profile(batch(**(data(seed=2) | columns)))
    for reason, rows in (rejected or {}).items():
        profile = profile.merge(Profile(BASELINE.version, rejected={reason: rows}))
    return evaluate(monitor(*checks), BASELINE, profile, occasion())


def bad(found):
    return {(f.status, f.signal, f.metric, f.column, f.segment) for f in found.findings if f.status != "ok"}


def test_the_same_kind_of_data_raise_nothing():
    assert bad(report()) == set()
    assert report().status == "ok"


def test_a_shift_is_a_data_drift_alert_on_that_column_and_in_its_segments():
    found = bad(report(income=data(seed=2, shift=50)["income"]))

    places = (None, "region=north", "region=south")
    assert found == {("alert", "data_drift", "cramer_von_mises", "income", place) for place in places}


def test_a_shift_of_the_score_is_prediction_drift():
    found = bad(report(score=np.random.default_rng(3).random(4000) ** 2))

    assert ("alert", "prediction_drift", "cramer_von_mises", "score", None) in found


def test_a_small_segment_is_undecided_and_never_silently_ok():
    columns = data(100, seed=4)
    profile = BASELINE.profiler().profile(batch(**columns))
    found = evaluate(monitor(), BASELINE, profile, occasion())

    small = [f for f in found.findings if f.segment == "region=south"]
    assert small
    assert {f.status for f in small} == {"undecided"}
    assert "too few" in small[0].message


def test_missing_values_are_judged_against_what_the_baseline_has():
    income = data(seed=2)["income"].tolist()
    few, many = [None] * 160 + income[160:], [None] * 240 + income[240:]

    assert bad(report(income=few)) == set()
    assert bad(report(income=many)) == {("alert", "quality", "missing", "income", None)}


def test_one_missing_value_is_an_alert_where_none_is_allowed():
    years = [None, *data(seed=2)["years"].tolist()[1:]]

    assert bad(report(years=years)) == {("alert", "quality", "missing", "years", None)}


def test_a_limit_of_ones_own_holds_for_a_column_that_is_not_nullable_too():
    years = [None, *data(seed=2)["years"].tolist()[1:]]

    assert bad(report(CheckRule("missing", threshold=0.01), years=years)) == set()


def test_nan_infinity_and_values_outside_the_range_are_told_apart():
    income = data(seed=2)["income"].copy()
    income[:100], income[100], income[101] = np.nan, np.inf, -1.0

    assert bad(report(income=income)) == {
        ("alert", "stability", "nan", "income", None),
        ("warning", "stability", "infinity", "income", None),
        ("warning", "quality", "out_of_range", "income", None),
    }


def test_text_among_numbers_is_a_type_error():
    income = [str(v) for v in data(seed=2)["income"]]
    income[0] = "n/a"

    assert bad(report(income=income)) == {("warning", "quality", "type_errors", "income", None)}


def test_a_column_that_is_gone_and_one_that_is_new_are_found():
    columns = data(seed=2)
    del columns["channel"]
    profile = BASELINE.profiler().profile(batch(**columns, surprise=[1] * 4000))
    found = bad(evaluate(monitor(), BASELINE, profile, occasion()))

    assert ("alert", "quality", "missing_column", "channel", None) in found
    assert ("warning", "quality", "extra_column", "surprise", None) in found


def test_a_side_that_was_not_captured_is_not_a_missing_column():
    columns = data(seed=2)
    del columns["score"]
    profile = BASELINE.profiler().profile(batch(frozenset({Side.INPUT}), **columns))
    found = evaluate(monitor(), BASELINE, profile, occasion())

    about_score = [f for f in found.findings if f.column == "score" and f.segment is None]
    assert [f.status for f in about_score] == ["undecided"]


def test_a_score_that_became_constant_is_an_alert():
    found = bad(report(score=[0.5] * 4000))

    assert ("alert", "stability", "constant", "score", None) in found


def test_rejected_rows_are_a_share_of_the_rows_read():
    found = report(rejected={"not_json": 500})
    share = next(f for f in found.findings if f.metric == "rejected")

    assert (share.status, share.value) == ("alert", 500 / 4500)
    assert found.rejected == {"not_json": 500}


def test_an_empty_window_is_an_alert_and_the_rest_undecided():
    found = evaluate(monitor(), BASELINE, Profile(BASELINE.version), occasion())

    assert {(f.metric, f.status) for f in found.findings if f.status == "alert"} == {("row_count", "alert")}
    assert {f.status for f in found.findings} == {"alert", "undecided"}


def test_a_given_limit_on_many_categories_needs_many_rows():
    columns = (Column("zip", type=Type.STRING),)
    words = [f"z{i % 400}" for i in range(4000)]
    baseline = build_baseline(columns, lambda: [batch(zip=words)])
    now = baseline.profiler().profile(batch(zip=words[:2000]))
    rules = (CheckRule("jensen_shannon", threshold=0.1),)
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o", checks=rules), baseline, now, occasion())

    drift = next(f for f in found.findings if f.signal == "data_drift")
    assert drift.status == "undecided"
    assert "20,000" in drift.message


def test_rules_change_what_is_judged():
    rules = (
        CheckRule("psi", columns=("income",), threshold=Limits(warning=0.01)),
        CheckRule("row_count", threshold=5000.0),
        CheckRule("duplicates", enabled=False),
    )
    found = report(*rules, income=data(seed=2, shift=30)["income"])

    assert ("warning", "data_drift", "psi", "income", None) in bad(found)
    assert ("alert", "quality", "row_count", None, None) in bad(found)
    assert not any(f.metric == "duplicates" for f in found.findings)


def test_findings_stand_worst_first():
    income = data(seed=2, shift=50)["income"].copy()
    income[:3] = np.nan
    statuses = [f.status for f in report(income=income).findings]

    assert statuses == sorted(statuses, key=["alert", "warning", "undecided", "ok"].index)


def test_bars_hold_every_value_once():
    found = report()

    for column in found.columns:
        assert sum(column.bars.baseline) == pytest.approx(1)
        assert sum(column.bars.current) == pytest.approx(1)
        assert len(column.bars.labels) == len(column.bars.current)


def test_bars_of_numbers_equal_a_count_of_the_raw_values():
    income = data(seed=2)["income"]
    bars = next(c for c in report().columns if c.column == "income").bars
    edges = [-np.inf, *bars.edges, np.inf]

    raw = [((income > a) & (income <= b)).mean() for a, b in itertools.pairwise(edges)]
    assert bars.current == pytest.approx(raw)
    assert 15 <= len(raw) <= 21


def test_new_categories_stand_among_the_bars_by_name():
    channel = ["partner"] * 2000 + ["web"] * 2000
    bars = next(c for c in report(channel=channel).columns if c.column == "channel" and not c.segment).bars

    assert "partner (new)" in bars.labels
    assert bars.current[bars.labels.index("partner (new)")] == 0.5


def test_rare_categories_share_a_bar():
    columns = (Column("zip", type=Type.STRING),)
    words = [f"z{i % 40}" for i in range(4000)]
    baseline = build_baseline(columns, lambda: [batch(zip=words)])
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, baseline.profile, occasion())
    bars = found.columns[0].bars

    assert (len(bars.labels), bars.labels[-1], bars.current[-1]) == (13, "all others", pytest.approx(28 / 40))


def test_the_same_arguments_give_the_same_bytes():
    assert to_json(report()) == to_json(report())


def test_a_report_is_read_back_as_it_was():
    first = report(rejected={"not_json": 1})

    assert report_from_json(to_json(first), "x") == first


@pytest.mark.parametrize("data", [b"{}", b"hello", b'{"schema": "other/9"}'])
def test_what_is_no_report_is_refused_with_its_place(data):
    with pytest.raises(StoredFormError, match=r"some/r1\.json"):
        report_from_json(data, "some/r1.json")


def test_a_report_of_another_version_is_refused():
    data = to_json(report()).replace(b"atalaia.report/1", b"atalaia.report/9")

    with pytest.raises(StoredFormError, match="this release reads"):
        report_from_json(data, "x")


def test_a_baseline_that_was_constant_already_makes_no_alert_of_a_constant_score():
    columns = (Column("score", role=Role.SCORE),)
    baseline = build_baseline(columns, lambda: [batch(score=[0.5] * 500)])
    now = baseline.profiler().profile(batch(score=[0.5] * 500))
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, now, occasion())

    assert "constant" not in {f.metric for f in found.findings}


def test_a_check_that_is_switched_off_is_not_made():
    rules = tuple(CheckRule(name, enabled=False) for name in ("missing", "type_errors", "missing_column", "nan"))

    assert {f.metric for f in report(*rules).findings}.isdisjoint({"missing", "type_errors", "missing_column", "nan"})


def test_a_check_without_a_limit_says_so():
    found = report(CheckRule("psi", columns=("income",), threshold=Limits()))

    message = next(f.message for f in found.findings if f.metric == "psi")
    assert message.endswith("it has no limit")


def test_a_column_without_values_on_either_side_has_one_bar_and_is_undecided():
    columns = (Column("x"), Column("word", type=Type.STRING))
    empty = batch(x=[None] * 600, word=[None] * 600)
    baseline = build_baseline(columns, lambda: [empty])
    found = evaluate(
        Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, baseline.profiler().profile(empty), occasion()
    )

    assert [c.bars.labels for c in found.columns] == [("all",), ()]
    assert {f.status for f in found.findings if f.signal == "data_drift"} == {"undecided"}


def test_the_message_on_missing_values_names_the_baselines_share():
    columns = (Column("x"),)
    half = batch(x=[None, 1.0] * 500)
    baseline = build_baseline(columns, lambda: [half])
    found = evaluate(
        Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, baseline.profiler().profile(half), occasion()
    )

    message = next(f.message for f in found.findings if f.metric == "missing")
    assert message == "x: share of rows without a value is 50% (baseline 50%), not above the limit of 55%"


def test_a_drifted_column_tells_what_moved():
    columns = data(seed=2, shift=50) | {"channel": ["partner"] * 2000 + ["web"] * 2000}
    messages = {f.column: f.message for f in report(**columns).findings if f.status == "alert" and not f.segment}

    assert "; its mean went from 999 to 1,049" in messages["income"]
    assert "; 'app' went from 51.68% to 0%" in messages["channel"]


def test_where_nothing_was_checked_nothing_is_decided():
    found = report(CheckRule("cramer_von_mises", columns=("income",), enabled=False))

    whole = {c.segment: c.status for c in found.columns if c.column == "income"}
    assert whole["region=north"] == "undecided"
    assert whole[None] == "ok"


def test_rows_without_a_believable_event_time_are_a_warning():
    columns = (*COLUMNS, Column("at", type=Type.TIME, role=Role.TIME))
    baseline = build_baseline(columns, lambda: [batch(**data())])
    now = replace(baseline.profiler().profile(batch(**data(seed=2))), times={"event": 3900, "object": 100})
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, now, occasion())

    undated = next(f for f in found.findings if f.metric == "undated")
    assert (undated.status, undated.value) == ("warning", 0.025)
    assert ("alert", "quality", "missing_column", "at", None) in bad(found)


def test_a_baseline_without_values_does_not_excuse_missing_ones():
    columns = (Column("y", role=Role.PREDICTION, type=Type.BOOLEAN),)
    baseline = build_baseline(columns, lambda: [batch(y=[None] * 500)])
    now = baseline.profiler().profile(batch(y=[None] * 500))
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, now, occasion())

    assert ("alert", "quality", "missing", "y", None) in bad(found)


@pytest.mark.parametrize(
    ("min_rows", "rows", "status"),
    [
        (150, 200, "ok"),
        (500, 600, "ok"),  # as many as where nothing is said, but said
        (500, 499, "undecided"),
        (None, 600, "undecided"),  # 50 for each of the 40 categories
    ],
)
def test_a_number_of_rows_of_ones_own_holds_as_it_is(min_rows, rows, status):
    columns = (Column("zip", type=Type.STRING),)
    words = [f"z{i % 40}" for i in range(4000)]
    baseline = build_baseline(columns, lambda: [batch(zip=words)])
    now = baseline.profiler().profile(batch(zip=words[:rows]))
    rules = (CheckRule("jensen_shannon", threshold=0.7, min_rows=min_rows),)
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o", checks=rules), baseline, now, occasion())

    assert next(f.status for f in found.findings if f.metric == "jensen_shannon") == status


@pytest.mark.parametrize(("min_rows", "status"), [(None, "alert"), (100, "undecided")])
def test_a_column_that_is_not_nullable_waits_for_rows_only_where_the_monitor_says_so(min_rows, status):
    columns = (Column("years", nullable=False),)
    baseline = build_baseline(columns, lambda: [batch(years=list(range(1, 500)))])
    now = baseline.profiler().profile(batch(years=[None, *range(1, 50)]))
    rules = (CheckRule("missing", min_rows=min_rows),)
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o", checks=rules), baseline, now, occasion())

    assert next(f.status for f in found.findings if f.metric == "missing") == status


def test_a_column_that_left_the_grid_is_told_with_how_to_cut_a_new_one():
    found = report(income=data(seed=2, shift=9000)["income"])
    finding = next(f for f in found.findings if f.metric == "lost_resolution" and f.column == "income")

    assert (finding.status, finding.signal, finding.value) == ("warning", "quality", 1.0)
    assert finding.message.startswith(
        "income: share of values in one cell of the grid, beyond the baseline's is 100%, above the limit of 20%"
    )
    assert "its values now: smallest 9," in finding.message
    assert finding.message.endswith("`atalaia baseline MONITOR --from-windows 2026-03-01 2026-03-02`")


def test_resolution_is_judged_on_numeric_columns_of_all_rows():
    judged = [(f.column, f.segment) for f in report().findings if f.metric == "lost_resolution"]

    assert sorted(judged) == [("income", None), ("score", None), ("years", None)]


def test_the_check_of_the_resolution_can_be_switched_off_and_limited():
    income = data(seed=2, shift=9000)["income"]
    off = report(CheckRule("lost_resolution", enabled=False), income=income)
    alert = report(CheckRule("lost_resolution", columns=("income",), threshold=0.5), income=income)

    assert not [f for f in off.findings if f.metric == "lost_resolution"]
    assert ("alert", "quality", "lost_resolution", "income", None) in bad(alert)


def test_a_constant_that_moved_is_told_by_its_value():
    columns = (Column("x"),)
    fixed = build_baseline(columns, lambda: [batch(x=np.full(900, 5.0))])
    profile = fixed.profiler().profile(batch(x=np.full(900, 7.0)))
    watched = Monitor("m", Model("m"), Logs("logs"), columns, "out")
    found = evaluate(watched, fixed, profile, occasion()).findings

    assert next(f for f in found if f.signal == "data_drift").message.endswith("; its value went from 5 to 7")


def test_what_lies_just_below_zero_is_drawn_as_zero():
    columns = (Column("visits"),)
    baseline = build_baseline(columns, lambda: [batch(visits=np.arange(4000) % 4.0)])
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, baseline.profile, occasion())

    assert found.columns[0].bars.labels[:3] == ("< 0", "0", "0 … 1")


def test_an_undecided_finding_of_drift_tells_both_numbers_of_rows():
    columns = (Column("visits"),)
    baseline = build_baseline(columns, lambda: [batch(visits=np.arange(4000) % 4.0)])
    current = baseline.profiler().profile(batch(visits=np.arange(12) % 4.0))
    found = evaluate(Monitor("m", Model("m"), Logs("l"), columns, "o"), baseline, current, occasion())

    drift = next(finding for finding in found.findings if finding.metric == "cramer_von_mises")
    assert (drift.status, drift.evidence) == ("undecided", Evidence(4000, 12, "chance"))


@pytest.mark.parametrize(
    ("name", "shift", "words"),
    [
        ("x", 0.1, r"its values rank at 5[1-4]\.\d+% of the baseline's on average, instead of 50%"),
        ("x", -0.1, r"its values rank at 4[6-8]\.\d+% of the baseline's on average, instead of 50%"),
        ("wide", 0.08, "its values lie further from the middle than the baseline's on average"),
        ("wide", -0.08, "its values lie nearer to the middle than the baseline's on average"),
        ("plan", 0.03, r"the share of 'b' is [2-4](\.\d+)? points higher|the share of 'a' is .* points lower"),
        ("plan", -0.03, r"the share of 'b' is [2-4](\.\d+)? points lower|the share of 'a' is .* points higher"),
    ],
)
def test_drift_over_time_says_what_moved_which_way(name, shift, words):
    random = np.random.default_rng(5)
    columns = (Column("plan", type=Type.STRING) if name == "plan" else Column(name),)

    def rows(count, by=0.0):
        values = {
            "x": random.normal(by, 1, count),
            "wide": random.normal(0, 1 + by, count),
            "plan": np.where(random.random(count) < 0.5 + by, "b", "a").tolist(),
        }
        return batch(**{name: values[name]})

    reference = rows(20_000)
    baseline = build_baseline(columns, lambda: [reference])
    monitor = Monitor("m", Model("m"), Logs("l"), columns, "o")
    trail, found = None, []
    for _ in range(30):
        current = baseline.profiler().profile(rows(600, shift))
        report = evaluate(monitor, baseline, current, replace(occasion(), before=trail))
        trail = report.trail
        found += [finding.message for finding in report.findings if finding.metric == "drift_over_time"]

    assert re.search(words, found[-1])
