"""Jobs: a name is taken once, the same job may be put again, phases pass on the fast clock, each change is told."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from emulated_azure.machine_learning.faults import ImmutableError, NotFoundError, RefusalError
from emulated_azure.machine_learning.surroundings import Surroundings, instant

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
PHASES = (("NotStarted", 5.0), ("Preparing", 20.0), ("Running", 60.0))
CANCEL_SECONDS = 10.0
ENDS = ("Completed", "Failed", "Canceled")
KINDS = ("AutoML", "Command", "Labeling", "Pipeline", "Spark", "Sweep")
CHANGEABLE = ("description", "displayName", "isArchived", "properties", "tags")
REQUIRED = {"Command": ("command", "environmentId"), "Pipeline": ("jobs",)}
Job = dict[str, Any]


class Jobs:
    """The jobs of all workspaces, by id."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._jobs: dict[str, Job] = {}
        self._asked: dict[str, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, workspace: str, name: str, body: Mapping[str, Any]) -> tuple[int, Job]:
        """Create a job, or change of an existing one what may be changed; the HTTP status and the job.

        Raises:
            ImmutableError: A job of that name is another one.
            RefusalError: It is no job.
        """
        asked = body.get("properties") or {}
        _check(name, asked)
        identity = f"{workspace}/jobs/{name}"
        if identity in self._jobs:
            return 200, self._change(identity, asked)
        job = _new(workspace, name, asked)
        self._jobs[identity], self._asked[identity] = job, asked
        self._around.start(self._run(workspace, job))
        return 201, job

    def get(self, workspace: str, name: str) -> Job:
        """The job of that name.

        Raises:
            NotFoundError: There is none.
        """
        found = self._jobs.get(f"{workspace}/jobs/{name}")
        if found is None:
            message = f"Run {name} was not found"
            raise NotFoundError(message)
        return found

    def list(self, workspace: str) -> list[Job]:
        """All of *workspace*, the newest first."""
        return [job for identity, job in reversed(self._jobs.items()) if identity.startswith(f"{workspace}/jobs/")]

    def cancel(self, workspace: str, name: str) -> bool:
        """Ask a job to end; False if it has ended.

        Raises:
            NotFoundError: There is none of that name.
        """
        job = self.get(workspace, name)
        if job["properties"]["status"] in ENDS:
            return False
        if job["properties"]["status"] != "CancelRequested":
            self._around.start(self._cancel(workspace, job))
        return True

    def _change(self, identity: str, asked: Mapping[str, Any]) -> Job:
        before = self._asked[identity]
        names = {*_given(before), *_given(asked)} - {*CHANGEABLE}
        changed = sorted(name for name in names if before.get(name) != asked.get(name))
        if changed:
            told = ",  ".join(name[0].upper() + name[1:] for name in changed)
            message = (
                "A job with this name already exists. If you are trying to create a new job, use a different name. If "
                f"you are trying to update an existing job, the existing job's {told} cannot be changed. Only "
                "description, tags, displayName, properties, and isArchived can be updated."
            )
            raise ImmutableError(message)
        job = self._jobs[identity]
        for name in ("description", "displayName", "isArchived"):
            if asked.get(name) is not None:
                job["properties"][name] = asked[name]
        for name in ("properties", "tags"):  # these are added to, never taken from
            job["properties"][name] |= asked.get(name) or {}
        return job

    async def _run(self, workspace: str, job: Job) -> None:
        before = None
        for status, seconds in PHASES:
            if not await self._move(workspace, job, before, status):
                return
            before = status
            await self._around.wait(seconds)
        outcome = str(self._around.chaos.knobs.ml_outcome)
        if await self._move(workspace, job, before, outcome) and outcome == "Completed":
            await self._around.tell(workspace, "RunCompleted", _subject(job), _data(job))

    async def _cancel(self, workspace: str, job: Job) -> None:
        await self._move(workspace, job, job["properties"]["status"], "CancelRequested")
        await self._around.wait(CANCEL_SECONDS)
        await self._move(workspace, job, "CancelRequested", "Canceled")

    async def _move(self, workspace: str, job: Job, old: str | None, new: str) -> bool:
        """Pass from one status to the next, unless another has come in between."""
        if old is not None and job["properties"]["status"] != old:
            return False
        job["properties"]["status"] = new
        job["systemData"]["lastModifiedAt"] = instant()
        await self._around.tell(workspace, "RunStatusChanged", _subject(job), _data(job) | {"runStatus": new})
        return True


def _check(name: str, asked: Mapping[str, Any]) -> None:
    if not NAME.fullmatch(name):
        message = f"The job name {name!r} is invalid. It must match {NAME.pattern}"
        raise RefusalError(message)
    kind = asked.get("jobType")
    if kind not in KINDS:
        message = f"jobType must be one of {', '.join(KINDS)}, not {kind}."
        raise RefusalError(message)
    for field in REQUIRED.get(kind, ()):
        if not asked.get(field):
            message = f"The {field} field is required."
            raise RefusalError(message)


def _given(asked: Mapping[str, Any]) -> list[str]:
    return [name for name, value in asked.items() if value is not None]


def _new(workspace: str, name: str, asked: Mapping[str, Any]) -> Job:
    now = instant()
    person = {"createdBy": "Atalaia", "createdByType": "Application", "lastModifiedBy": "Atalaia"}
    services = {
        "Studio": {"jobServiceType": "Studio", "endpoint": f"https://ml.azure.com/runs/{name}?wsid={workspace}"}
    }
    made = {"status": "NotStarted", "isArchived": False, "services": services}
    defaults = {"displayName": name, "experimentName": "Default", "tags": {}, "properties": {}}
    given = {key: value for key, value in asked.items() if value is not None}
    return {
        "id": f"{workspace}/jobs/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/jobs",
        "properties": defaults | given | made | {name: dict(given.get(name) or {}) for name in ("tags", "properties")},
        "systemData": person | {"createdAt": now, "lastModifiedAt": now, "lastModifiedByType": "Application"},
    }


def _subject(job: Job) -> str:
    return f"experiments/{_experiment(job)}/runs/{job['name']}"


def _experiment(job: Job) -> str:
    """An experiment's id follows from its name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, job["properties"]["experimentName"]))


def _data(job: Job) -> dict[str, Any]:
    properties = job["properties"]
    return {
        "experimentId": _experiment(job),
        "experimentName": properties["experimentName"],
        "runId": job["name"],
        "runType": f"azureml.{properties['jobType'].lower()}run",
        "runTags": dict(properties["tags"]),
        "runProperties": dict(properties["properties"]),
    }
