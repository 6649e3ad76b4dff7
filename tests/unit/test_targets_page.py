"""The page on policies shows targets that are valid, and what those who receive a request have to do."""

import re
from pathlib import Path

import pytest
import yaml
from services import MONITOR

from atalaia.checks import METRICS
from atalaia.monitor_file import find_faults
from atalaia.policies import TARGETS
from atalaia_web.webhook import signature

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8").partition("\n## Targets\n")[2]
WHEN = "when: drifted > 0.4"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


EXAMPLES = [block for block in blocks("yaml") if block.partition(":")[0] in TARGETS]
CALLED = [block for block in blocks("yaml") if block.startswith("name:")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda block: " ".join(block.split())[:60])
def test_an_example_of_a_target_is_valid(example):
    text = MONITOR + f"policies:\n  - name: retrain\n    {WHEN}\n    " + example.replace("\n", "\n    ").rstrip() + "\n"

    assert example.partition(":")[0] in TARGETS
    assert find_faults(text, "monitor.yaml", METRICS) == []


def test_each_target_has_an_example():
    assert {example.partition(":")[0] for example in EXAMPLES} == set(TARGETS)


@pytest.mark.parametrize("called", CALLED, ids=["workflow", "event", "pipeline"])
def test_what_is_called_has_the_id_in_the_name_of_its_run(called):
    told = yaml.safe_load(called)

    assert re.search(r"\$\{\{ [\w.]+id \}\}", told.get("run-name", told["name"]))


def test_what_is_called_declares_what_it_is_told():
    workflow, _, pipeline = (yaml.load(each, yaml.BaseLoader) for each in CALLED)

    assert set(workflow["on"]["workflow_dispatch"]["inputs"]) == {"atalaia_id", "atalaia_evidence"}
    assert {each["name"] for each in pipeline["parameters"]} == {"atalaia_id", "atalaia_evidence"}


def test_the_page_checks_signatures_as_they_are_made():
    (code,) = blocks("python")
    names = {}
    exec(code, names)
    header = signature("key", b"{}", 1000)

    assert names["is_ours"](header, b"{}", b"key", 1100.5)
    assert not names["is_ours"](header, b"{ }", b"key", 1100.5)
    assert not names["is_ours"](header, b"{}", b"other", 1100.5)
    assert not names["is_ours"](header, b"{}", b"key", 1400.0)
    assert not names["is_ours"](header.replace("t=1000", "t=1100"), b"{}", b"key", 1100.5)


def test_the_page_says_what_validate_says():
    block = re.search(r"^```\n(monitor\.yaml:.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    text = MONITOR + f"policies: [{{name: a, {WHEN}, databricks: {{host: 'https://h', job_id: 1, token: hunter2}}}}]\n"

    (fault,) = find_faults(text, "monitor.yaml", METRICS)

    assert str(fault).partition("env:NAME")[0] == block.partition("env:NAME")[0]
