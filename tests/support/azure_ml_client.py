"""Azure ML's own client against the emulator; run by the Python that has it. Prints what it got, as JSON."""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from azure.ai.ml import Input, MLClient, command, dsl, load_component
from azure.ai.ml.entities import BatchEndpoint, Environment, Model
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


def client(secure, subscription):
    there = {
        "azure_portal": secure,
        "resource_manager": secure,
        "active_directory": secure,
        "aml_resource_id": secure,
        "storage_endpoint": "core.windows.net",
        "registry_discovery_endpoint": secure,
    }
    options = {"cloud": "Emulator", "cloud_metadata": there, "enable_telemetry": False, "show_progress": False}
    return MLClient(ManagedIdentityCredential(), subscription, "atalaia", "watched", **options)


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


def main(secure, subscription):
    ml = client(secure, subscription)
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
        submitted = ml.jobs.create_or_update(pipeline(folder))
    told["pipeline"] = [submitted.status, list(submitted.jobs), ended(ml, submitted.name)]
    told["ended"] = ended(ml, "one")
    told["listed"] = sorted(job.name for job in ml.jobs.list() if job.name in ("one", "two"))
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name="score")).result()
    invoked = ml.batch_endpoints.invoke(endpoint_name="score", inputs={"why": Input(type="string", default="drift")})
    told["batch"] = ended(ml, invoked.name)
    told["model"] = ml.models.create_or_update(
        Model(name="m", version="3", path="azureml://datastores/d/paths/m")
    ).version
    sys.stdout.write(json.dumps(told))


main(*sys.argv[1:])
