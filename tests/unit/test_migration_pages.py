"""What the pages for those who leave another tool show is what this program reads."""

import re
from pathlib import Path

import pytest

from atalaia.checks import METRICS
from atalaia.monitor_checks import CONSTRAINT_CHECKS
from atalaia.monitor_file import find_faults

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_example_with_constraints_is_a_monitor_file():
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "from-sagemaker.md").read_text(), re.DOTALL)

    assert find_faults(example, "example", METRICS) == []


@pytest.mark.parametrize("check", CONSTRAINT_CHECKS)
def test_every_check_of_model_monitor_is_explained(check):
    assert f"| `{check}` |" in (DOCS / "from-sagemaker.md").read_text()


def test_every_metric_that_azures_become_is_there():
    table = (DOCS / "from-azureml.md").read_text()
    named = {"wasserstein_normalised", "jensen_shannon", "psi", "missing", "type_errors", "out_of_range", "out_of_set"}

    assert named <= METRICS.keys()
    for name in named:
        assert f"`{name}`" in table
