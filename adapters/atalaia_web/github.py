"""Runs of GitHub Actions, and issues on GitHub.

GitHub takes no id that makes a request unique, so it is asked first: a run has the job's id in its name, and an issue
in its text. A run is listed some seconds after it was asked for; one caller at a time, who tries again later, finds it.

Source: GitHub's REST API, version 2022-11-28: workflow dispatches, repository dispatches, workflow runs, issues.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import GithubIssue, GithubWorkflow
from atalaia.ports import Course, Job
from atalaia.window import parse_time
from atalaia_web.asking import SECONDS, Secret, Service, encoded, token_of
from atalaia_web.telling import Message, evidence_text, message_of, parameters_of, request_of
from atalaia_web.wire import Answer

_VERSION = "2022-11-28"
_PAGE = 100  # of the newest: what was started before is among them
_MOST_INPUTS = 60_000  # bytes: all inputs may have 65,535 characters
_MOST_EVIDENCE = 30_000  # of as many that a payload may have
_CONCLUSIONS = {"success": "Succeeded", "cancelled": "Stopped", "skipped": "Stopped"}
_DETAILS = "return_run_details"  # servers of GitHub Enterprise that do not know it refuse it


class _Repository(Struct, frozen=True):
    """A repository, what is asked of it during one start, and what that takes."""

    target: GithubWorkflow | GithubIssue
    secret: Secret
    what: str
    right: str
    fix: str
    seconds: float

    @property
    def service(self) -> Service:
        return Service(
            f"GitHub {self.what} of {self.target.repository}",
            f"Give the token the permission {self.right} in the repository, or renew it.",
            f"{self.fix} of the policy. To a token without rights, a private repository seems not to be there.",
            seconds=self.seconds,
        )

    def ask(
        self, method: str, path: str, told: Mapping[str, Any] | None = None, fine: Collection[int] = (200,)
    ) -> Answer:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token_of(self.target.token, self.secret)}",
            "X-GitHub-Api-Version": _VERSION,
        }
        url = f"{self.target.api.rstrip('/')}/repos/{self.target.repository}{path}"
        return self.service.ask(method, url, headers, encoded(told) if told else b"", fine)

    def run_of(self, job_id: str, where: str, event: str) -> dict[str, Any] | None:
        """Return the run that has the job's id in its name."""
        answer = self.ask("GET", f"{where}/runs?{urlencode({'event': event, 'per_page': _PAGE})}")
        runs = self.service.listed(answer, "workflow_runs")
        return next((run for run in runs if job_id in str(run.get("display_title"))), None)

    def course_of(self, name: str, job_id: str, where: str, event: str) -> Course | None:
        """Return what has become of a run, by its address or else by the job's id in its name."""
        number = name.rpartition("/runs/")[2]
        known = self.service.told(self.ask("GET", f"/actions/runs/{number}")) if number.isdigit() else None
        run = known or self.run_of(job_id, where, event)
        if run is None:
            return None
        if not isinstance(run.get("status"), str):
            raise JobError(self.service.unclear)
        if run["status"] != "completed":
            return Course("Running", parse_time(run.get("run_started_at")))
        return Course(_CONCLUSIONS.get(str(run.get("conclusion")), "Failed"), parse_time(run.get("updated_at")))

    def issue_of(self, mark: str, labels: Collection[str]) -> str | None:
        """Return the address of the issue with these labels that has *mark* in its text."""
        order = {"state": "all", "sort": "created", "direction": "desc", "per_page": _PAGE}
        wanted = order | ({"labels": ",".join(labels)} if labels else {})
        for issue in self.service.listed(self.ask("GET", f"/issues?{urlencode(wanted)}")):
            if mark in str(issue.get("body")):
                return str(issue.get("html_url"))
        return None


def _repository(starter: WorkflowStarter | EventStarter | IssueStarter, what: str, right: str, fix: str) -> _Repository:
    return _Repository(starter.target, cache(starter.secret), what, right, fix, starter.seconds)


class WorkflowStarter(Struct, frozen=True):
    """Starts runs of a workflow, whose `run-name` must have `inputs.atalaia_id` in it.

    Attributes:
        target: The workflow.
        secret: Reads the token.
        seconds: A request takes no longer.
    """

    target: GithubWorkflow
    secret: Secret
    seconds: float = SECONDS

    def start(self, job: Job) -> str:
        """Start a run unless one has the job's id in its name, and return its address.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        there, where = self._there, self._where
        run = there.run_of(job.id, where, "workflow_dispatch")
        if run is not None:
            return str(run.get("html_url"))
        told = {"ref": self.target.ref, "inputs": parameters_of(job, _MOST_INPUTS)}
        answer = there.ask("POST", f"{where}/dispatches", {**told, _DETAILS: True}, (200, 204, 400, 422))
        if answer.status in (400, 422) and _DETAILS in answer.text:
            answer = there.ask("POST", f"{where}/dispatches", told, (204,))
        if answer.status == 200:
            return there.service.named(answer, "html_url")
        if answer.status != 204:
            raise JobError(there.service.refusal(answer))
        return f"{self.target.repository} {self.target.workflow} {job.id}"

    def course(self, name: str, job_id: str) -> Course | None:
        """Return what has become of a run; None if none has the job's id in its name yet.

        Raises:
            JobError: GitHub did not say.
        """
        return self._there.course_of(name, job_id, self._where, "workflow_dispatch")

    @property
    def _where(self) -> str:
        return f"/actions/workflows/{quote(str(self.target.workflow), safe='')}"

    @property
    def _there(self) -> _Repository:
        what = f"workflow {self.target.workflow}"
        return _repository(self, what, "Actions (write)", "Correct `workflow`, `ref` or the inputs")


class EventStarter(Struct, frozen=True):
    """Sends events to a repository; of a workflow that they start, the `run-name` must have the payload's `id` in it.

    Attributes:
        target: The repository, and the events' type.
        secret: Reads the token.
        seconds: A request takes no longer.
    """

    target: GithubWorkflow
    secret: Secret
    seconds: float = SECONDS

    def start(self, job: Job) -> str:
        """Send an event unless a run has the job's id in its name, and return a name for what it starts.

        Raises:
            JobError: It was not sent, or nobody knows; start it again with the same id.
        """
        there = self._there
        if there.run_of(job.id, "/actions", "repository_dispatch") is None:
            evidence = msgspec.json.decode(evidence_text(job, _MOST_EVIDENCE))
            told = {"event_type": self.target.event_type, "client_payload": request_of(job) | {"evidence": evidence}}
            there.ask("POST", "/dispatches", told, (204,))
        return f"{self.target.repository} {self.target.event_type} {job.id}"

    def course(self, name: str, job_id: str) -> Course | None:
        """Return what has become of the run that the event started; None if none has the job's id in its name yet.

        Raises:
            JobError: GitHub did not say.
        """
        return self._there.course_of(name, job_id, "/actions", "repository_dispatch")

    @property
    def _there(self) -> _Repository:
        right = "Contents (write) and Actions (read)"
        return _repository(self, f"event {self.target.event_type}", right, "Correct `repository` or `event_type`")


class IssueStarter(Struct, frozen=True):
    """Opens issues; each has the job's id in its text.

    Attributes:
        target: The repository, and the issues' labels.
        secret: Reads the token.
        seconds: A request takes no longer.
    """

    target: GithubIssue
    secret: Secret
    seconds: float = SECONDS

    def start(self, job: Job) -> str:
        """Open an issue unless one has the job's id in its text, and return its address.

        Raises:
            JobError: It was not opened, or nobody knows; start it again with the same id.
        """
        there = _repository(self, "issue", "Issues (write)", "Correct `repository` or `labels`")
        mark, message = f"<!-- atalaia:{job.id} -->", message_of(job)
        for labels in dict.fromkeys((self.target.labels, ())):  # GitHub leaves out what a token may not set
            issue = there.issue_of(mark, labels)
            if issue is not None:
                return issue
        told: dict[str, object] = {"title": message.title[:256], "body": f"{markdown(message)}\n{mark}\n"}
        told |= {"labels": list(self.target.labels)} if self.target.labels else {}
        return there.service.named(there.ask("POST", "/issues", told, (201,)), "html_url")


def markdown(message: Message) -> str:
    """Return a message as the text of an issue; what comes from data stands in code, where it pings nobody."""
    facts = [f"- {_code(name)}: {_code(value)}" for name, value in message.facts]
    links = [f"- [{text}]({address})" for text, address in message.links]
    found = [f"- {_code(line)}" for line in message.findings]
    return "\n".join([*facts, *(["", "Found:", "", *found] if found else []), *(["", *links] if links else []), ""])


def _code(text: str) -> str:
    inside = " ".join(text.replace("`", "'").split())
    return f"`{inside}`" if inside else "(empty)"
