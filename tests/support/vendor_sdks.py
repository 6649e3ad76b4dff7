"""Drives each server of a vendor's API by the vendor's own SDK, and prints what it was asked.

The SDKs are no dependency of ours, as together they bring as much as all that we have; tests hold the servers to what
they asked, which is kept in tests/contract/vendor_sdks.json. To record it again:

    pip install databricks-sdk PyGithub azure-devops slack_sdk
    PYTHONPATH=.:adapters:tests/support python tests/support/vendor_sdks.py > tests/contract/vendor_sdks.json
"""

import json
import sys
from importlib.metadata import version

from databricks_server import JOB, Databricks
from devops_server import PIPELINE, PROJECT, DevOps
from github_server import REPOSITORY, WORKFLOW, GitHub
from hooks_server import CHANNELS, Hooks
from web_service import TOKEN, serving

ID = "0123456789abcdef" * 4
KEPT = ("authorization", "content-type", "accept", "x-github-api-version", "user-agent")


def databricks(service):
    from databricks.sdk import WorkspaceClient

    client = WorkspaceClient(host=service.address, token=TOKEN, auth_type="pat")
    runs = [
        client.jobs.run_now(JOB, idempotency_token=ID, job_parameters={"atalaia_id": ID}).response.run_id
        for _ in range(2)
    ]
    assert len(set(runs)) == 1


def github(service):
    from github import Auth, Github

    repository = Github(auth=Auth.Token(TOKEN), base_url=service.address, retry=None).get_repo(REPOSITORY)
    workflow = repository.get_workflow(WORKFLOW)
    run = workflow.create_dispatch("main", {"atalaia_id": ID}, throw=True, return_run_details=True)
    assert workflow.create_dispatch("main", {"atalaia_id": ID}, throw=True)
    assert repository.create_repository_dispatch("drifted", {"id": ID})
    found = [each for each in workflow.get_runs(event="workflow_dispatch") if ID in each.display_title]
    assert run.html_url in [each.html_url for each in found]
    assert len(list(repository.get_workflow_runs(event="repository_dispatch"))) == 1
    issue = repository.create_issue("drift", body=f"<!-- atalaia:{ID} -->", labels=["drift"])
    issues = repository.get_issues(state="all", labels=["drift"], sort="created", direction="desc")
    assert [each.html_url for each in issues if ID in each.body] == [issue.html_url]


def azure_devops(service):
    from azure.devops.connection import Connection
    from azure.devops.v7_1.pipelines.models import RunPipelineParameters
    from msrest.authentication import BasicAuthentication

    clients = Connection(base_url=service.organization, creds=BasicAuthentication("", TOKEN)).clients_v7_1
    parameters = RunPipelineParameters(template_parameters={"atalaia_id": ID})
    run = clients.get_pipelines_client().run_pipeline(parameters, PROJECT, PIPELINE)
    builds = clients.get_build_client().get_builds(PROJECT, definitions=[PIPELINE], build_number=f"{ID}*")
    assert [(build.id, build.build_number) for build in builds] == [(run.id, ID)]


def slack_sdk(service):
    from slack_sdk.models.blocks import HeaderBlock, SectionBlock
    from slack_sdk.webhook import WebhookClient

    blocks = [HeaderBlock(text="drift"), SectionBlock(text="*Id:* x")]
    answer = WebhookClient(f"{service.address}{CHANNELS['slack']}").send(text="drift", blocks=blocks)
    assert (answer.status_code, answer.body) == (200, "ok")


SDKS = {
    "databricks-sdk": (Databricks, databricks),
    "PyGithub": (GitHub, github),
    "azure-devops": (DevOps, azure_devops),
    "slack_sdk": (Hooks, slack_sdk),
}


def recorded(name):
    """Return the SDK's version, and what it asked the server."""
    make, drive = SDKS[name]
    with serving(make()) as service:
        drive(service)
        asked = [_kept(each, service.address) for each in service.seen]
    return {"sdk": f"{name} {version(name)}", "requests": asked}


def _kept(asked, address):
    headers = {name: value for name, value in asked["headers"].items() if name in KEPT}
    return {**asked, "url": asked["url"].removeprefix(address), "headers": headers | {"user-agent": "an SDK"}}


if __name__ == "__main__":
    json.dump({name: recorded(name) for name in SDKS}, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
