"""What Terraform's own commands say of the configurations."""

import pytest
from infrastructure import (
    AWS_ROOT,
    COMPLETE,
    CONFIGURATIONS,
    INFRA,
    MINIMAL,
    MODULE,
    applied,
    checks,
    copied,
    terraform,
)


def test_files_are_formatted():
    found = terraform(INFRA, "fmt", "-check", "-diff", "-recursive", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr


def test_tables_in_readmes_are_fresh_and_inputs_are_few_and_described():
    found = checks("docs", "--check", INFRA / MODULE, INFRA / AWS_ROOT)

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_a_configuration_is_valid(infra, configuration):
    found = terraform(infra / configuration, "validate", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("file", ["wiring", "switches", "refused"])
def test_the_tests_of_the_module_pass(infra, file):
    found = terraform(infra / MODULE, "test", f"-filter=tests/{file}.tftest.hcl", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 passed" not in found.stdout


def test_applied_twice_nothing_changes_and_nothing_is_left_in_the_end(infra):
    commands = [
        ("apply", "-auto-approve", "-input=false"),
        ("plan", "-detailed-exitcode", "-input=false"),
        ("destroy", "-auto-approve", "-input=false"),
    ]
    for command in commands:
        found = terraform(infra / MINIMAL, *command, "-no-color")
        assert found.returncode == 0, found.stdout + found.stderr
    assert not terraform(infra / MINIMAL, "state", "list").stdout


def test_one_more_monitor_file_is_one_more_monitor(infra, tmp_path):
    folder = copied(tmp_path) / MINIMAL
    credit = (infra / COMPLETE / "monitors/credit.yaml").read_text()
    (folder / "monitors/credit.yaml").write_text(credit)
    assert terraform(folder, "init", "-no-color").returncode == 0

    made = applied(folder)

    assert set(made.all("aws_s3_object", "monitor")) == {"churn.yaml", "credit.yaml"}
    assert set(made.all("aws_s3_bucket_notification")) == {"churn-endpoint", "credit-endpoint"}
    assert "credit-drift" in made.all("aws_cloudwatch_metric_alarm", "report")
    assert made.may("ingest", "s3:GetObject", "arn:aws:s3:::credit-endpoint/capture/x.jsonl")
