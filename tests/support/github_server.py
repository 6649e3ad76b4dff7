"""The part of GitHub's REST API that starts workflows, sends events and opens issues; it takes no ids.

Source: GitHub's REST API reference, version 2022-11-28, "Create a workflow dispatch event", "List workflow runs for a
workflow", "Get a workflow run", "Create a repository dispatch event", "Create an issue", "List repository issues"; run
details since 2026.
"""

import json
import re

from web_service import TOKEN, RefusedError, WebService, told

REPOSITORY = "acme/models"
WORKFLOW = "train.yml"
INPUTS = {"atalaia_id", "atalaia_evidence", "window"}
QUERIES = {
    "runs": {"actor", "branch", "event", "status", "per_page", "page", "created", "exclude_pull_requests", "head_sha"},
    "issues": {"milestone", "state", "assignee", "creator", "labels", "sort", "direction", "since", "per_page", "page"},
}
ISSUE = ("title", "body", "labels", "assignees", "milestone", "type")


def _refused(status, message):
    told = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return RefusedError(status, told)


class GitHub(WebService):
    """What there is: `runs`, `events` and `issues`, the oldest first.

    Attributes:
        names: Whether workflows name their runs by the id that they are given.
        details: Whether it knows `return_run_details`, as older servers of GitHub Enterprise do not.
        labels: Whether the token may set labels; if not, those of new issues are left out without a word.
    """

    def __init__(self):
        super().__init__()
        self.runs, self.events, self.issues = [], [], []
        self.names = self.details = self.labels = True

    def routed(self, method, path, query, headers, body):
        if "user-agent" not in headers:
            raise RefusedError(403, b"Request forbidden by administrative rules.")
        if headers.get("authorization") not in (f"Bearer {TOKEN}", f"token {TOKEN}"):
            raise _refused(401, "Bad credentials")
        if headers.get("x-github-api-version", "2022-11-28") not in ("2022-11-28", "2026-03-10"):
            raise _refused(400, "the version is not supported")
        start = f"/repos/{REPOSITORY}"
        if not path.startswith(start):
            raise _refused(404, "Not Found")
        place = re.sub(r"/actions/workflows/(train\.yml|161335)", "/workflow", path.removeprefix(start))
        if method == "GET" and re.fullmatch(r"/actions/runs/\d+", place):
            return self._a_run(int(place.rpartition("/")[2]))
        route = getattr(self, f"_{method}{place.replace('/', '_')}", None)
        if route is None:
            raise _refused(404, "Not Found")
        return route(query, headers, body)

    def _GET(self, *_):  # noqa: N802 - a route
        return 200, {"full_name": REPOSITORY, "url": f"{self.address}/repos/{REPOSITORY}"}

    def _GET_workflow(self, *_):  # noqa: N802
        url = f"{self.address}/repos/{REPOSITORY}/actions/workflows/161335"
        return 200, {"id": 161335, "path": f".github/workflows/{WORKFLOW}", "state": "active", "url": url}

    def _GET_workflow_runs(self, query, *_):  # noqa: N802
        return self._listed(query, "workflow_dispatch")

    def _GET_actions_runs(self, query, *_):  # noqa: N802
        return self._listed(query, None)

    def _a_run(self, number):
        for run in self.runs:
            if run["id"] == number:
                return 200, run
        raise _refused(404, "Not Found")

    @property
    def last(self):
        """The last run, as it is kept."""
        return self.runs[-1]

    def end(self, how):
        """Let the last run end: well, badly, because somebody stopped it, or as GitHub calls it."""
        conclusion = {"Succeeded": "success", "Failed": "failure", "Stopped": "cancelled"}.get(how, how)
        self.last.update({"status": "completed", "conclusion": conclusion, "updated_at": "2026-03-02T00:00:00Z"})

    def _listed(self, query, only):
        _known(query, "runs")
        event = query.get("event", [only])[0]
        found = [run for run in self.runs if event in (None, run["event"])]
        page = found[::-1][: int(query.get("per_page", ["30"])[0])]
        return 200, {"total_count": len(found), "workflow_runs": page}

    def _POST_workflow_dispatches(self, query, headers, body):  # noqa: N802
        fields = ("ref", "inputs", "return_run_details") if self.details else ("ref", "inputs")
        asked = told(headers, body, fields, lambda message: _refused(422, f"Invalid request. {message}"))
        inputs = asked.get("inputs", {})
        if not asked.get("ref"):
            raise _refused(422, 'Invalid request. "ref" wasn\'t supplied.')
        if set(inputs) - INPUTS:
            raise _refused(422, f"Unexpected inputs provided: {sorted(set(inputs) - INPUTS)}")
        if len(inputs) > 25 or len(json.dumps(inputs)) > 65_535 or not all(isinstance(v, str) for v in inputs.values()):
            raise _refused(422, "inputs are too many, too long or no texts")
        run = self._run("workflow_dispatch", f"Train {inputs.get('atalaia_id')}", asked)
        if not asked.get("return_run_details"):
            return 204, {}
        return 200, {"workflow_run_id": run["id"], "run_url": run["url"], "html_url": run["html_url"]}

    def _POST_dispatches(self, query, headers, body):  # noqa: N802
        fields = ("event_type", "client_payload")
        asked = told(headers, body, fields, lambda message: _refused(422, f"Invalid request. {message}"))
        payload = asked.get("client_payload", {})
        if not 1 <= len(asked.get("event_type", "")) <= 100:
            raise _refused(422, 'Invalid request. "event_type" wasn\'t supplied.')
        if len(payload) > 10 or len(json.dumps(payload)) > 65_535:
            raise _refused(422, "Invalid request. No more than 10 properties are allowed.")
        self.events.append(asked)
        self._run("repository_dispatch", f"Train {payload.get('id')}", asked)
        return 204, {}

    def _run(self, event, title, asked):
        number = 30433642 + len(self.runs)
        page = f"https://github.com/{REPOSITORY}/actions/runs/{number}"
        url = f"{self.address}/repos/{REPOSITORY}/actions/runs/{number}"
        title = title if self.names else "Train"
        run = {"id": number, "event": event, "display_title": title, "html_url": page, "url": url, "name": "Train"}
        run |= {"status": "in_progress", "conclusion": None, "run_started_at": "2026-03-01T23:00:00Z"}
        self.runs.append(run | {"asked": asked})
        return run

    def _GET_issues(self, query, *_):  # noqa: N802
        _known(query, "issues")
        labels = [label for label in query.get("labels", [""])[0].split(",") if label]
        closed = query.get("state", ["open"])[0] == "all"
        found = [i for i in self.issues if closed or i["state"] == "open"]
        found = [i for i in found if set(labels) <= {label["name"] for label in i["labels"]}]
        return 200, found[::-1][: int(query.get("per_page", ["30"])[0])]

    def _POST_issues(self, query, headers, body):  # noqa: N802
        asked = told(headers, body, ISSUE, lambda message: _refused(422, f"Invalid request. {message}"))
        if not isinstance(asked.get("title"), str) or not 1 <= len(asked["title"]) <= 256:
            raise _refused(422, "Validation Failed")
        if len(asked.get("body") or "") > 65_536:
            raise _refused(422, "Validation Failed")  # body is too long
        number = len(self.issues) + 1
        page = f"https://github.com/{REPOSITORY}/issues/{number}"
        labels = [{"name": label} for label in asked.get("labels", []) if self.labels]
        issue = {"number": number, "html_url": page, "state": "open", "title": asked["title"], "labels": labels}
        issue |= {"body": asked.get("body"), "url": f"{self.address}/repos/{REPOSITORY}/issues/{number}"}
        self.issues.append(issue)
        return 201, issue


def _known(query, kind):
    unknown = set(query) - QUERIES[kind]
    if unknown or int(query.get("per_page", ["30"])[0]) > 100:
        raise _refused(422, f"no such parameters: {sorted(unknown)}")
