"""Azure ML's own client at endpoints of the emulator; run by the Python that has it. Prints what it got, as JSON."""

import json
import sys

from azure.ai.ml import Input, MLClient
from azure.ai.ml.entities import ManagedOnlineEndpoint
from azure.identity import ManagedIdentityCredential


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


def main(secure, subscription, experiment):
    ml = client(secure, subscription)
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
    sys.stdout.write(json.dumps({"job": invoked.name, "traffic": ml.online_endpoints.get("theirs").traffic}))


main(*sys.argv[1:])
