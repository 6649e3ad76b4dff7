import hashlib
import json

import pytest
from reports import a_finding, a_report
from services import MONITOR

from atalaia.monitor_file import load_monitor
from atalaia.monitoring.acting import Actor
from atalaia.monitoring.claims import Claim, Claims
from atalaia.monitoring.evidence import MOST_FINDINGS, MOST_WINDOWS, evidence_of, filled
from atalaia.monitoring.layout import report_key
from atalaia.policies import FILLED_IN, Policy
from atalaia.report import to_json
from atalaia.window import Window, parse_time
from atalaia_local import MemoryStore, StoredJobs

DAY = 86_400_000_000
FIRST = parse_time("2026-03-01T00:00:00Z")
POLICY = """
policies:
  - name: retrain
    when: drifted > 0.4
    file: true
    parameters:
      a: "{window}..{train_to}"
      b: "{train_from}"
      c: "{baseline} {fingerprint}"
      d: "{x} {report}"
      e: "{findings}"
"""
WATCHED = load_monitor(MONITOR + POLICY, "monitor.yaml")


def window_at(day):
    return Window(FIRST + (day - 1) * DAY, FIRST + day * DAY)


def an_output(*reports):
    """Return a store with a report of each day; of several, the later are later revisions."""
    output, revisions = MemoryStore("mem://out"), {}
    for day, report in reports:
        revisions[day] = revisions.get(day, 0) + 1
        output.put(report_key("churn", window_at(day), revisions[day]), to_json(report))
    return output


def of(output, day):
    return evidence_of(WATCHED, output, window_at(day))


def test_evidence_names_the_report_and_its_fingerprint():
    output = an_output((2, a_report(day=2)), (2, a_report([a_finding()], day=2)))

    told = of(output, 2)

    key = "churn/reports/20260302T000000Z/r2.json"
    fingerprint = hashlib.sha256(output.get(key)[0]).hexdigest()
    assert told["window"] == {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}
    assert told["report"] == {"uri": f"mem://out/{key}", "revision": 2, "fingerprint": fingerprint}
    assert told["baseline"] == "1"
    assert json.loads(json.dumps(told)) == told


def test_evidence_has_what_was_found_and_says_what_it_leaves_out():
    columns = [f"c{number}" for number in range(MOST_FINDINGS + 3)]
    findings = [*(a_finding(column=name) for name in columns), a_finding("ok"), a_finding("undecided")]

    told = of(an_output((2, a_report(findings))), 2)

    assert [each["column"] for each in told["findings"]] == columns[:MOST_FINDINGS]
    assert told["more"] == 3
    assert told["findings"][0] == {
        "signal": "data_drift",
        "metric": "psi",
        "column": "c0",
        "segment": None,
        "value": 0.31,
        "threshold": 0.2,
        "status": "alert",
    }


@pytest.mark.parametrize(
    ("rows", "windows", "first"),
    [(10_000, 1, "05"), (5_000, 2, "04"), (3_400, 3, "02"), (1_000, 4, "01")],
)
def test_the_range_to_train_on_has_as_many_rows_as_the_baseline_where_there_are_that_many(rows, windows, first):
    baseline = {"baseline": a_report().baseline.__class__("v", "b/1.profile", 10_000)}
    days = [(day, a_report(day=day, rows=rows if day != 3 else 0, **baseline)) for day in (1, 2, 3, 4, 5)]

    told = of(an_output(*days, (6, a_report(day=6, rows=10**6, **baseline))), 5)["train_on"]

    assert told == {
        "from": f"2026-03-{first}T00:00:00Z",
        "to": "2026-03-06T00:00:00Z",
        "windows": windows,
        "rows": windows * rows,
        "logs": "mem://logs",
    }


def test_windows_that_are_not_final_are_not_trained_on():
    days = [(1, a_report(day=1)), (2, a_report(day=2, final=False)), (3, a_report(day=3))]

    assert of(an_output(*days), 3)["train_on"]["windows"] == 2


def test_no_more_than_so_many_windows_are_looked_through():
    days = [(day, a_report(rows=1)) for day in range(1, MOST_WINDOWS + 10)]

    assert of(an_output(*days), MOST_WINDOWS + 9)["train_on"]["windows"] == MOST_WINDOWS


def test_without_a_report_there_is_the_window():
    assert of(an_output(), 2) == {"window": {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}}


def test_parameters_are_filled_in_from_evidence():
    findings = [a_finding(column=f"c{number}") for number in range(6)]
    output = an_output((2, a_report([a_finding(column=None), *findings])))
    evidence = of(output, 2)

    told = filled(WATCHED.policies[0], WATCHED, window_at(2), evidence)

    assert told == {
        "a": "20260302T000000Z..2026-03-03T00:00:00Z",
        "b": "2026-03-02T00:00:00Z",
        "c": f"1 {evidence['report']['fingerprint']}",
        "d": "{x} mem://out/churn/reports/20260302T000000Z/r1.json",
        "e": "psi of the window, psi of c0, psi of c1, psi of c2, psi of c3, and 2 more",
    }


def test_what_is_not_known_is_filled_in_as_nothing():
    told = filled(WATCHED.policies[0], WATCHED, window_at(2), {})

    assert (told["b"], told["e"]) == ("", "")


def test_braces_in_what_is_filled_in_stay_as_they_are():
    output = an_output((2, a_report([a_finding(column="{monitor}")])))

    assert filled(WATCHED.policies[0], WATCHED, window_at(2), of(output, 2))["e"] == "psi of {monitor}"


def test_who_acts_for_several_policies_because_of_a_window_gathers_its_evidence_once():
    output = an_output((1, a_report(rows=1, day=1)), (2, a_report([a_finding()], day=2)))
    two = POLICY + POLICY.partition("policies:\n")[2].replace("retrain", "again")
    start, reads, get = window_at(2).start, [], output.get
    for policy in ("retrain", "again"):
        Claims(output, "churn", policy).claim(Claim(start, start, start), lambda _: "")
    output.get = lambda key: reads.append(key) or get(key)

    actor = Actor(load_monitor(MONITOR + two, "monitor.yaml"), output, lambda: start, lambda _: None, "one")
    list(actor.act(lambda _, store: StoredJobs(store)))

    assert reads.count(report_key("churn", window_at(1), 1)) == 1
    jobs = [json.loads(get(info.key)[0]) for info in output.list("jobs/")]
    assert [job["evidence"]["report"]["revision"] for job in jobs] == [1, 1]


def test_a_report_that_cannot_be_read_is_not_trained_on_and_holds_nothing_up():
    output = an_output(*((day, a_report(rows=1, day=day)) for day in (1, 2, 3)))
    output.put(report_key("churn", window_at(2), 1), b"{}")

    told = of(output, 3)["train_on"]

    assert (told["from"], told["to"], told["windows"]) == ("2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", 2)


def test_every_name_that_a_monitor_file_may_put_in_braces_is_filled_in():
    policy = Policy("retrain", "drifted > 0.3", parameters={name: f"{{{name}}}" for name in FILLED_IN})
    monitor = load_monitor(MONITOR, "monitor.yaml")

    told = filled(policy, monitor, Window(0, 1), {})

    assert [name for name in FILLED_IN if told[name] == f"{{{name}}}"] == []
