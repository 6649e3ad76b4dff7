"""Azure ML's own client submits a pipeline that it is given as YAML; run by the Python that has it."""

import io
import sys

from azure.ai.ml import MLClient, load_job
from azure.identity import ManagedIdentityCredential


def main(secure, subscription, name, text):
    there = {
        "azure_portal": secure,
        "resource_manager": secure,
        "active_directory": secure,
        "aml_resource_id": secure,
        "storage_endpoint": "core.windows.net",
        "registry_discovery_endpoint": secure,
    }
    options = {"cloud": "Emulator", "cloud_metadata": there, "enable_telemetry": False, "show_progress": False}
    ml = MLClient(ManagedIdentityCredential(), subscription, "atalaia", "watched", **options)
    job = load_job(source=io.StringIO(text))
    job.name = name
    ml.jobs.create_or_update(job)
    sys.stdout.write("{}")


main(*sys.argv[1:])
