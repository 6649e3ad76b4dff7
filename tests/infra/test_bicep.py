"""Bicep is right by Azure's types, and deploys what Terraform does."""

import re

import pytest
from bicep import FOLDER, SAME, different, files, told_by, worked_out
from infrastructure import AZURE_COMPLETE, AZURE_ROOT, INFRA, applied, checks


@pytest.fixture(scope="module", params=SAME, ids=lambda example: example.name)
def both(infra, request):
    """What Terraform and Bicep make of one example."""
    complete = request.param == AZURE_COMPLETE
    made = request.getfixturevalue("deployed_on_azure") if complete else applied(infra / request.param)
    parameters = infra / SAME[request.param]
    return told_by(made), worked_out(parameters)[parameters]


def test_all_files_are_right():
    found = checks("bicep", *files(INFRA))

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_table_in_the_readme_is_fresh():
    found = checks("docs", "--check", INFRA / FOLDER)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_same_is_deployed_as_by_terraform(both):
    terraform, bicep = both

    assert different(terraform, bicep) == []
    assert {"sites", "roleassignments", "scheduledqueryrules", "systemtopics/eventsubscriptions"} <= bicep.keys()


def test_inputs_are_terraforms():
    inputs, declared = declarations("param"), names("variable")
    declared -= {"resource_group_name", "bundle"}  # the group is the deployment's; Bicep puts no files into storage

    assert inputs == {camel(each) for each in declared} | {"hasBundle"}


def test_outputs_are_terraforms():
    assert declarations("output") == {camel(each) for each in names("output")}


def declarations(kind):
    return set(re.findall(rf"^{kind} (\w+)", (INFRA / FOLDER / "main.bicep").read_text(), re.MULTILINE))


def names(kind):
    text = "\n".join(each.read_text() for each in (INFRA / AZURE_ROOT).glob("*.tf"))
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE))


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(each.title() for each in rest)
