"""`atalaia retrain setup` registers with Azure ML's own client what the functions then start with one request."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml
from azure_ml import SUBSCRIPTION, WORKSPACE, Arm, of_client
from vendor_sdks import PYTHON

from atalaia.policies import AzuremlJob, Policy
from atalaia.ports import Job
from atalaia_azure.identity import Identity
from atalaia_azure.targets import azure_starter

ROOT = Path(__file__).resolve().parents[3]
MONITOR = """
name: credit
model: {name: credit}
logs: {source: logs}
output: out
columns: [{name: age}]
policies:
  - name: retrain
    when: drifted > 0.3
    azureml_job: {workspace: WORKSPACE, properties: {jobType: Command}}
    parameters: {why: drift, since: '{window}'}
""".replace("WORKSPACE", WORKSPACE)
ENVIRONMENT = "name: train\nversion: '3'\nimage: mcr.microsoft.com/azureml/base:latest\n"
COMPONENT = """
type: command
name: NAME
version: '7'
inputs:
  why: {type: string}
  since: {type: string, optional: true}
  data: {type: uri_folder}
  depth: {type: integer, default: 6}
command: >-
  python train.py --why ${{inputs.why}} --data ${{inputs.data}} --depth ${{inputs.depth}} $[[--since ${{inputs.since}}]]
environment: azureml:other:1
code: ./src
"""
DATA = "https://account.blob.core.windows.net/train/"
PROGRAM = "import sys; sys.path += sys.argv.pop().split(':'); from atalaia_cli import main; main()"


@pytest.fixture
def arm(azure):
    return Arm(azure)


@pytest.fixture
def name():
    return f"train_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def files(tmp_path, name):
    (tmp_path / "credit.yaml").write_text(MONITOR)
    (tmp_path / "component.yml").write_text(COMPONENT.replace("NAME", name))
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text("print('trained')\n")
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    return tmp_path


@pytest.fixture
def atalaia(azure, files):
    """The command line on a machine that has Microsoft's client."""
    variables = {
        "PATH": os.defpath,
        "HOME": str(files),
        "IDENTITY_ENDPOINT": azure.variables["IDENTITY_ENDPOINT"],
        "IDENTITY_HEADER": azure.variables["IDENTITY_HEADER"],
        "REQUESTS_CA_BUNDLE": azure.certificate,
        "ATALAIA_ARM_ENDPOINT": azure.secure,
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    ours = ":".join([str(ROOT), str(ROOT / "adapters"), *(each for each in sys.path if each.endswith("site-packages"))])

    def run(*more):
        asked = ["retrain", "setup", "credit.yaml", "component.yml", "--workspace", WORKSPACE, "--compute", "cpu"]
        command = [PYTHON, "-c", PROGRAM, *asked, *more, ours]
        return subprocess.run(
            command, cwd=files, env=variables, capture_output=True, text=True, check=False, timeout=100
        )

    return run


def test_it_registers_schedules_and_prints_what_starts_the_same_job(azure, arm, atalaia, name, monkeypatch):
    done = atalaia("--environment", "environment.yml", "--input", f"data={DATA}", "--schedule", "0 3 * * 1")

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "experimental" not in done.stderr
    component = arm("GET", f"/components/{name}/versions/7").json()["properties"]["componentSpec"]
    assert component["environment"].endswith("/environments/train/versions/3")
    assert arm("GET", "/environments/train/versions/3").status_code == 200
    code = component["code"].removeprefix("azureml:").removeprefix(WORKSPACE)
    folder = arm("GET", code).json()["properties"]["codeUri"]
    assert azure.http.get(f"{folder.partition('?')[0]}/train.py").text == "print('trained')\n"
    schedule = arm("GET", "/schedules/credit-retrain").json()["properties"]
    assert (schedule["trigger"]["expression"], schedule["trigger"]["timeZone"]) == ("0 3 * * 1", "UTC")
    assert schedule["action"]["jobDefinition"]["inputs"].keys() == {"why", "data"}

    block = yaml.safe_load(done.stdout)["azureml_job"]
    monkeypatch.setenv("SSL_CERT_FILE", azure.certificate)
    policy = Policy("retrain", "drifted > 0.3", azureml_job=AzuremlJob(**block))
    told = {"why": "drift", "since": "20260301T000000Z"}
    ours = azure_starter(policy, azure.secure, Identity(azure.variables).token).start(
        Job(f"m{uuid.uuid4().hex[:8]}", "retrain", "20260301T000000Z", told)
    )
    of_client(azure, "submitted", f"{name}-theirs", pipeline(name, told))
    mine, theirs = (body(arm, each) for each in (ours, f"{name}-theirs"))
    assert mine == theirs
    assert (arm.ended(ours), SUBSCRIPTION in block["workspace"]) == ("Completed", True)


def pipeline(name, told):
    """The same job as an operator would write it for Azure ML's own client."""
    step = {"type": "command", "component": f"azureml:{name}:7"}
    step["inputs"] = {each: f"${{{{parent.inputs.{each}}}}}" for each in (*told, "data")}
    inputs = told | {"data": {"type": "uri_folder", "path": DATA}}
    job = {"type": "pipeline", "experiment_name": "credit", "settings": {"default_compute": "azureml:cpu"}}
    return yaml.safe_dump(job | {"inputs": inputs, "jobs": {"retrain": step}})


def body(arm, name):
    """What was asked for, without what the service adds, tags, and where the client found itself (`_source`, git)."""
    told = arm("GET", f"/jobs/{name}").json()["properties"]
    for each in ("displayName", "outputs", "properties", "services", "status", "tags"):
        told.pop(each, None)
    for each in (told["settings"], *told["jobs"].values()):
        each.pop("_source", None)
    return told


def test_what_only_a_window_fills_in_needs_a_default_for_the_calendar(files, atalaia):
    component = files / "component.yml"
    component.write_text(
        component.read_text().replace("since: {type: string, optional: true}", "since: {type: string}")
    )

    done = atalaia("--input", f"data={DATA}", "--schedule", "0 3 * * 1")

    assert done.returncode == 2
    assert "there is no window to fill in since. Give these inputs a default." in done.stderr


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ((), "the component needs data"),
        (("--input", "data"), "not NAME=URI"),
        (("--input", f"data={DATA}", "--input", f"other={DATA}"), "the component has no input other. It has: data, d"),
        (("--policy", "none"), "credit: no policy none. There are: retrain."),
        (("--input", f"data={DATA}", "--environment", "nosuch.yml"), "nosuch.yml: "),
    ],
)
def test_what_is_wrong_is_one_line(atalaia, more, why):
    done = atalaia(*more)

    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
