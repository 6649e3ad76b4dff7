"""The part of Databricks' Jobs API that runs jobs, and knows ids, and that tells what became of a run.

Source: Databricks' REST API reference, "Trigger a new job run" and "Get a single job run"; the fields are those
of databricks-sdk's RunNow and Run.
"""

import json

from web_service import TOKEN, RefusedError, WebService, told

JOB = 77
FIELDS = (
    "job_id", "idempotency_token", "job_parameters", "dbt_commands", "jar_params", "notebook_params", "only",
    "performance_target", "pipeline_params", "python_named_params", "python_params", "queue", "spark_submit_params",
    "sql_params",
)  # fmt: skip
_RUNS = {"status": {"state": "RUNNING"}, "start_time": 1_772_406_000_000, "end_time": 0}


def _refused(status, code, message):
    return RefusedError(status, {"error_code": code, "message": message})


class Databricks(WebService):
    """What was started: `runs`, by token."""

    def __init__(self):
        super().__init__()
        self.runs = {}

    def routed(self, method, path, query, headers, body):
        if headers.get("authorization") != f"Bearer {TOKEN}":
            raise _refused(403, "PERMISSION_DENIED", "Invalid access token.")
        if (method, path) == ("GET", "/api/2.2/jobs/runs/get"):
            return self._run(query)
        if (method, path) not in (("POST", "/api/2.2/jobs/run-now"), ("POST", "/api/2.1/jobs/run-now")) or query:
            raise _refused(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
        asked = told(headers, body, FIELDS, lambda message: _refused(400, "MALFORMED_REQUEST", message))
        if asked.get("job_id") != JOB:
            raise _refused(400, "INVALID_PARAMETER_VALUE", f"Job {asked.get('job_id')} does not exist.")
        parameters, token = asked.get("job_parameters", {}), asked.get("idempotency_token", "")
        if not all(isinstance(value, str) for value in parameters.values()):
            raise _refused(400, "INVALID_PARAMETER_VALUE", "job_parameters is a map from text to text")
        if len(token) > 64 or len(json.dumps(parameters)) > 10_000:
            raise _refused(400, "INVALID_PARAMETER_VALUE", "too long")
        run = self.runs.setdefault(token, {"run_id": 1000 + len(self.runs), "asked": asked, **_RUNS})
        return 200, {"run_id": run["run_id"], "number_in_job": run["run_id"]}

    def _run(self, query):
        found = [run for run in self.runs.values() if [str(run["run_id"])] == query.get("run_id")]
        if len(found) != 1 or len(query) > 1:
            raise _refused(400, "INVALID_PARAMETER_VALUE", f"Run {query} does not exist.")
        return 200, {key: value for key, value in found[0].items() if key != "asked"} | {"job_id": JOB}

    @property
    def last(self):
        """The last run, as it is kept."""
        return list(self.runs.values())[-1]

    def end(self, how):
        """Let the last run end: well, badly, because somebody stopped it, or as Databricks calls it."""
        code = {"Succeeded": "SUCCESS", "Failed": "RUN_EXECUTION_ERROR", "Stopped": "USER_CANCELED"}.get(how, how)
        details = {"code": code, "type": "SUCCESS" if code == "SUCCESS" else "CLIENT_ERROR", "message": ""}
        self.last.update(
            {"status": {"state": "TERMINATED", "termination_details": details}, "end_time": 1_772_409_600_000}
        )
