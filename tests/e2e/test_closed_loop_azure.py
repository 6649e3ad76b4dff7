"""The closed loop on Azure: from drifted logs to a training, and to a baseline for its model, as KQL tells of it."""

import json
import sys

import pytest
from azure_accounts import CREDIT, AzureAccount
from azure_emulators import azure_emulator
from closed_loops import FACTS, Loop, assert_noted_once, watched
from emulators import ROOT, until

JOB = CREDIT[CREDIT.index("    azureml_job:") : CREDIT.index("    parameters:")]
LOOP = watched(CREDIT, JOB)


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """What came of it, where each event comes twice."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    with azure_emulator(tmp_path_factory.mktemp("azure"), "--scale", "60") as azure:
        azure.chaos(event_duplicates=1.0, ml_duplicates=1.0)
        account = AzureAccount(azure, monitors={"credit": LOOP})
        with account.logs() as ask:
            account.ask = ask
            yield Loop(account)


def test_one_training_is_started_and_told_why(loop):
    [job] = loop.account.jobs()
    told = job["properties"]["environmentVariables"]
    evidence = json.loads(told.pop("ATALAIA_EVIDENCE"))

    assert told == loop.why()
    assert {each["column"] for each in evidence["findings"]} == {"amount", "city"}
    assert job["properties"]["status"] == "Completed"


def test_its_end_is_noted_once(loop):
    [job] = loop.account.jobs()

    assert_noted_once(loop, (job["name"], "Completed"), loop.account.told("ml.monitor.lifecycle"))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_it_is_a_fact_that(loop, fact):
    fact(loop)


def test_actions_and_decisions_are_custom_events(loop):
    [action] = loop.values("actions/")

    [started] = events(loop, "action")
    assert (started["id"], started["job"]) == (action["id"], action["job"])
    decided = lambda: [each["outcome"] for each in events(loop, "decision")]  # noqa: E731 - asked twice
    assert until(lambda: {*decided()} == {"acted", "held", "no"})
    assert decided().count("acted") == 1


def events(loop, name):
    """What the functions told of one kind, each once."""
    query = f"""customEvents | where name == "ml.monitor.{name}"
        | summarize take_any(customDimensions) by id = tostring(customDimensions.id)"""
    return [json.loads(row["customDimensions"]) for row in until(lambda: loop.account.ask(query))]


def test_the_new_baseline_is_told_of(loop):
    [job], [renewal] = loop.account.jobs(), loop.values("renewals/")
    query = """traces | where message has "renewed" | extend told = parse_json(message)
        | project renewed = tostring(told.monitors.credit.renewed)"""
    notes = [each["message"] for each in events(loop, "finding") if each["metric"] == "new_baseline"]

    assert until(lambda: loop.account.ask(query)) == [{"renewed": renewal["baseline"]}]
    assert notes
    assert all(job["name"] in each for each in notes)


def test_that_a_job_ended_is_a_trace(loop):
    query = """traces | where message has "ml.monitor.lifecycle" | extend told = parse_json(message)
        | distinct state = tostring(told.state)"""

    assert until(lambda: {row["state"] for row in loop.account.ask(query)} >= {"Completed"})


def test_that_drift_came_and_went_is_in_custom_metrics(loop):
    query = """customMetrics | where name == "ml.monitor.drifted"
        | summarize most = max(valueMax), least = min(valueMin)"""

    assert until(lambda: loop.account.ask(query) == [{"most": pytest.approx(2 / 3), "least": 0}])


def test_the_library_tells_of_the_one_training(loop):
    [row] = loop.account.ask((ROOT / "infra/queries/retraining.kql").read_text())

    assert (row["monitor"], row["policy"], row["state"]) == ("credit", "retrain", "Completed")
