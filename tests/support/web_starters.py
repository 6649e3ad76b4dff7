"""Each starter of a service over HTTP, before a server that checks what it is asked."""

import contextlib

from databricks_server import JOB, Databricks
from devops_server import PIPELINE, PROJECT, DevOps
from github_server import REPOSITORY, WORKFLOW, GitHub
from hooks_server import KEY, Hooks
from web_service import TOKEN, serving

from atalaia import policies
from atalaia_web.databricks import DatabricksStarter
from atalaia_web.devops import DevopsStarter
from atalaia_web.github import EventStarter, IssueStarter, WorkflowStarter
from atalaia_web.webhook import WebhookStarter

SERVICES = {
    "databricks": Databricks, "github-workflow": GitHub, "github-event": GitHub, "github-issue": GitHub,
    "azure-devops": DevOps, "webhook-json": Hooks, "webhook-slack": Hooks, "webhook-teams": Hooks,
}  # fmt: skip
ASKED_FIRST = ("github-workflow", "github-event", "github-issue", "azure-devops")
"""These know no ids, but can be asked what was started: one caller at a time, which the ledger's lease sees to."""
UNKNOWING = ("webhook-slack", "webhook-teams")
"""These know no ids, and cannot be asked: who reads a message twice after a crash sees the same id in both."""


def starter_of(kind, service, token=TOKEN, seconds=10.0):
    """Return what starts jobs of a *kind* at a *service*, whose secret is kept in the setting S."""
    secrets = {"env:S": token, "env:K": KEY, "env:U": getattr(service, "url", str)(kind.partition("-")[2])}
    secret = secrets.__getitem__
    address = service.address
    if kind == "databricks":
        return DatabricksStarter(policies.Databricks(address, JOB, "env:S"), secret, seconds)
    if kind == "azure-devops":
        return DevopsStarter(policies.AzureDevops(service.organization, PROJECT, PIPELINE, "env:S"), secret, seconds)
    if kind == "github-issue":
        return IssueStarter(policies.GithubIssue(REPOSITORY, "env:S", ("drift",), address), secret, seconds)
    if kind == "github-workflow":
        target = policies.GithubWorkflow(REPOSITORY, "env:S", workflow=WORKFLOW, api=address)
        return WorkflowStarter(target, secret, seconds)
    if kind == "github-event":
        target = policies.GithubWorkflow(REPOSITORY, "env:S", event_type="drifted", api=address)
        return EventStarter(target, secret, seconds)
    chat = policies.Chat(kind.partition("-")[2])
    return WebhookStarter(policies.Webhook("env:U", "env:K", chat), secret, seconds)


def started_at(kind, service):
    """Return what was started there."""
    return {
        "databricks": lambda: list(service.runs.values()),
        "github-workflow": lambda: service.runs,
        "github-event": lambda: service.events,
        "github-issue": lambda: service.issues,
        "azure-devops": lambda: service.runs,
        "webhook-json": lambda: list(service.requests.values()),
        "webhook-slack": lambda: service.messages["slack"],
        "webhook-teams": lambda: service.messages["teams"],
    }[kind]()


@contextlib.contextmanager
def web_starter(kind):
    """Run the service of a *kind*, and yield it."""
    with serving(SERVICES[kind]()) as service:
        yield service
