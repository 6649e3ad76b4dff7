"""What `atalaia retrain setup` says before it asks Azure for anything; the rest is tested with Microsoft's client."""

import pytest
from click.testing import CliRunner

from atalaia.errors import AtalaiaError
from atalaia_cli.azure_ml import Component, Workspace
from atalaia_cli.commands import cli
from atalaia_cli.retraining import calendar_job, properties

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
MONITOR = """
name: credit
model: {name: credit}
logs: {source: logs}
output: out
columns: [{name: age}]
policies:
"""
POLICY = "  - {{name: {}, when: drifted > 0.3, pipeline: p}}\n"
COMPONENT = Component(f"{WORKSPACE}/components/train/versions/1", frozenset({"why"}), frozenset({"why", "data"}))


@pytest.fixture
def asked(tmp_path):
    def run(policies, *more):
        file = tmp_path / "credit.yaml"
        file.write_text(MONITOR + "".join(POLICY.format(name) for name in policies))
        given = ["retrain", "setup", str(file), "component.yml", "--workspace", WORKSPACE, "--compute", "cpu", *more]
        with pytest.raises(AtalaiaError) as refused:
            CliRunner().invoke(cli, given, catch_exceptions=False)
        return str(refused.value)

    return run


def test_of_several_policies_one_is_named(asked):
    assert asked(["one", "two"]) == "credit: one, two. Name the one to start the job: --policy NAME."
    assert asked(["one", "two"], "--policy", "three") == "credit: no policy three. There are: one, two."


def test_without_microsofts_client_it_says_how_to_get_it(asked):
    assert "pip install 'atalaia[azure-ml]'" in asked(["one", "two"], "--policy", "two")


@pytest.mark.parametrize("text", ["data", "=x", "data="])
def test_data_have_a_name_and_a_place(asked, text):
    assert f"--input {text}: not NAME=URI" in asked(["one"], "--input", text)


def test_a_workspace_is_named_by_its_id():
    with pytest.raises(AtalaiaError, match="--workspace credit: no resource id"):
        Workspace("credit")


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("azureml://datastores/d/paths/train/", "uri_folder"),
        ("azureml://datastores/d/paths/train", "uri_folder"),
        ("azureml://datastores/d/paths/v1.2/", "uri_folder"),
        ("azureml://datastores/d/paths/train.parquet", "uri_file"),
    ],
)
def test_a_file_is_told_from_a_folder_by_its_ending(uri, kind):
    made = properties("credit", COMPONENT, WORKSPACE, "cpu", ("why", "data"), {"data": uri})
    job = calendar_job("credit", COMPONENT, "cpu", {"why": "weekly"}, {"data": uri})

    assert made["inputs"] == {"data": {"jobInputType": kind, "uri": uri}}
    assert job["inputs"] == {"why": "weekly", "data": {"type": kind, "path": uri}}
