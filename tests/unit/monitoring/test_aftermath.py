"""Backtests of what follows from a job: which baseline holds then."""

import pytest
from msgspec.structs import replace
from pasts import a_past, go_by, moved, shifted
from services import MONITOR
from worlds import lines, moment, rows

from atalaia.monitor_file import load_monitor
from atalaia.monitoring.backtesting import backtest
from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.periods import Period
from atalaia.monitoring.replaying import replay
from atalaia.monitoring.sources import LogSource
from atalaia.window import iso
from atalaia_local import MemoryStore

NOW = Period(moment("2026-03-20T00:00:00Z"))
POLICY = "policies: [{name: retrain, when: drifted > 0.3, cool_down: 4w, pipeline: p}]\n"
RENEWING = POLICY.replace("pipeline: p", "pipeline: p, new_baseline: {windows: 2, rows: 1000}")
ASKING = RENEWING.replace("pipeline: p", "pipeline: p, approval: true")
FROM_DATA = POLICY.replace("pipeline: p", "pipeline: p, new_baseline: {data: 'mem://train/{job}'}")
SLOW = "policies: [{name: slow, when: drifted > 0.3, windows: 2, cool_down: 4w, pipeline: p, new_baseline: %s}, "
BOTH = RENEWING.replace("policies: [", SLOW)
COUNTED = (
    "counted again from their profiles, on a baseline that did not hold then: windows from 2026-03-{:02}T00:00:00Z on"
)


def course():
    """Moved from the fourth of March on, for good."""
    return {day: moved(day) if day >= 4 else rows(day, seed=day) for day in range(2, 13)}


@pytest.fixture(scope="module")
def plain():
    """The job of the fourth ended well, and nothing followed."""
    return a_past(course(), POLICY, ends={4: "Succeeded"})


@pytest.fixture(scope="module")
def renewed():
    """A new baseline followed."""
    return a_past(course(), RENEWING, ends={4: "Succeeded"})


def with_policy(world, policy):
    known = next(each for each in (RENEWING, POLICY) if world.text.endswith(each))
    return load_monitor(world.text.replace(known, policy), "changed.yaml")


def drifts(found, side="now"):
    return [int(iso(each.window.start)[8:10]) for each in found.windows if getattr(each, side).drifted]


def reports(done):
    return [latest_report("churn", done.output, window).report for window in done.windows]


def test_the_same_monitor_gives_what_happened_although_a_new_baseline_began(renewed):
    found = backtest(renewed.monitor, renewed.output, NOW)
    done = replay(renewed.monitor, renewed.output, NOW)

    assert found.then == found.now
    assert not any(each.differs for each in found.windows)
    assert drifts(found, "then") == drifts(found) == [4, 5, 6, 7, 8]
    assert found.notes == ()
    then = [latest_report("churn", renewed.output, window).report.baseline.version for window in done.windows]
    assert [report.baseline.version for report in reports(done)] == then


def test_an_action_that_nobody_took_ends_well_at_once_and_a_new_baseline_follows(renewed):
    never = a_past(course(), "")
    found = backtest(never.monitor, never.output, NOW, load_monitor(never.text + RENEWING, "changed.yaml"))

    assert drifts(found, "then") == list(range(4, 13))
    assert drifts(found) == drifts(backtest(renewed.monitor, renewed.output, NOW)) == [4, 5, 6, 7, 8]
    assert found.now.actions == 1
    assert found.notes == (COUNTED.format(9),)


@pytest.mark.parametrize(
    ("n", "by", "tolerance"),
    [(600, 5.0, 1e-12), (3000, 0.5, 5e-4), (3000, 1.5, 5e-4)],  # of so few rows the values are known
)
def test_windows_counted_again_say_what_those_said_that_were_counted_on_it(n, by, tolerance):
    days = {day: shifted(day, by, n) if day >= 4 else rows(day, n, seed=day) for day in range(2, 12)}
    renewed, never = a_past(days, RENEWING, ends={4: "Succeeded"}), a_past(days, "")

    done = replay(load_monitor(never.text + RENEWING, "changed.yaml"), never.output, NOW)

    for window, ours in zip(done.windows, reports(done), strict=True):
        theirs = latest_report("churn", renewed.output, window).report
        assert ours.baseline.rows == theirs.baseline.rows
        assert {outcome(each) for each in ours.findings} == {outcome(each) for each in theirs.findings}
        assert gaps(ours) == pytest.approx(gaps(theirs), abs=tolerance)
    assert done.notes == [COUNTED.format(9)]


def test_where_the_old_grid_tells_little_it_says_so():
    never = a_past(
        {day: shifted(day, 5.0, 3000) if day >= 4 else rows(day, 3000, seed=day) for day in range(2, 11)}, ""
    )

    done = replay(load_monitor(never.text + RENEWING, "changed.yaml"), never.output, NOW)

    assert done.notes == [f"{COUNTED.format(9)}. Ranks, or shares, may be off by more than 1.5% in x"]


def gaps(report):
    return [column.metrics.get("cramer_von_mises", 0.0) for column in report.columns]


def outcome(finding):
    return finding.metric, finding.column, finding.status


def test_a_job_that_really_ran_ends_as_it_ended(plain):
    failed = a_past(course(), POLICY, ends={4: "Failed"})
    unheard = a_past(course(), POLICY)

    found = [backtest(each.monitor, each.output, NOW, with_policy(each, RENEWING)) for each in (plain, failed, unheard)]

    assert [drifts(each) for each in found] == [[4, 5, 6, 7, 8], list(range(4, 13)), list(range(4, 13))]


def test_nothing_follows_from_a_job_before_it_has_ended():
    world = a_past(course(), BOTH % "{}", ends={4: "Succeeded"})
    assert world.service.note_outcome("job-20260305T000000Z", "Succeeded", moment("2026-03-14T00:00:00Z"))
    later = load_monitor(world.text.replace("windows: 2, rows", "windows: 4, rows"), "changed.yaml")

    found = backtest(world.monitor, world.output, NOW, later)

    assert drifts(found, "then") == [4, 5, 6, 7, 8]
    assert drifts(found) == list(range(4, 11))


def test_a_copy_of_the_output_knows_its_jobs_whatever_output_the_changed_file_names():
    failed, copy = a_past(course(), POLICY, ends={4: "Failed"}), MemoryStore("mem://copied")
    for info in failed.output.list(""):
        copy.put(info.key, failed.output.get(info.key)[0])

    found = backtest(failed.monitor, copy, NOW, replace(with_policy(failed, RENEWING), output="copied"))

    assert drifts(found) == list(range(4, 13))


def test_without_the_job_its_baseline_does_not_begin(renewed):
    found = backtest(renewed.monitor, renewed.output, NOW, with_policy(renewed, ""))

    assert drifts(found, "then") == [4, 5, 6, 7, 8]
    assert drifts(found) == list(range(4, 13))
    assert found.notes == (COUNTED.format(9),)


def test_more_healthy_windows_make_another_baseline_later(renewed):
    later = with_policy(renewed, RENEWING.replace("windows: 2", "windows: 4"))

    found = backtest(renewed.monitor, renewed.output, NOW, later)

    assert drifts(found) == list(range(4, 11))


@pytest.mark.parametrize("policy", ["", ASKING])
def test_what_would_have_waited_for_approval_or_did_in_vain_counts_as_done(policy):
    never = a_past(course(), policy)

    found = backtest(never.monitor, never.output, NOW, load_monitor(MONITOR + ASKING, "changed.yaml"))

    assert drifts(found, "then") == list(range(4, 13))
    assert drifts(found) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("policy", [RENEWING, ""])
def test_a_baseline_that_followed_from_a_job_before_the_period_begins_whatever_is_replayed(renewed, policy):
    period = Period(NOW.now, moment("2026-03-07T00:00:00Z"))

    found = backtest(renewed.monitor, renewed.output, period, with_policy(renewed, policy))

    assert drifts(found, "then") == drifts(found) == [7, 8]


def test_what_really_followed_from_data_follows_again():
    world = a_past({day: rows for day, rows in course().items() if day < 7}, FROM_DATA, ends={4: "Succeeded"})
    world.stores("mem://train/job-20260304T000000Z").put("data.jsonl", lines(moved(1, n=2000)))
    go_by(world, {day: rows for day, rows in course().items() if day >= 7})

    found = backtest(world.monitor, world.output, NOW)

    assert drifts(found, "then") == drifts(found) == [4, 5, 6, 7]
    assert found.notes == ()


@pytest.mark.parametrize("policy", ["", POLICY])
def test_what_would_follow_from_data_is_not_known_and_said(policy):
    never = a_past(course(), policy, ends={4: "Succeeded"} if policy else {})

    found = backtest(never.monitor, never.output, NOW, load_monitor(MONITOR + FROM_DATA, "changed.yaml"))

    assert drifts(found) == list(range(4, 13))
    assert found.notes == ("not known, so the old baseline holds on: what follows from the training data of retrain",)


def test_what_is_not_known_of_one_policy_keeps_no_other_from_its_baseline():
    never = a_past(course(), "")

    found = backtest(never.monitor, never.output, NOW, load_monitor(MONITOR + BOTH % "{data: mem://train}", "c.yaml"))

    assert drifts(found) == [4, 5, 6, 7, 8]
    assert found.notes[1:] == ("not known, so the old baseline holds on: what follows from the training data of slow",)


def test_a_baseline_that_was_made_by_hand_begins_whatever_is_replayed():
    world = a_past({day: moved(day) for day in range(2, 6)}, "")
    reference = MemoryStore("mem://more")
    reference.put("data.jsonl", lines(moved(1, n=2000)))
    make_baseline(world.monitor, [LogSource(reference)], world.output, chosen=True)
    go_by(world, {day: moved(day) for day in (6, 7, 8)})

    found = backtest(world.monitor, world.output, NOW, load_monitor(world.text + RENEWING, "changed.yaml"))

    assert drifts(found, "then") == [2, 3, 4, 5]
    assert drifts(found) == [2, 3, 4, 5]


def test_wider_windows_have_jobs_of_their_own():
    failed = a_past(course(), RENEWING, ends={4: "Failed"})
    wide = load_monitor(failed.text.replace("window: 1d", "window: 2d").replace("windows: 2", "windows: 1"), "c.yaml")

    found = backtest(failed.monitor, failed.output, NOW, wide)

    assert drifts(found)[0] == 4
    assert drifts(found)[-1] < 12
    assert found.now.actions == 1


def test_what_drifts_again_after_the_new_baseline_is_found_against_it():
    again = course() | {day: shifted(day, 12.0) for day in (11, 12)}
    never = a_past(again, "")

    found = backtest(never.monitor, never.output, NOW, load_monitor(never.text + RENEWING, "changed.yaml"))

    assert drifts(found) == [4, 5, 6, 7, 8, 11, 12]
