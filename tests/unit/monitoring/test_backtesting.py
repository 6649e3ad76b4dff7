import msgspec
import pytest
from pasts import POLICY, a_past, a_week, go_by, moved, shifted
from services import MONITOR
from worlds import lines, moment, rows

from atalaia.decisions import Outcome
from atalaia.errors import AtalaiaError, BaselineError, StoredFormError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.actions import State
from atalaia.monitoring.backtesting import backtest
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import baseline_key
from atalaia.monitoring.periods import Period
from atalaia.monitoring.replaying import replay
from atalaia.window import iso

NOW = Period(moment("2026-03-20T00:00:00Z"))


@pytest.fixture(scope="module")
def week():
    return a_past(a_week())


@pytest.fixture(scope="module")
def calm():
    return a_past({day: rows(day, seed=day) for day in (2, 3, 5)})


def changed(world, old="", new="", more=""):
    assert old in world.text
    return load_monitor(world.text.replace(old, new) + more, "changed.yaml")


def days(found, wanted):
    """The days of March of the windows that are wanted."""
    return [int(iso(each.window.start)[8:10]) for each in found.windows if wanted(each)]


def acts(compared):
    return bool(compared.now and compared.now.actions)


def everything(store):
    return [(info.key, info.etag, info.time) for info in store.list("")]


def plain(report):
    """A report without its predecessor's number, as a window that went on has several."""
    trail = report.trail and msgspec.structs.replace(report.trail, after="")
    return msgspec.structs.replace(report, trail=trail)


def test_the_same_monitor_gives_what_happened(week):
    found = backtest(week.monitor, week.output, NOW)

    assert len(found.windows) == 6
    assert not any(each.differs for each in found.windows)
    assert [each.then.actions for each in found.windows] == [each.now.actions for each in found.windows]
    assert found.then == found.now
    assert (found.then.alarms, found.then.actions, found.notes) == (2, 2, ())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happened_the_same_monitor_gives_the_same_reports(seed):
    policy = POLICY.replace("file: true", "file: true, windows: 2, of: 3, cool_down: 2d, quiet_hours: ['Sat-Sun']")
    course = {day: shifted(day, by) for day, by in enumerate(drifts(seed), 2) if by is not None}
    world = a_past(course, policy)

    done = replay(world.monitor, world.output, NOW)
    found = backtest(world.monitor, world.output, NOW)

    for window in done.windows:
        then, now = (latest_report(world.monitor.name, store, window) for store in (world.output, done.output))
        assert plain(then.report) == plain(now.report)
    assert found.then == found.now


def drifts(seed):
    """Nine days: how far each is from the baseline, None for one without logs."""
    steps = [0.0, 0.1, 0.5, None, 1.0]
    return [steps[(day * (seed + 2) + seed) % 5] for day in range(9)]


def test_nothing_is_written(week):
    before = everything(week.output)

    backtest(week.monitor, week.output, NOW, changed(week, "drifted > 0.4", "drifted > 0.1"))

    assert everything(week.output) == before


def test_other_limits_alarm_in_other_windows(week):
    off = "{metric: cohen_w, enabled: false}, {metric: drift_over_time, enabled: false}"
    quiet = f"checks: [{{metric: cramer_von_mises, floor: 0.9}}, {off}]\n"

    found = backtest(week.monitor, week.output, NOW, changed(week, more=quiet))

    assert days(found, lambda each: each.then.count("alert")) == [4, 5]
    assert days(found, lambda each: each.now.count("alert")) == []
    assert (found.then.first_alarm.key, found.now.first_alarm) == ("20260304T000000Z", None)


def test_another_policy_acts_in_other_windows_and_says_why(week):
    twice = changed(week, "when: drifted > 0.4", "when: drifted > 0.4, windows: 2")

    found = backtest(week.monitor, week.output, NOW, twice, job_cost=12.5)

    assert days(found, acts) == [5]
    fourth = next(each for each in found.windows if each.window.key == "20260304T000000Z")
    assert [deed.policy for deed in fourth.then.actions] == ["retrain"]
    assert [(each.outcome, each.why) for each in fourth.now.held] == [
        (Outcome.HELD, "1 of the last 2 windows counts, 2 must")
    ]
    assert (found.then.cost, found.now.cost) == (25.0, 12.5)


def test_an_action_has_the_time_at_which_its_window_was_final(week):
    found = backtest(week.monitor, week.output, NOW)

    times = [iso(deed.time) for each in found.windows for deed in each.now.actions]
    assert times == ["2026-03-05T02:00:00Z", "2026-03-06T02:00:00Z"]
    assert [deed.why for each in found.windows for deed in each.now.actions] == ["drifted 1 > 0.4"] * 2


def test_the_budget_of_a_week_counts_at_the_times_of_the_past(week):
    found = backtest(week.monitor, week.output, NOW, changed(week, "file: true", "file: true, most_per_week: 1"))

    assert days(found, acts) == [4]


def test_after_quiet_hours_what_waited_is_done(week):
    quiet = changed(week, "file: true", "file: true, quiet_hours: ['Thu-Sat']")  # the windows end on Thursday, Friday

    found = backtest(week.monitor, week.output, NOW, quiet)

    assert {iso(deed.time) for each in found.windows for deed in each.now.actions} == {"2026-03-08T00:00:00Z"}
    assert found.now.actions == 2


def test_a_schedule_acts_at_its_times(week):
    weekly = changed(week, "when: drifted > 0.4", "schedule: '30 6 * * 6'")  # the seventh is a Saturday

    found = backtest(week.monitor, week.output, NOW, weekly)

    assert [(iso(deed.time), deed.why) for each in found.windows for deed in each.now.actions] == [
        ("2026-03-07T06:30:00Z", "the schedule names 2026-03-07T06:30:00Z")
    ]
    assert days(found, acts) == [6]


def test_what_needs_approval_is_told_apart_and_counts_as_approved(week):
    asking = changed(week, "file: true", "file: true, approval: true, approval_within: 1d")

    found = backtest(week.monitor, week.output, NOW, asking, job_cost=1.0)

    assert {deed.state for each in found.windows for deed in each.now.actions} == {State.PENDING_APPROVAL}
    assert (found.now.actions, found.now.cost) == (2, 2.0)


def test_empty_windows_between_are_told_of(calm):
    found = backtest(calm.monitor, calm.output, NOW)

    assert [each.now.rows for each in found.windows] == [600, 600, 0, 600]
    assert not any(each.differs for each in found.windows)


def test_silence_is_told_of_after_the_last_rows(calm):
    silent = changed(calm, "when: drifted > 0.4", "when: silent > 1440")

    found = backtest(calm.monitor, calm.output, NOW, silent)

    assert days(found, acts)[:3] == [4, 6, 7]
    assert days(found, lambda each: each.then is None) == list(range(6, 19))


def test_a_long_silence_between_is_told_of_window_by_window():
    world = a_past({2: rows(2), 9: rows(9)})
    hours = world.text.replace("window: 1d", "window: 1h")
    world = a_past({2: rows(2), 9: rows(9)}, "", hours.replace(POLICY, ""))
    silent = load_monitor(world.text + POLICY.replace("drifted > 0.4", "silent > 120"), "changed.yaml")

    found = backtest(world.monitor, world.output, NOW, silent)

    assert sum(each.window.end <= moment("2026-03-09T00:00:00Z") for each in found.windows) == 1 + 31


def test_windows_that_are_a_multiple_are_joined(week):
    found = backtest(week.monitor, week.output, NOW, changed(week, "window: 1d", "window: 2d"))

    told = [(each.window.key[:8], each.then.rows, each.now.rows) for each in found.windows]
    assert told == [("20260302", 1200, 1200), ("20260304", 1200, 1200), ("20260306", 1200, 1200)]
    assert found.then.alerts == 4


def test_joined_windows_are_those_of_all_rows_at_once(week):
    wide = changed(week, "window: 1d", "window: 2d")
    whole = a_past(a_week(), text=week.text.replace(POLICY, "").replace("window: 1d", "window: 2d"))

    done = replay(wide, week.output, NOW)

    for window in done.windows:
        theirs = latest_report(whole.monitor.name, whole.output, window).report
        ours = latest_report(whole.monitor.name, done.output, window).report
        assert {judged(each) for each in ours.findings} == {judged(each) for each in theirs.findings}


def judged(finding):
    return finding.metric, finding.column, finding.status, finding.value and round(finding.value, 9)


@pytest.mark.parametrize("width", ["12h", "36h", "90m"])
def test_windows_of_which_the_stored_ones_are_no_part_are_refused(week, width):
    with pytest.raises(AtalaiaError, match=r"windows of 1d, which windows of .* cannot be made of"):
        backtest(week.monitor, week.output, NOW, changed(week, "window: 1d", f"window: {width}"))


def test_weeks_begin_on_mondays_so_days_make_weeks_but_five_days_do_not(week):
    found = backtest(week.monitor, week.output, NOW, changed(week, "window: 1d", "window: 1w"))
    five = a_past({2: rows(2)}, text=MONITOR.replace("window: 1d", "window: 5d"))
    wide = load_monitor(five.text.replace("window: 5d", "window: 5w"), "changed.yaml")

    assert [each.window.key[:8] for each in found.windows] == ["20260302"]
    with pytest.raises(AtalaiaError, match="cannot be made of"):
        backtest(five.monitor, five.output, Period(moment("2026-06-01")), wide)


def test_a_part_of_the_past_begins_without_any_past():
    world = a_past({day: shifted(day, 0.12) for day in range(2, 14)})
    whole = backtest(world.monitor, world.output, NOW)
    part = backtest(world.monitor, world.output, Period(NOW.now, moment("2026-03-08"), moment("2026-03-12")))

    assert days(part, lambda each: True) == [8, 9, 10, 11]
    assert whole.then == whole.now
    carried = replay(world.monitor, world.output, Period(NOW.now, moment("2026-03-08"))).output
    first = latest_report("churn", carried, part.windows[0].window).report
    assert first.trail.windows == 1


def test_windows_that_are_not_over_are_left_out(week):
    found = backtest(week.monitor, week.output, Period(moment("2026-03-05T01:59:00Z")))

    assert days(found, lambda each: True) == [2, 3]


def test_each_window_is_compared_with_the_baseline_that_held_then():
    world = a_past({2: rows(2), 3: rows(3)})
    before = world.watches[0].eras.latest.version
    world.stores("mem://reference").put("data.jsonl", lines(moved(1, n=2000)))
    world.restart()
    go_by(world, {5: moved(5), 6: moved(6)})

    found = backtest(world.monitor, world.output, NOW)
    done = replay(world.monitor, world.output, NOW)

    versions = [latest_report("churn", done.output, window).report.baseline.version for window in done.windows]
    assert versions[0] == before != versions[-1]
    assert not any(each.differs for each in found.windows)
    assert days(found, lambda each: each.now.count("alert")) == [4]  # which has no rows


def test_without_reports_the_profiles_tell_the_baseline():
    world = a_past(a_week())
    for info in list(world.output.list("churn/reports/")):
        world.output.delete(info.key)

    found = backtest(world.monitor, world.output, NOW)

    assert (found.then.alarms, found.now.alarms) == (0, 2)
    assert [each.then for each in found.windows] == [None] * 6


def test_a_baseline_that_is_gone_is_a_fault():
    world = a_past({2: rows(2)})
    world.output.delete(baseline_key("churn", world.watches[0].eras.latest.name))

    with pytest.raises(BaselineError, match="the baseline is gone"):
        backtest(world.monitor, world.output, NOW)


def test_a_new_column_is_left_out_and_one_declared_otherwise_is_as_it_was(week):
    other = changed(
        week, "{name: x}", "{name: x, range: [0, 1]}\n  - {name: new}", "multivariate: {columns: [x, new]}\n"
    )
    same = backtest(week.monitor, week.output, NOW)

    found = backtest(week.monitor, week.output, NOW, other)

    assert found.notes == (
        "left out, as the stored profiles do not have them: new",
        "declared as they were when their profiles were made: x",
        "left out, as the stored profiles do not have them: relations of the columns under `multivariate`",
    )
    assert found.now == same.now


def test_a_column_may_be_left_out_and_missing_values_may_be_forbidden():
    world = a_past({2: [{**row, "x": None if n < 5 else row["x"]} for n, row in enumerate(rows(2))]})
    strict = changed(world, "{name: x}", "{name: x, nullable: false}")
    without = changed(world, "{name: x}", "{name: x, role: ignored}")

    found = [backtest(world.monitor, world.output, NOW, each) for each in (strict, without)]

    (window,) = found[0].windows
    assert [(each.metric, each.column) for each in window.now.findings if each.status == "alert"] == [("missing", "x")]
    assert [each.notes for each in found] == [(), ()]
    assert not found[1].windows[0].now.findings


def test_relations_that_are_not_watched_any_more_are_not_judged():
    text = MONITOR.replace("  - {name: word", "  - {name: y}\n  - {name: word") + "multivariate: true\n"
    course = {day: [{**row, "y": row["x"]} for row in rows(day)] for day in (2, 3)}
    world = a_past(course, "", text)
    without = changed(world, "multivariate: true\n", "")
    relations = {"correlation_change", "reconstruction_error"}

    done = [replay(each, world.output, NOW) for each in (world.monitor, without)]

    told = [
        {
            finding.metric
            for window in each.windows
            for finding in latest_report("churn", each.output, window).report.findings
        }
        for each in done
    ]
    assert told[0] & relations
    assert not told[1] & relations


def test_a_damaged_profile_is_told_and_the_rest_is_replayed():
    world = a_past({day: rows(day) for day in (2, 3, 4)})
    (key,) = [info.key for info in world.output.list("churn/profiles/20260303")]
    world.output.put(key, world.output.get(key)[0][:-5])

    found = backtest(world.monitor, world.output, NOW)

    assert [each.now is None for each in found.windows] == [False, True, False]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("window 20260303T000000Z could not be evaluated: ")


def test_what_is_no_profile_is_a_fault_and_what_is_of_no_window_is_passed_over():
    world = a_past({2: rows(2)})
    world.output.put("churn/profiles/notes/a.txt", b"mine")
    backtest(world.monitor, world.output, NOW)
    (key,) = [info.key for info in world.output.list("churn/profiles/20260302")]
    (baseline,) = [info.key for info in world.output.list("churn/baseline/")]
    world.output.put(key, world.output.get(baseline)[0])

    with pytest.raises(StoredFormError, match="not a profile"):
        backtest(world.monitor, world.output, NOW)


def test_what_waits_for_the_end_of_long_quiet_hours_is_done_at_last():
    world = a_past({6: moved(6)})  # a Friday, final on Saturday
    quiet = changed(world, "file: true", "file: true, quiet_hours: ['Sat-Thu']")

    found = backtest(world.monitor, world.output, NOW, quiet)

    assert [iso(deed.time) for each in found.windows for deed in each.now.actions] == ["2026-03-13T00:00:00Z"]


@pytest.mark.parametrize(
    ("period", "told"),
    [
        (Period(NOW.now, moment("2026-03-08"), moment("2026-03-05")), "is not after"),
        (
            Period(NOW.now, moment("2026-04-01")),
            "from 2026-04-01T00:00:00Z to 2026-03-08T00:00:00Z no whole window of 1d",
        ),
        (Period(moment("2026-03-01")), "was over by 2026-03-01T00:00:00Z. There are profiles from 2026-03-02T"),
    ],
)
def test_a_period_without_windows_is_a_fault(week, period, told):
    with pytest.raises(AtalaiaError) as raised:
        backtest(week.monitor, week.output, period)

    assert told in str(raised.value)


def test_another_monitor_and_no_profiles_are_faults(week):
    other = changed(week, "name: churn\nmodel", "name: other\nmodel")

    with pytest.raises(AtalaiaError, match="other: another monitor than churn"):
        backtest(week.monitor, week.output, NOW, other)
    with pytest.raises(AtalaiaError, match="other: no profiles are stored there"):
        backtest(other, week.output, NOW)
