"""What the complete example for Azure makes: rights, wiring, alarms."""

import re

import pytest
from azure_alarm_facts import QUERY, SETTINGS
from azure_facts import FACTS, app_settings
from infrastructure import ROOT
from reports import a_finding, a_report

from atalaia.telemetry import report_points

PLATFORM = {"AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential"}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_it_is_a_fact_that(deployed_on_azure, fact):
    fact(deployed_on_azure)


def test_alarms_watch_metrics_that_are_sent(deployed_on_azure):
    findings = [a_finding(signal=each, threshold=0.1) for each in ("data_drift", "performance", "quality")]
    points = report_points(a_report(findings), 0)
    sent = {each.name for each in points}
    kinds = {value for each in points for key, value in each.attributes if key == "metric"}
    asked = " ".join(each["criteria"][0]["query"] for _, each in deployed_on_azure.every(QUERY))
    metrics = [each for each in re.findall(r'name == "(ml\.monitor\.[a-z_]+)"', asked) if each != "ml.monitor.report"]

    assert set(metrics) <= sent
    assert set(re.findall(r'customDimensions\.metric\) == "(\w+)"', asked)) <= kinds


def test_the_settings_are_those_that_the_functions_read(deployed_on_azure):
    told = "".join((ROOT / name).read_text() for name in ("README.md", "docs/azure.md"))
    given = app_settings(deployed_on_azure).keys() - PLATFORM

    assert given >= SETTINGS["environment"].keys()
    assert all(f"`{name}`" in told for name in given)
