"""Azure ML's own client against the emulator; run by the Python that has it. Prints what it got, as JSON."""

import io
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from azure.ai.ml import Input, MLClient, command, dsl, load_component, load_job
from azure.ai.ml.entities import BatchEndpoint, Environment, ManagedOnlineEndpoint, Model
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential

PROGRAM = "python retrain.py --why ${{inputs.why}}"
COMPONENT = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: retrain
version: "1"
inputs: {why: {type: string}}
environment: azureml:train:1
command: python retrain.py --why ${{inputs.why}}
"""


def client_at(host, credential, *workspace, audience=None, **more):
    """Return the client of a workspace: subscription, resource group and name, in a cloud that is all at one host.

    Tokens for Azure ML itself are for the *audience*, or for that host.
    """
    there = dict.fromkeys(("azure_portal", "resource_manager", "active_directory", "registry_discovery_endpoint"), host)
    there |= {"aml_resource_id": audience or host, "storage_endpoint": "core.windows.net"}
    options = {"cloud": "Emulator", "cloud_metadata": there, "enable_telemetry": False, "show_progress": False}
    return MLClient(credential, *workspace, **options, **more)


def retraining(name, why):
    job = command(
        command=PROGRAM,
        environment="azureml:train:1",
        compute="cpu",
        inputs={"why": why},
        experiment_name="retrain",
        display_name=name,
        tags={"atalaia.policy": "p"},
    )
    job.name = name
    return job


def pipeline(folder):
    file = Path(folder) / "component.yml"
    file.write_text(COMPONENT)
    component = load_component(file)

    @dsl.pipeline(default_compute="cpu", experiment_name="retrain")
    def steps(why: str):
        component(why=why)

    return steps(why="drift")


def refusal(work):
    try:
        work()
    except HttpResponseError as error:
        return [error.status_code, error.message]
    return None


def ended(ml, name, seconds=30):
    end = time.monotonic() + seconds
    while (status := ml.jobs.get(name).status) not in ("Completed", "Failed", "Canceled") and time.monotonic() < end:
        time.sleep(0.05)
    return status


def jobs(ml):
    told = {}
    told["environment"] = ml.environments.create_or_update(Environment(name="train", version="1", image="any")).version
    told["latest"] = ml.environments.get("train", label="latest").version
    made = ml.jobs.create_or_update(retraining("one", "drift"))
    told["command"] = [made.name, made.status, made.experiment_name, made.tags]
    again = ml.jobs.create_or_update(retraining("one", "drift"))
    told["again"] = again.creation_context.created_at == made.creation_context.created_at
    told["changed"] = refusal(lambda: ml.jobs.create_or_update(retraining("one", "another")))
    told["missing"] = refusal(lambda: ml.jobs.get("nosuch"))
    ml.jobs.create_or_update(retraining("two", "drift"))
    ml.jobs.begin_cancel("two").result()
    told["cancelled"] = ml.jobs.get("two").status
    with TemporaryDirectory() as folder:
        made = ml.jobs.create_or_update(pipeline(folder))
    told["pipeline"] = [made.status, list(made.jobs), ended(ml, made.name)]
    told["ended"] = ended(ml, "one")
    told["listed"] = sorted(job.name for job in ml.jobs.list() if job.name in ("one", "two"))
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name="score")).result()
    invoked = ml.batch_endpoints.invoke(endpoint_name="score", inputs={"why": Input(type="string", default="drift")})
    told["batch"] = ended(ml, invoked.name)
    told["model"] = ml.models.create_or_update(
        Model(name="m", version="3", path="azureml://datastores/d/paths/m")
    ).version
    return told


def endpoints(ml, experiment):
    inputs = {
        "why": Input(type="string", default="drift"),
        "data": Input(type="uri_folder", path="https://account.blob.core.windows.net/data"),
    }
    invoked = ml.batch_endpoints.invoke(
        endpoint_name="nightly", deployment_name="blue", inputs=inputs, experiment_name=experiment
    )
    endpoint = ManagedOnlineEndpoint(name="theirs", auth_mode="aad_token", tags={"team": "risk"}, description="d")
    ml.online_endpoints.begin_create_or_update(endpoint).result()
    made = ml.online_endpoints.get("theirs")
    made.traffic = {"blue": 10, "green": 90}
    ml.online_endpoints.begin_create_or_update(made).result()
    return {"job": invoked.name, "traffic": ml.online_endpoints.get("theirs").traffic}


def submitted(ml, name, text):
    job = load_job(source=io.StringIO(text))
    job.name = name
    return ml.jobs.create_or_update(job).name


if __name__ == "__main__":
    _, work, secure, subscription, *more = sys.argv
    ml = client_at(secure, ManagedIdentityCredential(), subscription, "atalaia", "watched")
    json.dump({"jobs": jobs, "endpoints": endpoints, "submitted": submitted}[work](ml, *more), sys.stdout)
