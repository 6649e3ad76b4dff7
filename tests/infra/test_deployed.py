"""What the complete example makes: rights, wiring, alarms."""

import pytest
from deployed_facts import FACTS, SETTINGS
from infrastructure import ROOT
from reports import a_finding, a_report

from atalaia.operations import OPERATIONS
from atalaia.telemetry import report_points


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_it_is_a_fact_that(deployed, fact):
    fact(deployed)


def test_alarms_watch_metrics_that_are_sent(deployed):
    findings = [a_finding(signal=each, threshold=0.1) for each in ("data_drift", "performance", "quality")]
    points = report_points(a_report(findings), 0)
    sent = {(each.name, frozenset(dict(each.attributes))) for each in points}
    sent |= {(each.name, frozenset()) for each in OPERATIONS["evaluate"]}
    every = [each for _, each in deployed.every("aws_cloudwatch_metric_alarm")]
    alarms = [each for each in every if each["namespace"] == "Atalaia"]

    assert {(each["metric_name"], frozenset(each["dimensions"] or {})) for each in alarms} <= sent
    assert {each["dimensions"]["metric"] for each in alarms if "metric" in (each["dimensions"] or {})} == {
        dict(each.attributes)["metric"] for each in points if "metric" in dict(each.attributes)
    }


def test_the_environment_is_one_that_the_functions_read(deployed):
    readme = (ROOT / "README.md").read_text()
    given = deployed.all("aws_lambda_function")["evaluate"]["environment"][0]["variables"]

    assert given.keys() == SETTINGS["environment"].keys() | {
        "ATALAIA_MONITORS", "ATALAIA_APPROVAL_KEY", "ATALAIA_APPROVAL_URL",
    }  # fmt: skip
    assert all(f"`{name}`" in readme for name in given)


def test_saved_queries_ask_for_events_that_are_logged(deployed):
    queries = [each["query_string"] for each in deployed.all("aws_cloudwatch_query_definition").values()]

    assert queries
    assert all("ml.monitor." in each and each.startswith("# ") for each in queries)
