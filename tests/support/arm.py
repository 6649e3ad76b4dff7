"""The part of Azure Resource Manager that has jobs and endpoints of Azure Machine Learning, on 127.0.0.1.

After the REST reference of Microsoft.MachineLearningServices, and what azure-ai-ml sends.
"""

import contextlib
import json
import threading
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

from answering import answering, error

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
LEARNING = "https://ml.azure.com"
_PAGE = 2
_JOB_TYPES = {"Literal", "UriFile", "UriFolder", "TritonModel", "MLFlowModel", "MLTable", "CustomModel"}
_INVOKED = {"inputData", "outputData", "properties"}
_ENDPOINT = {"location", "identity", "kind", "sku", "tags", "properties"}
_OF_ENDPOINT = {
    "authMode", "compute", "description", "mirrorTraffic", "properties", "publicNetworkAccess", "traffic",
}  # fmt: skip


def token_for(resource):
    """What stands for a token of this app."""
    return f"a token for {resource}"


class Arm:
    """What was started, `jobs` by name; `plan` lists the next answers to writing: a status and a code, `lost`.

    `batch` has the endpoints by name with their deployments, `online` as they are, `deployments` those of the latter.
    """

    def __init__(self):
        self.jobs, self.seen, self.plan = {}, [], []
        self.made, self.asked = {}, []
        self.batch = {"score": ("blue", "green")}
        self.online = {"credit": _online({"blue": 100})}
        self.deployments = {"credit": ("blue", "green")}
        self.shifts = 0
        self.lock, self.token = threading.Lock(), token_for
        self.now = "2026-03-02T00:00:00.123456Z"

    def answer(self, method, url, headers, body):
        parts = urlsplit(unquote(url))
        with self.lock:
            if parts.path.startswith("/score/"):
                return self._invoked(parts.path.split("/")[2], headers, body)
            query = parse_qs(parts.query)
            self.seen.append((method, parts.path, query["api-version"][0]))
            if headers["authorization"] != f"Bearer {self.token(self.address)}":
                return error(401, "InvalidAuthenticationToken", "no")
            if parts.path == WORKSPACE:
                return 200, {"id": WORKSPACE, "name": "w", "location": "westeurope", "properties": {}}
            if not parts.path.startswith(f"{WORKSPACE}/"):
                return error(404, "ResourceNotFound", "no such workspace")
            kind, *names = parts.path.removeprefix(f"{WORKSPACE}/").split("/")
            answers = {"jobs": self._jobs, "batchEndpoints": self._batch, "onlineEndpoints": self._online}
            return answers[kind](method, names, query, body)

    def _jobs(self, method, names, query, body):
        if not names:
            return self._listed(int(query.get("$skip", ["0"])[0]))
        [name] = names
        if method == "PUT":
            return self._put(name, json.loads(body))
        if name not in self.jobs:
            return error(404, "UserError", "no such job")
        return 200, self._job(name)

    def _job(self, name):
        told = {"status": "NotStarted", **self.jobs[name]}
        return {
            "id": f"{WORKSPACE}/jobs/{name}",
            "name": name,
            "properties": told,
            "systemData": {"createdAt": self.made[name]},
        }

    def _listed(self, skip):
        newest = sorted(self.jobs, key=lambda name: (self.made[name], list(self.jobs).index(name)), reverse=True)
        told = {"value": [self._job(name) for name in newest[skip : skip + _PAGE]]}
        if skip + _PAGE < len(newest):
            told["nextLink"] = f"{self.address}{WORKSPACE}/jobs?api-version=x&$skip={skip + _PAGE}"
        return 200, told

    def _planned(self):
        planned = self.plan.pop(0) if self.plan else None
        return planned, error(*planned, "as planned") if isinstance(planned, tuple) else None

    def _put(self, name, told):
        planned, refused = self._planned()
        if refused:
            return refused
        if name in self.jobs:
            return error(409, "Conflict", "a job of this name exists")
        self._keep(name, told["properties"])
        return None if planned == "lost" else (201, self._job(name))

    def _keep(self, name, properties):
        self.jobs[name], self.made[name] = properties, self.now

    def _batch(self, method, names, query, body):
        name, *below = names
        if name not in self.batch:
            return error(404, "UserError", "no such endpoint")
        if below:
            return 200, {"value": [_deployment(f"batchEndpoints/{name}", each) for each in self.batch[name]]}
        properties = {"scoringUri": f"{self.address}/score/{name}/jobs", "provisioningState": "Succeeded"}
        return 200, {"name": name, "properties": properties}

    def _invoked(self, name, headers, body):
        if headers["authorization"] != f"Bearer {self.token(LEARNING)}":
            return error(401, "Unauthorized", "another audience")
        told = json.loads(body)
        wrong = set(told) - {"properties"} or set(told["properties"]) - _INVOKED
        wrong = wrong or set(told["properties"].get("properties", {})) - {"experimentName"}
        inputs = told["properties"].get("inputData", {})
        wrong = wrong or {key for key, each in inputs.items() if each.get("jobInputType") not in _JOB_TYPES}
        if wrong or headers["content-type"] != "application/json":
            return error(400, "BadRequest", f"not understood: {sorted(wrong)}")
        deployment = headers.get("azureml-model-deployment", self.batch[name][0])
        if deployment not in self.batch[name]:
            return error(400, "UserError", f"no deployment {deployment}")
        planned, refused = self._planned()
        if refused:
            return refused
        made = f"batchjob-{uuid.uuid4()}"
        self.asked.append((deployment, told))
        experiment = told["properties"].get("properties", {}).get("experimentName", name)
        self._keep(made, {"jobType": "Pipeline", "experimentName": experiment, "inputs": inputs})
        return None if planned == "lost" else (201, {"id": f"{self.address}/jobs/{made}", "name": made})

    def _online(self, method, names, query, body):
        name, *below = names
        if name not in self.online:
            return error(404, "UserError", "no such endpoint")
        if below:
            return 200, {"value": [_deployment(f"onlineEndpoints/{name}", each) for each in self.deployments[name]]}
        if method == "GET":
            return 200, self.online[name]
        told = json.loads(body)
        wrong = set(told) - _ENDPOINT or set(told["properties"]) - _OF_ENDPOINT
        wrong = wrong or {"location"} - set(told) or {"authMode"} - set(told["properties"])
        traffic = told["properties"]["traffic"]
        if wrong or not set(traffic) <= set(self.deployments[name]) or sum(traffic.values()) not in (0, 100):
            return error(400, "BadRequest", f"not understood: {sorted(wrong)}")
        planned, refused = self._planned()
        if refused:
            return refused
        self.shifts += 1
        self.online[name] = _online(traffic) | {key: told.get(key) for key in ("tags", "identity", "kind")}
        return None if planned == "lost" else (200, self.online[name])


def _deployment(endpoint, name):
    properties = {"provisioningState": "Succeeded", "endpointComputeType": "Managed"}
    properties["scaleSettings"] = {"scaleType": "Default"}
    place = f"{WORKSPACE}/{endpoint}/deployments/{name}"
    sku = {"name": "Default", "capacity": 1}
    return {"id": place, "name": name, "location": "westeurope", "sku": sku, "properties": properties}


def _online(traffic):
    properties = {"authMode": "AADToken", "publicNetworkAccess": "Enabled", "description": "credit", "traffic": traffic}
    properties["properties"] = {}
    told = {"provisioningState": "Succeeded", "scoringUri": "https://credit.example/score", "swaggerUri": "https://x"}
    identity = {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}
    about = {
        "id": f"{WORKSPACE}/onlineEndpoints/credit",
        "name": "credit",
        "type": "onlineEndpoints",
        "kind": "Managed",
    }
    return about | {"location": "westeurope", "tags": {"team": "risk"}, "identity": identity} | {
        "properties": properties | told,
        "systemData": {"createdAt": "2026-01-01T00:00:00Z", "lastModifiedAt": "2026-01-01T00:00:00Z"},
    }  # fmt: skip


@contextlib.contextmanager
def arm():
    """Run it; its address is `service.address`."""
    service = Arm()
    with answering(service.answer) as service.address:
        yield service
