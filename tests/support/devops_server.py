"""The part of Azure DevOps' REST API that runs pipelines and lists builds; it takes no ids.

Source: Azure DevOps' REST API reference 7.1, "Runs - Run Pipeline", "Builds - List", "Builds - Get"; where
things are, which azure-devops asks first: Microsoft's page on resource locations. A run's number is what the
pipeline's `name` makes.
"""

import base64
import fnmatch
import re

from web_service import TOKEN, RefusedError, WebService, told

ORGANIZATION, PROJECT, PIPELINE = "contoso", "Risk models", 3
PARAMETERS = {"atalaia_id", "atalaia_evidence", "window"}
FIELDS = ("previewRun", "resources", "stagesToSkip", "templateParameters", "variables", "yamlOverride")
LOCATIONS = {
    "e81700f7-3be2-46de-8624-2eb35882fcaa": ("Location", "ResourceAreas", "_apis/{resource}/{areaId}"),
    "7859261e-d2e9-4a68-b820-a5d84cc5bb3d": ("pipelines", "runs", "{project}/_apis/{area}/{pipelineId}/{resource}"),
    "0cd358e1-9217-4d94-8269-1c1ee6f93dcf": ("build", "builds", "{project}/_apis/{area}/{resource}/{buildId}"),
}
BUILDS = {"definitions", "buildNumber", "queryOrder", "$top", "minTime", "statusFilter", "tagFilters", "api-version"}


def _refused(status, message):
    return RefusedError(
        status, {"$id": "1", "message": message, "typeKey": "PipelineValidationException", "errorCode": 0}
    )


class DevOps(WebService):
    """What was started: `runs`, the oldest first.

    Attributes:
        names: Whether the pipeline names its runs by the id that it is given.
    """

    def __init__(self):
        super().__init__()
        self.runs = []
        self.names = True

    @property
    def organization(self):
        return f"{self.address}/{ORGANIZATION}"

    def routed(self, method, path, query, headers, body):
        expected = base64.b64encode(f":{TOKEN}".encode()).decode()
        if headers.get("authorization") != f"Basic {expected}":
            return 203, b"<html>Azure DevOps Services | Sign In</html>", {"Content-Type": "text/html"}
        if (method, path) == ("OPTIONS", f"/{ORGANIZATION}/_apis"):
            return 200, {"value": [_location(*each) for each in LOCATIONS.items()]}
        if path == f"/{ORGANIZATION}/_apis/ResourceAreas":
            return 200, {"count": 0, "value": []}
        found = re.fullmatch(rf"/{ORGANIZATION}/{PROJECT}/_apis/(build/builds(?:/\d+)?|pipelines/(\d+)/runs)", path)
        if not found:
            raise _refused(404, "TF200016: The following project does not exist")
        version = _version(query, headers)
        if version not in ("7.1", "7.1-preview.1", "7.1-preview.7"):
            raise _refused(400, f"No api-version was supplied, or not one there is: {version}")
        if method == "GET" and found[1][-1].isdigit():
            return self._built(int(found[1].rpartition("/")[2]))
        return self._ran(found[2], query, headers, body) if method == "POST" else self._listed(query)

    def _built(self, number):
        if not 0 < number <= len(self.runs):
            raise _refused(404, f"The requested build {number} could not be found.")
        return 200, _listed_run(self.runs[number - 1])

    @property
    def last(self):
        """The last run, as it is kept."""
        return self.runs[-1]

    def end(self, how):
        """Let the last run end: well, badly, because somebody stopped it, or as Azure DevOps calls it."""
        result = {"Succeeded": "succeeded", "Failed": "failed", "Stopped": "canceled"}.get(how, how)
        self.last.update({"status": "completed", "result": result, "finishTime": "2026-03-02T00:00:00.0000000Z"})

    def _listed(self, query):
        if set(query) - BUILDS:
            raise _refused(400, f"unknown: {sorted(set(query) - BUILDS)}")
        definitions = query.get("definitions", [""])[0].split(",")
        wanted = query.get("buildNumber", ["*"])[0]
        found = [run for run in self.runs if "" in definitions or str(run["definition"]["id"]) in definitions]
        found = [_listed_run(run) for run in found[::-1] if fnmatch.fnmatchcase(run["buildNumber"], wanted)]
        return 200, {"count": len(found), "value": found}

    def _ran(self, pipeline, query, headers, body):
        if int(pipeline) != PIPELINE:
            raise _refused(404, f"Pipeline with id {pipeline} not found.")
        if set(query) - {"api-version", "pipelineVersion"}:
            raise _refused(400, f"unknown: {sorted(query)}")
        asked = told(headers, body, FIELDS, lambda message: _refused(400, message))
        parameters = asked.get("templateParameters", {})
        if not all(isinstance(value, str) for value in parameters.values()):
            raise _refused(400, "templateParameters is a map from text to text")
        if set(parameters) - PARAMETERS:
            raise _refused(400, f"Unexpected parameter '{min(set(parameters) - PARAMETERS)}'")
        repositories = asked.get("resources", {}).get("repositories", {"self": {"refName": "refs/heads/main"}})
        if not repositories["self"]["refName"].startswith("refs/"):
            raise _refused(400, "the branch is no ref")
        number = parameters.get("atalaia_id") if self.names else f"20260301.{len(self.runs) + 1}"
        run = {"id": len(self.runs) + 1, "buildNumber": number, "definition": {"id": PIPELINE}, "asked": asked}
        self.runs.append(run)
        return 200, {"id": run["id"], "name": number, "state": "inProgress", "pipeline": {"id": PIPELINE}}


def _version(query, headers):
    in_header = re.search(r"api-version=([\w.-]+)", headers.get("accept", ""))
    return query.get("api-version", [in_header and in_header[1]])[0]


def _listed_run(run):
    """A run in a list, which says nothing of parameters."""
    started = {"status": "inProgress", "startTime": "2026-03-01T23:00:00.0000000Z"}
    return started | {key: value for key, value in run.items() if key != "asked"}


def _location(location, where):
    area, resource, route = where
    versions = {"minVersion": 1.0, "maxVersion": 7.1, "releasedVersion": "7.1", "resourceVersion": 7}
    return {"id": location, "area": area, "resourceName": resource, "routeTemplate": route, **versions}
