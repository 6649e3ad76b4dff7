"""What Terraform's own commands say of the configurations."""

import re

import pytest
from azure_facts import subjects
from infrastructure import (
    AWS_ROOT,
    AZURE_COMPLETE,
    AZURE_MINIMAL,
    AZURE_MODULE,
    AZURE_ROOT,
    BUNDLES,
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
    found = checks("docs", "--check", *(INFRA / each for each in (MODULE, AWS_ROOT, AZURE_MODULE, AZURE_ROOT)))

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_a_configuration_is_valid(infra, configuration):
    found = terraform(infra / configuration, "validate", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("module", [MODULE, AZURE_MODULE], ids=lambda module: module.name)
@pytest.mark.parametrize("file", ["wiring", "switches", "refused"])
def test_the_tests_of_the_module_pass(infra, module, file):
    found = terraform(infra / module, "test", f"-filter=tests/{file}.tftest.hcl", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr
    assert " 0 passed" not in found.stdout


@pytest.mark.parametrize("example", [MINIMAL, AZURE_MINIMAL], ids=["aws", "azure"])
def test_applied_twice_nothing_changes_and_nothing_is_left_in_the_end(infra, example):
    commands = [
        ("apply", "-auto-approve", "-input=false"),
        ("plan", "-detailed-exitcode", "-input=false"),
        ("destroy", "-auto-approve", "-input=false"),
    ]
    for command in commands:
        found = terraform(infra / example, *command, "-no-color")
        assert found.returncode == 0, found.stdout + found.stderr
    assert not terraform(infra / example, "state", "list").stdout


@pytest.mark.parametrize(
    ("changed", "was", "becomes"),
    [
        ("main.tf", "monitors            =", 'environment = { ATALAIA_EVALUATE_AT = "0 */5 * * * *" }\n  monitors ='),
        (BUNDLES[1].name, "a", "an"),
    ],
    ids=["a setting", "a bundle"],
)
def test_triggers_are_looked_for_again_after(infra, tmp_path, changed, was, becomes):
    folder = copied(tmp_path) / AZURE_MINIMAL
    assert terraform(folder, "init", "-no-color").returncode == 0
    applied(folder)

    text = (folder / changed).read_text()
    assert was in text
    (folder / changed).write_text(text.replace(was, becomes, 1))
    found = terraform(folder, "plan", "-detailed-exitcode", "-input=false", "-no-color")

    assert found.returncode == 2, found.stdout + found.stderr
    assert set(
        re.findall(r"^  # module\.monitor\.azapi_resource_action\.(\w+) will be replaced", found.stdout, re.MULTILINE)
    ) == {"restart", "triggers"}


@pytest.mark.parametrize("example", [MINIMAL, AZURE_MINIMAL], ids=["aws", "azure"])
def test_a_key_that_stands_where_a_reference_belongs_is_refused_and_not_shown(infra, tmp_path, example):
    folder = copied(tmp_path) / example
    text = (folder / "main.tf").read_text()
    key = 'environment = { ATALAIA_APPROVAL_KEY = "correct-horse" }\n  monitors'
    (folder / "main.tf").write_text(text.replace("monitors", key, 1))
    assert terraform(folder, "init", "-no-color").returncode == 0

    found = terraform(folder, "plan", "-input=false", "-no-color")

    told = " ".join((found.stdout + found.stderr).split())
    assert (found.returncode, "ATALAIA_APPROVAL_KEY must say where the key is kept" in told) == (1, True)
    assert "correct-horse" not in told.replace(
        'ATALAIA_APPROVAL_KEY = "correct-horse"', ""
    )  # a line of the file itself


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


def test_one_more_monitor_file_is_one_more_monitor_on_azure(infra, tmp_path):
    folder = copied(tmp_path) / AZURE_MINIMAL
    credit = (infra / AZURE_COMPLETE / "monitors/credit.yaml").read_text()
    job, *_ = credit.split("  - name: tell\n")  # the policies after it ask for `known_ids`
    (folder / "monitors/credit.yaml").write_text(job)
    assert terraform(folder, "init", "-no-color").returncode == 0

    made = applied(folder)

    assert set(made.all("azurerm_storage_blob", "monitor")) == {"churn.yaml", "credit.yaml"}
    assert "/blobServices/default/containers/credit-logs/blobs/capture/" in subjects(made)
    assert "credit-drift" in made.all("azurerm_monitor_scheduled_query_rules_alert_v2")
    assert {"read/credit-logs", "write/monitoring", "jobs/credit"} <= made.all("azurerm_role_assignment", "app").keys()
