"""Azure ML of the emulator: plain requests to it, and Azure's own client at it."""

import json
import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "build/azure-ai-ml/bin/python"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000002"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/atalaia"
    "/providers/Microsoft.MachineLearningServices/workspaces/watched"
)
JOB = {
    "jobType": "Command",
    "command": "python retrain.py",
    "environmentId": f"{WORKSPACE}/environments/train/versions/1",
    "computeId": f"{WORKSPACE}/computes/cpu",
    "experimentName": "retrain",
}
PREFIX = "Microsoft.MachineLearningServices."


class Arm:
    """Plain requests with a token for ARM."""

    def __init__(self, azure):
        self._azure = azure
        self._headers = {"Authorization": f"Bearer {azure.token('https://management.azure.com')}"}

    def __call__(self, method, path, body=None, **more):
        given = {"params": {"api-version": "2024-10-01"}, "headers": self._headers} | more
        return self._azure.http.request(method, f"{self._azure.secure}{WORKSPACE}{path}", json=body, **given)

    def put(self, name, **changes):
        return self("PUT", f"/jobs/{name}", {"properties": JOB | changes})

    def status(self, name):
        return self("GET", f"/jobs/{name}").json()["properties"]["status"]

    def ended(self, name):
        end = time.monotonic() + 20
        while (status := self.status(name)) not in ("Completed", "Failed", "Canceled") and time.monotonic() < end:
            time.sleep(0.02)
        return status

    def told(self, name, count):
        """So many events of a job, or more: kind, and status if it has one."""
        events = self._azure.told_of(f"/runs/{name}", count)
        return [(event["eventType"].removeprefix(PREFIX), event["data"].get("runStatus")) for event in events]


def of_client(azure, name, *more):
    """What Azure's own client got, by a program of tests/support."""
    assert CLIENT.exists(), "make build/azure-ai-ml"
    variables = {
        "PATH": os.defpath,
        "HOME": str(Path(azure.certificate).parent),
        "IDENTITY_ENDPOINT": azure.variables["IDENTITY_ENDPOINT"],
        "IDENTITY_HEADER": azure.variables["IDENTITY_HEADER"],
        "REQUESTS_CA_BUNDLE": azure.certificate,
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    command = [CLIENT, ROOT / "tests/support" / name, azure.secure, SUBSCRIPTION, *more]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
