import json

import pytest
from packets import Died, Interrupted, die
from pasts import moved
from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

from atalaia.checks import METRICS
from atalaia.html import render_html
from atalaia.monitor_file import find_faults
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import report_key
from atalaia.monitoring.service import NewVersion
from atalaia.monitoring.verifying import verify_report
from atalaia.profile import Profile
from atalaia.report import Input
from atalaia.versions import model_versions
from atalaia.window import Window

POLICY = "policies: [{{name: retrain, when: drifted > 0.4, cool_down: 4w, pipeline: p, new_baseline: {}}}]\n"
AFTER_MODEL = MONITOR.replace("model: {name: churn}", "model: {name: churn, new_baseline: %s}")
DAY = 86_400_000_000


class Starter:
    def __call__(self, policy, store):
        return self

    def start(self, job):
        return f"arn:aws:sagemaker:eu-west-1:1:pipeline/p/execution/run-{job.window[:8]}"


def arrive(world, day, entries, name=""):
    assert not world.service.ingest([world.put(f"{day}{name}.jsonl", lines(entries))]).failed


def evaluate(world):
    return world.service.evaluate(Told(), Starter()).evaluated["churn"]


def day_of(number):
    start = moment(f"2026-03-{number:02}T00:00:00Z")
    return Window(start, start + DAY)


def report_of(world, day):
    return latest_report("churn", world.output, day_of(day)).report


def drifted(report):
    return sorted({f.column for f in report.findings if f.signal == "data_drift" and f.status == "alert"})


def told(report):
    return [f.message for f in report.findings if f.metric == "new_baseline"]


def end_well(world, day, time, outcome="Succeeded"):
    job = f"arn:aws:sagemaker:eu-west-1:1:pipeline/p/execution/run-202603{day:02}"
    return world.service.note_outcome(job, outcome, moment(time))


def retrained(new_baseline="{windows: 2, rows: 1000}", outcome="Succeeded"):
    """A world in which the second of March drifted, and the job that this started has ended on the third."""
    world = make_service(MONITOR + POLICY.format(new_baseline))
    arrive(world, 2, moved(2))
    evaluate(world)
    end_well(world, 2, "2026-03-03T05:00:00Z", outcome)
    return world


def go_on(world, *days, n=600):
    for day in days:
        arrive(world, day, moved(day, n))
        evaluate(world)


def test_healthy_windows_after_the_run_become_the_baseline_of_the_windows_after_them():
    world = retrained()
    old = report_of(world, 2).baseline.version

    go_on(world, 3, 4, 5, 6)

    assert [drifted(report_of(world, day)) for day in (2, 4, 5, 6)] == [["word", "x"]] * 3 + [[]]
    assert [report_of(world, day).baseline.version == old for day in (2, 3, 4, 5, 6)] == [True] * 4 + [False]
    assert report_of(world, 6).baseline.rows == 1200
    assert world.watches[0].eras.latest.origin.endswith("; the job run-20260302 of the policy retrain ended well")


def test_the_window_in_which_the_run_ended_is_not_gathered():
    world = retrained("{windows: 1, rows: 1}")

    go_on(world, 3)
    before = world.watches[0].eras.latest.origin
    go_on(world, 4)

    assert before == ""
    assert "from 1 window of 2026-03-04" in world.watches[0].eras.latest.origin


def test_windows_whose_profiles_are_gone_make_no_baseline():
    world = retrained()
    go_on(world, 4, 5, n=400)
    report = world.output.get(report_key("churn", day_of(5), 1))[0]
    world.output.put(report_key("churn", day_of(6), 1), report)
    for info in list(world.output.list("churn/profiles/")):
        world.output.delete(info.key)
    world.restart()

    done = evaluate(world)

    assert "profiles are gone" in done.counts()["not_renewed"]


def test_while_a_baseline_is_to_come_reports_are_not_read_again_and_again():
    world = retrained("{windows: 30}")
    go_on(world, 3, 4, 5, 6, 7, 8)
    reads = []
    get = world.stores.opened["mem://out"].get
    world.stores.opened["mem://out"].get = lambda key: reads.append(key) or get(key)

    world.now += 60_000_000
    evaluate(world)
    soon = [key for key in reads if "/reports/" in key]
    world.now += 3600_000_000
    evaluate(world)

    assert soon == []
    assert len([key for key in reads if "/reports/" in key]) == 5


def test_until_then_findings_say_how_much_was_gathered():
    world = retrained()

    go_on(world, 3, 4, 5, 6)

    because = "the job run-20260302 of the policy retrain ended well at 2026-03-03T05:00:00Z"
    still = f"{because}; this window is still judged by the old baseline: for the new one there were"
    assert [told(report_of(world, day)) for day in (2, 3, 4, 5, 6)] == [
        [],
        [f"{still} 0 of 2 healthy windows before it"],
        [f"{still} 0 of 2 healthy windows before it"],
        [f"{still} 1 of 2 healthy windows before it"],
        [],
    ]


def test_every_report_can_be_verified_after_the_change():
    world = retrained()
    go_on(world, 3, 4, 5, 6)
    arrive(world, 4, moved(4, 50), "-late")
    evaluate(world)

    for day in (2, 3, 4, 5, 6):
        revision = latest_report("churn", world.output, day_of(day)).revision
        assert verify_report(report_key("churn", day_of(day), revision), world.output).differences == ()


def test_late_rows_of_old_windows_are_judged_by_the_old_baseline():
    world = retrained()
    go_on(world, 3, 4, 5, 6)

    arrive(world, 6, moved(4, 100) + moved(6, 100), "-late")
    evaluate(world)

    assert [report_of(world, day).rows for day in (4, 6)] == [700, 700]
    assert not [f for day in (4, 6) for f in report_of(world, day).findings if f.metric == "other_baseline"]
    assert told(report_of(world, 4))


def test_what_was_ingested_before_the_change_is_not_read_again():
    world = retrained()
    go_on(world, 3, 4, 5, 6)

    done = world.service.ingest([world.put(f"{day}.jsonl", lines(moved(day))) for day in (2, 3, 4, 5, 6)])

    assert [is_new for _, is_new in done.receipts["churn"]] == [False] * 5


@pytest.mark.parametrize(
    ("days", "rows_each"),
    [((4,), 600), ((4, 5), 400)],
)
def test_too_few_windows_or_rows_make_no_baseline(days, rows_each):
    world = retrained()

    go_on(world, *days, n=rows_each)

    assert world.watches[0].eras.latest.origin == ""


@pytest.mark.parametrize(("bad", "signal"), [("n/a", "quality"), ("NaN", "stability")])
def test_windows_with_an_alert_of_quality_or_stability_are_not_gathered(bad, signal):
    world = retrained()
    arrive(world, 4, [{**row, "x": row["x"] if number % 10 else bad} for number, row in enumerate(moved(4))])
    evaluate(world)
    alerts = {f.signal for f in report_of(world, 4).findings if f.status == "alert"}

    go_on(world, 5, 6)

    assert alerts == {"data_drift", signal}
    assert "from 2 windows of 2026-03-05" in world.watches[0].eras.latest.origin


def test_windows_without_rows_are_not_gathered():
    world = retrained("{windows: 2, rows: 500}")
    world.now = moment("2026-03-09T00:00:00Z")

    go_on(world, 4, 6)

    assert report_of(world, 5).rows == 0
    assert "from 2 windows of 2026-03-04" in world.watches[0].eras.latest.origin
    assert world.watches[0].eras.latest.profile.rows == 1200


def test_windows_that_are_not_final_are_not_gathered():
    world = retrained("{windows: 1, rows: 1}")
    world.now = moment("2026-03-04T23:00:00Z")

    go_on(world, 4)

    assert world.watches[0].eras.latest.origin == ""


@pytest.mark.parametrize("outcome", ["Failed", "Stopped", "CompletedWithFailures", "Executing"])
def test_a_job_that_did_not_end_well_changes_no_baseline(outcome):
    world = retrained("{windows: 1, rows: 1}", outcome)

    go_on(world, 3, 4, 5)

    assert world.watches[0].eras.latest.origin == ""
    assert not told(report_of(world, 5))


def test_a_policy_that_asks_for_none_changes_no_baseline():
    world = make_service(MONITOR + POLICY.format("null"))
    go_on(world, 2)
    end_well(world, 2, "2026-03-03T05:00:00Z")

    go_on(world, 4, 5)

    assert world.watches[0].eras.latest.origin == ""


def test_an_outcome_that_is_told_again_changes_nothing():
    world = retrained()
    go_on(world, 4, 5)
    made = world.watches[0].eras.latest.version

    end_well(world, 2, "2026-03-03T05:00:00Z")
    go_on(world, 6, 7, 8)

    assert world.watches[0].eras.latest.version == made


def test_the_new_baseline_can_come_from_the_new_models_training_data():
    world = retrained("{data: 'mem://train/{job}'}")
    waiting = evaluate(world)
    go_on(world, 3)
    world.stores("mem://train/run-20260302").put("part-0.jsonl", lines(moved(2, 3000)))

    made = evaluate(world)
    go_on(world, 4)

    assert "there are no reference data" in waiting.counts()["not_renewed"]
    assert told(report_of(world, 3))[0].endswith("as the new one is not made yet of mem://train/run-20260302")
    assert made.counts()["renewed"] == report_of(world, 4).baseline.version
    assert (report_of(world, 4).baseline.rows, drifted(report_of(world, 4))) == (3000, [])


def test_the_window_that_goes_on_stays_with_the_old_baseline():
    world = retrained("{data: 'mem://train/{job}'}")
    world.stores("mem://train/run-20260302").put("part-0.jsonl", lines(moved(2, 3000)))
    world.now = moment("2026-03-04T10:00:00Z")
    evaluate(world)

    world.now = moment("2026-03-07T10:00:00Z")
    go_on(world, 4, 5)

    assert [drifted(report_of(world, day)) for day in (4, 5)] == [["word", "x"], []]


def test_rows_of_a_clock_that_is_wrong_do_not_put_the_new_baseline_off():
    world = retrained()
    world.now = moment("2026-03-07T10:00:00Z")
    arrive(world, 28, moved(28, 5))

    go_on(world, 4, 5)

    assert json.loads(world.output.get("churn/state/baseline.json")[0])["since"] == moment("2026-03-06T00:00:00Z")


def test_a_baseline_that_somebody_lets_hold_meanwhile_is_not_lost():
    world = retrained()
    go_on(world, 4)
    arrive(world, 5, moved(5))
    store = world.stores.opened["mem://out"]
    get, put = store.get, store.put

    def late(key, data, **conditions):
        if key == "churn/state/baseline.json" and not other:
            other.append(put(key, get(key)[0] + b"\n"))
        return put(key, data, **conditions)

    other, store.put = [], late
    told = evaluate(world).counts()
    held = json.loads(get("churn/state/baseline.json")[0])
    again = evaluate(world).counts()

    assert other
    assert "renewed" not in told
    assert told["not_renewed"]
    assert "renewal" not in held
    assert again["renewed"]


def test_killed_at_any_call_the_same_baseline_is_made_once():
    whole = retrained()
    go_on(whole, 4, 5, 6)
    wanted = whole.watches[0].eras.latest.version
    for calls in range(1, 200):
        world = retrained()
        go_on(world, 4)
        arrive(world, 5, moved(5))
        store = world.stores.opened["mem://out"]
        world.stores.opened["mem://out"] = world.output = Interrupted(store, calls, die)
        world.restart()
        try:
            evaluate(world)
            died = False
        except Died:
            died = True
        world.stores.opened["mem://out"] = world.output = store
        world.restart()
        evaluate(world)
        go_on(world, 6)
        assert world.watches[0].eras.latest.version == wanted
        assert len(json.loads(world.output.get("churn/state/baseline.json")[0])["earlier"]) == 1
        if not died:
            break
    assert calls > 20


def test_a_new_version_that_nobody_asks_about_changes_nothing():
    world = retrained("null")

    assert world.service.note_model(NewVersion("churn", "8", moment("2026-03-05T00:00:00Z"))) == []
    assert not list(world.output.list("churn/renewals/"))


def test_a_new_version_of_the_model_begins_a_new_baseline():
    world = make_service(AFTER_MODEL % "{windows: 1, rows: 500}")
    arrive(world, 2, rows(2, seed=2))
    evaluate(world)

    known = [world.service.note_model(NewVersion("churn", "8", moment("2026-03-03T00:00:00Z"))) for _ in range(2)]
    others = world.service.note_model(NewVersion("fraud", "8", moment("2026-03-03T00:00:00Z")))
    go_on(world, 3, 4)

    assert (known, others) == ([["churn"]] * 2, [])
    assert told(report_of(world, 3))[0].startswith("version 8 of the model churn came at 2026-03-03T00:00:00Z;")
    assert [drifted(report_of(world, day)) for day in (2, 3, 4)] == [[], ["word", "x"], []]
    assert [report_of(world, day).model_version for day in (2, 3, 4)] == [None, None, "8"]


def test_a_version_that_is_approved_again_later_begins_nothing():
    world = make_service(AFTER_MODEL % "{windows: 1, rows: 500}")
    arrive(world, 2, rows(2, seed=2))
    evaluate(world)

    for day in (3, 5):
        world.service.note_model(NewVersion("churn", "8", moment(f"2026-03-0{day}T00:00:00Z")))

    assert len(list(world.output.list("churn/renewals/"))) == 1


def test_of_several_new_models_the_latest_counts():
    world = make_service(AFTER_MODEL % "{windows: 2, rows: 500}")
    arrive(world, 2, rows(2, seed=2))
    evaluate(world)
    world.service.note_model(NewVersion("churn", "8", moment("2026-03-03T00:00:00Z")))
    go_on(world, 3)
    world.service.note_model(NewVersion("churn", "9", moment("2026-03-04T00:00:00Z")))

    go_on(world, 4, 5, 6)
    world.service.note_model(NewVersion("churn", "10", moment("2026-03-07T00:00:00Z")))
    go_on(world, 7, 8, 9)

    assert [report_of(world, day).model_version for day in (3, 4, 5, 6, 8, 9)] == [None, None, None, "9", "9", "10"]
    arrive(world, 6, moved(6, 80), "-late")
    evaluate(world)
    assert (report_of(world, 6).rows, report_of(world, 6).model_version) == (680, "9")


def test_windows_that_were_gathered_for_an_earlier_model_are_not_taken_for_a_later_one():
    world = make_service(AFTER_MODEL % "{windows: 2, rows: 500}" + POLICY.format("{windows: 1, rows: 500}"))
    go_on(world, 2)
    world.service.note_model(NewVersion("churn", "8", moment("2026-03-03T00:00:00Z")))
    go_on(world, 3)
    end_well(world, 2, "2026-03-04T05:00:00Z")

    evaluate(world)
    before = world.watches[0].eras.latest.origin
    go_on(world, 5)

    assert before == ""
    assert "from 1 window of 2026-03-05" in world.watches[0].eras.latest.origin


VERSIONED = (AFTER_MODEL % "{windows: 1, rows: 100}") + "  - {name: v, type: string, role: version}\n"


def versioned(day, n=600, version="1", entries=rows):
    return [{**row, "v": version} for row in entries(day, n)]


def test_where_rows_tell_their_version_only_windows_of_the_new_one_are_gathered():
    world = make_service(VERSIONED)
    arrive(world, 2, versioned(2))
    evaluate(world)
    world.service.note_model(NewVersion("churn", "2", moment("2026-03-03T00:00:00Z")))
    for day, some in ((3, versioned(3)), (4, versioned(4) + versioned(4, 300, "2")), (5, versioned(5, 600, "2"))):
        arrive(world, day, some)
        evaluate(world)

    assert "from 1 window of 2026-03-05" in world.watches[0].eras.latest.origin


def test_a_window_of_two_new_versions_is_not_gathered():
    world = make_service(VERSIONED)
    arrive(world, 2, versioned(2))
    evaluate(world)
    world.service.note_model(NewVersion("churn", "2", moment("2026-03-03T00:00:00Z")))
    for day, some in ((3, versioned(3, 300, "2") + versioned(3, 300, "3")), (4, versioned(4, 600, "2"))):
        arrive(world, day, some)
        evaluate(world)

    assert "from 1 window of 2026-03-04" in world.watches[0].eras.latest.origin


def test_a_window_of_two_versions_judges_each_by_itself():
    world = make_service(VERSIONED)
    arrive(world, 2, versioned(2) + versioned(2, 600, "2", moved))
    arrive(world, 3, versioned(3))
    evaluate(world)

    report = report_of(world, 2)
    what = "number of versions of the model in the window"
    segments = {f.segment: f.status for f in report.findings if f.signal == "data_drift" and f.column == "x"}
    assert report.model_versions == {"1": 600, "2": 600}
    assert segments == {None: "alert", "v=1": "ok", "v=2": "alert"}
    assert [(f.signal, f.status, f.message) for f in report.findings if f.metric == "model_versions"] == [
        ("change", "warning", f"{what} is 2, above the limit of 1: 1 with 600 rows, 2 with 600 rows")
    ]
    assert {f.segment for f in report_of(world, 3).findings} == {None}
    assert not [f for f in report.findings if f.column == "v" and f.signal != "quality"]


def test_too_many_values_are_no_versions_that_are_told_apart():
    world = make_service(VERSIONED)
    arrive(world, 2, [{**row, "v": str(i)} for i, row in enumerate(rows(2))])
    evaluate(world)

    assert {f.segment for f in report_of(world, 2).findings} == {None}


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("{windows: 0}", "0 is not from 1 to 100"),
        ("{windows: 101}", "101 is not from 1 to 100"),
        ("{rows: 0}", "0 is not above 0"),
        ("{rows: 5, data: here}", "`rows` has no effect beside `data`"),
        ("{data: ''}", "the text is empty"),
        ("{day: 3}", "day"),
        ("soon", "soon"),
    ],
)
def test_faults_of_a_new_baseline_are_told(new, fault):
    for text in (MONITOR + POLICY.format(new), AFTER_MODEL % new):
        (found,) = find_faults(text, "m.yaml", METRICS)
        assert fault in str(found)
        assert "new_baseline" in str(found)


def test_a_version_that_is_a_number_needs_to_be_a_category():
    (found,) = find_faults(MONITOR + "  - {name: v, type: integer, role: version}\n", "m.yaml", METRICS)

    assert "a version whose kind is 'numeric' has no name" in str(found)


def test_page_says_what_models_rows_come_from_and_that_a_baseline_is_to_come():
    world = make_service(VERSIONED)
    world.service.note_model(NewVersion("churn", "2", moment("2026-03-02T00:00:00Z")))
    arrive(world, 2, versioned(2) + versioned(2, 300, "<2>"))
    evaluate(world)

    page = render_html([report_of(world, 2)])

    assert "A new baseline is to come: version 2 of the model churn came at 2026-03-02T00:00:00Z;" in page
    assert '<td>&lt;2&gt;</td><td class="number">300</td>' in page


@pytest.mark.parametrize(
    ("format_given", "place", "known"),
    [
        ("sagemaker", "s3://b/capture/churn/%s/2026/03/02/10/a.jsonl", ["churn/blue", "churn/green"]),
        ("azureml", "az://c/churn/%s/model_inputs/2026/03/02/10/a.jsonl", ["churn/blue", "churn/green"]),
        ("jsonl", "s3://b/capture/churn/%s/2026/03/02/10/a.jsonl", []),
        ("sagemaker", "s3://b/churn/%s/a.jsonl", []),
    ],
)
def test_the_place_of_a_clouds_logs_tells_the_version(format_given, place, known):
    world = make_service()
    inputs = [Input(place % name, "", format_given, rows, 0) for name, rows in (("blue", 5), ("green", 7), ("red", 0))]

    found = model_versions(world.watches[0].eras.latest.grids, Profile(""), inputs)

    assert list(found) == known
    assert sum(found.values()) == (12 if known else 0)


def test_an_empty_window_tells_no_version_and_hides_none():
    world = make_service(VERSIONED)
    for day in (2, 4):
        arrive(world, day, versioned(day))
    evaluate(world)
    world.service.note_model(NewVersion("churn", "2", moment("2026-03-04T00:00:00Z")))
    arrive(world, 5, versioned(5))
    evaluate(world)

    assert [report_of(world, day).model_versions for day in (2, 3, 4)] == [{"1": 600}, {}, {"1": 600}]
    assert world.watches[0].eras.latest.origin == ""
