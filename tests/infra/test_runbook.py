"""The runbook has a section for each alarm of both clouds, and names queries that there are."""

import re

from azure_alarm_facts import QUERY
from infrastructure import INFRA, ROOT

TEXT = (ROOT / "docs/runbook.md").read_text()
SECTIONS = set(re.findall(r"^### ([\w-]+)$", TEXT, re.MULTILINE))
OF_AWS = {"aws_cloudwatch_metric_alarm": "alarm_name"}
OF_AZURE = {QUERY: "name", "azurerm_monitor_metric_alert": "name"}


def without_section(deployed, kinds):
    names = [each[key] for kind, key in kinds.items() for _, each in deployed.every(kind)]
    assert len(names) > 10
    return [name for name in names if not any(name.endswith(f"-{section}") for section in SECTIONS)]


def test_each_alarm_of_aws_has_a_section(deployed):
    assert without_section(deployed, OF_AWS) == []


def test_each_alarm_of_azure_has_a_section(deployed_on_azure):
    assert without_section(deployed_on_azure, OF_AZURE) == []


def test_each_section_says_what_it_means_what_to_ask_and_what_to_do():
    parts = re.split(r"^### [\w-]+$", TEXT, flags=re.MULTILINE)[1:]

    assert all(all(word in part for word in ("**Means**", "**Ask**", "**Do**")) for part in parts)


def test_the_queries_that_it_names_are_there():
    asked = {
        name
        for line in re.findall(r"^\*\*Ask\*\*.*", TEXT, re.MULTILINE)
        for name in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", line)
    }
    files = {path.stem for path in (INFRA / "queries").glob("*.kql")}

    assert len(asked) > 4
    assert asked - SECTIONS <= files
