"""Azure ML of the emulator: plain requests to it, and Azure's own client at it."""

import time
from pathlib import Path

from vendor_sdks import by_vendors

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


def of_client(azure, work, *more):
    """What Azure's own client got; see azure_ml_client.py."""
    variables = {name: azure.variables[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")}
    variables["REQUESTS_CA_BUNDLE"] = azure.certificate
    home = Path(azure.certificate).parent
    return by_vendors(home, "azure_ml_client.py", work, azure.secure, SUBSCRIPTION, *more, **variables)
