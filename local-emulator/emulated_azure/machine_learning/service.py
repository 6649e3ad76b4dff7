"""Azure ML behind ARM, as far as submitting and following jobs goes."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from emulated_azure.machine_learning.assets import PLAIN, VERSIONED, Assets
from emulated_azure.machine_learning.faults import NotEmulatedError, NoVersionError, RefusalError
from emulated_azure.machine_learning.jobs import ENDS, Jobs
from emulated_azure.machine_learning.surroundings import Surroundings, instant
from emulated_azure.machine_learning.uploads import ROUTE, Uploads
from emulated_azure.ports import Chaos, Clock, Guard, Handler, Publish

WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
)
SERVICES = (
    "api",
    "catalog",
    "execution",
    "experimentation",
    "history",
    "mlflow",
    "modelmanagement",
    "pipelines",
    "studio",
)
INPUTS = {
    "CustomModel": "custom_model",
    "Literal": "literal",
    "MLFlowModel": "mlflow_model",
    "MLTable": "mltable",
    "TritonModel": "triton_model",
    "UriFile": "uri_file",
    "UriFolder": "uri_folder",
}
Answer = Callable[[web.Request], Awaitable[web.Response]]


class MachineLearning:
    """All workspaces of one emulator; each is there once it is asked for.

    Args:
        clock: The phases of jobs pass on it.
        chaos: `ml_duplicates`, a share, tells changes twice; jobs end as `ml_outcome`, "Completed" or "Failed".
        publish: Gives an event to Event Grid.
    """

    def __init__(self, clock: Clock, chaos: Chaos, publish: Publish) -> None:
        self._around = Surroundings(clock, chaos, publish)
        self._jobs = Jobs(self._around)
        self._assets = Assets()
        self._uploads = Uploads()

    def counts(self) -> dict[str, int]:
        """How many jobs there are, ended ones too."""
        return {"jobs": len(self._jobs)}

    def routes(self, guard: Guard = lambda handler: handler) -> list[web.RouteDef]:
        """Everything; *guard* lets in who has a token."""
        ways: list[tuple[str, str, Answer]] = [
            ("GET", WORKSPACE, self._workspace),
            ("GET", WORKSPACE + "/jobs", self._list_jobs),
            ("PUT", WORKSPACE + "/jobs/{name}", self._put_job),
            ("GET", WORKSPACE + "/jobs/{name}", self._get_job),
            ("POST", WORKSPACE + "/jobs/{name}/cancel", self._cancel),
            ("GET", WORKSPACE + "/cancellations/{name}", self._cancelled),
            ("GET", WORKSPACE + "/{rest:.+}", self._get_asset),
            ("PUT", WORKSPACE + "/{rest:.+}", self._put_asset),
            ("POST", WORKSPACE + "/{rest:.+}", self._other),
            ("GET", "/discovery{of:/subscriptions/.+}", self._discovery),
            ("GET", "/history/v1.0" + WORKSPACE + "/{rest:.+}/runs/{name}/details", self._details),
            ("POST", "/score" + WORKSPACE + "/{endpoint}/jobs", self._invoke),
        ]
        guarded = [web.route(method, path, guard(_answering(answer))) for method, path, answer in ways]
        return [*guarded, web.put(ROUTE, self._uploads.put), web.get(ROUTE, self._uploads.get)]

    def application(self) -> web.Application:
        """It alone, without a guard."""
        application = web.Application()
        application.add_routes(self.routes())
        return application

    async def close(self) -> None:
        """End what still runs."""
        await self._around.stop()

    async def _put_job(self, request: web.Request) -> web.Response:
        status, job = self._jobs.put(_place(request), request.match_info["name"], await _body(request))
        return web.json_response(job, status=status)

    async def _get_job(self, request: web.Request) -> web.Response:
        return web.json_response(self._jobs.get(_place(request), request.match_info["name"]))

    async def _list_jobs(self, request: web.Request) -> web.Response:
        return web.json_response({"value": self._jobs.list(_place(request))})

    async def _cancel(self, request: web.Request) -> web.Response:
        place, name = _place(request), request.match_info["name"]
        if not self._jobs.cancel(place, name):
            return web.Response(status=200)
        poll = f"{_here(request)}{place}/cancellations/{name}?api-version={request.query['api-version']}"
        return web.Response(status=202, headers={"Location": poll, "Retry-After": "1"})

    async def _cancelled(self, request: web.Request) -> web.Response:
        ended = self._jobs.get(_place(request), request.match_info["name"])["properties"]["status"] in ENDS
        return web.Response(status=200 if ended else 202, headers={} if ended else {"Retry-After": "1"})

    async def _put_asset(self, request: web.Request) -> web.Response:
        identity, body = f"{_place(request)}/{request.match_info['rest']}", await _body(request)
        kind, name = _kind(request), identity.split("/")[-3]
        if kind == "batchEndpoints" and request.match_info["rest"].count("/") == 1:
            score = f"{_here(request)}/score{_place(request)}/{identity.rpartition('/')[2]}/jobs"
            body = {**body, "properties": {**(body.get("properties") or {}), "scoringUri": score}}
        if kind == "codes" and not self._uploads.names(str((body.get("properties") or {}).get("codeUri"))):
            message = f"The code {identity.rpartition('/codes/')[2]} has no files."
            raise RefusalError(message)
        status, asset = self._assets.put(identity, body)
        if kind == "models" and status == 201:
            await self._tell_model(_place(request), name, asset)
        return web.json_response(asset, status=status)

    async def _tell_model(self, workspace: str, name: str, asset: Mapping[str, Any]) -> None:
        about = asset["properties"]
        data = {
            "ModelName": name,
            "ModelVersion": asset["name"],
            "ModelTags": about.get("tags") or {},
            "ModelProperties": about.get("properties") or {},
        }
        await self._around.tell(workspace, "ModelRegistered", f"models/{name}:{asset['name']}", data)

    async def _get_asset(self, request: web.Request) -> web.Response:
        identity, rest = f"{_place(request)}/{request.match_info['rest']}", request.match_info["rest"].split("/")
        listed = rest[-1] in ("deployments", "versions") or (len(rest) == 1 and _kind(request))
        if listed:
            return web.json_response({"value": self._assets.list(identity)})
        return web.json_response(self._assets.get(identity))

    async def _other(self, request: web.Request) -> web.Response:
        kind, *_, last = request.match_info["rest"].split("/")
        if (kind, last) == ("codes", "startPendingUpload"):
            return web.json_response(self._uploads.begin(_here(request)))
        message = f"POST {request.match_info['rest']} is not emulated. Name what a job needs by version."
        raise NotEmulatedError(message)

    async def _workspace(self, request: web.Request) -> web.Response:
        place, name = _place(request), request.match_info["workspace"]
        about = {
            "friendlyName": name,
            "workspaceId": str(uuid.uuid5(uuid.NAMESPACE_URL, place)),
            "discoveryUrl": f"{_here(request)}/discovery{place}",
            "mlFlowTrackingUri": f"azureml://{request.host}/mlflow/v1.0{place}",
            "provisioningState": "Succeeded",
        }
        kind = "Microsoft.MachineLearningServices/workspaces"
        identity = {"type": "SystemAssigned"}
        told = {"id": place, "name": name, "type": kind, "location": "westeurope", "tags": {}, "identity": identity}
        return web.json_response(told | {"kind": "Default", "properties": about})

    async def _discovery(self, request: web.Request) -> web.Response:
        return web.json_response({service: _here(request) for service in SERVICES})

    async def _details(self, request: web.Request) -> web.Response:
        job = self._jobs.get(_place(request), request.match_info["name"])
        status = job["properties"]["status"]
        told = {"runId": job["name"], "status": status, "logFiles": {}, "properties": {}, "startTimeUtc": instant()}
        return web.json_response(told)

    async def _invoke(self, request: web.Request) -> web.Response:
        """A batch endpoint runs a job of its own making, in the experiment that it is told, or its own."""
        place, endpoint = _place(request), request.match_info["endpoint"]
        self._assets.get(f"{place}/batchEndpoints/{endpoint}")
        deployment = request.headers.get("azureml-model-deployment", "")
        if deployment:
            self._assets.get(f"{place}/batchEndpoints/{endpoint}/deployments/{deployment}")
        asked = _small((await _body(request)).get("properties"))
        experiment = _small(asked.get("properties")).get("experimentname") or endpoint
        name = f"batchjob-{uuid.uuid4()}"
        component = f"{place}/components/{deployment or endpoint}/versions/1"
        steps = {"batch": {"type": "command", "componentId": component}}
        inputs = _inputs(asked.get("inputdata"))
        job = {"jobType": "Pipeline", "jobs": steps, "experimentName": experiment, "inputs": inputs}
        return web.json_response(self._jobs.put(place, name, {"properties": job})[1], status=201)


def _inputs(told: Any) -> dict[str, Any]:
    """Inputs of a job as ARM tells of them: endpoints have other names for their types.

    Raises:
        RefusalError: A type is unknown.
    """
    inputs = {}
    for name, given in (told or {}).items():
        each = _small(given)
        kind = str(each.pop("jobinputtype", ""))
        if kind not in INPUTS:
            message = f"The input {name} has no jobInputType out of {', '.join(INPUTS)}."
            raise RefusalError(message)
        inputs[name] = {"jobInputType": INPUTS[kind], **each}
    return inputs


def _small(told: Any) -> dict[str, Any]:
    """What was told by names in small letters: the service takes `InputData` as well as `inputData`."""
    return {name.lower(): value for name, value in told.items()} if isinstance(told, Mapping) else {}


def _answering(answer: Answer) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            if request.path.startswith("/subscriptions/") and not request.query.get("api-version"):
                message = "The api-version query parameter (?api-version=) is required for all requests."
                raise NoVersionError(message)
            return await answer(request)
        except RefusalError as error:
            return web.json_response(error.told(), status=error.status)

    return handle


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        message = f"The request body is no JSON: {error}"
        raise RefusalError(message) from error
    if not isinstance(body, dict):
        message = "The request body is no JSON object."
        raise RefusalError(message)
    return body


def _place(request: web.Request) -> str:
    return WORKSPACE.format(**request.match_info)


def _here(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _kind(request: web.Request) -> str:
    """Which of the known collections a path leads into.

    Raises:
        NotEmulatedError: None.
    """
    kind: str = request.match_info["rest"].partition("/")[0]
    if kind not in (*VERSIONED, *PLAIN):
        message = f"{kind} is not emulated; there are: jobs, {', '.join((*VERSIONED, *PLAIN))}"
        raise NotEmulatedError(message)
    return kind
