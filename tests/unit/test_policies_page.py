import re
from pathlib import Path

import pytest

from atalaia.checks import METRICS
from atalaia.conditions import OF_WINDOW
from atalaia.decisions import Outcome
from atalaia.monitor_file import find_faults
from atalaia.policies import TARGETS, Policy

PAGE = (Path(__file__).resolve().parents[2] / "docs/policies.md").read_text()
MONITOR = """
name: fraud
model: {name: fraud}
logs: {source: logs}
output: out
columns:
  - {name: income}
  - {name: channel, type: string}
  - {name: region, type: string, role: segment}
  - {name: "a, b"}
"""


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(policies:\n.*?)```", PAGE, re.DOTALL))
def test_the_examples_of_the_page_have_no_faults(example):
    assert find_faults(MONITOR + example, "example", METRICS) == []


def test_the_example_of_an_azure_job_has_no_faults():
    (example,) = re.findall(r"```yaml\n(azureml_job:\n.*?)```", PAGE, re.DOTALL)
    policy = "policies:\n  - name: retrain\n    when: drifted > 0.3\n    " + example.replace("\n", "\n    ")

    assert find_faults(MONITOR + policy, "example", METRICS) == []


@pytest.mark.parametrize(
    "value", ["psi", "row_count", "missing[income]", "cohen_w[channel, region=north]", 'missing["a, b"]', *OF_WINDOW]
)
def test_every_value_of_the_page_can_be_compared(value):
    policy = f"policies: [{{name: a, file: true, when: '{value} > 0.5'}}]"

    assert f"`{value}`" in PAGE
    assert find_faults(MONITOR + policy, "example", METRICS) == []


@pytest.mark.parametrize("value", ["alert(psi)", "warning(missing[income])"])
def test_every_question_of_the_page_can_be_asked(value):
    policy = f"policies: [{{name: a, file: true, when: '{value}'}}]"

    assert f"`{value}`" in PAGE
    assert find_faults(MONITOR + policy, "example", METRICS) == []


@pytest.mark.parametrize("key", [key for key in Policy.__struct_fields__ if key not in (*TARGETS, "name")])
def test_every_key_is_explained(key):
    assert re.search(rf"`{key}\b", PAGE)


def test_every_outcome_is_explained():
    table = PAGE.partition("| outcome |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [outcome.value for outcome in Outcome]
