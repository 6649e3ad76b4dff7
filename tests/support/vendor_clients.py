"""Vendors' own clients at servers of their APIs; run by the Python that has them. Prints what they made of the answers.

Arguments: which client, the server's address, and what else it is given, as JSON.
"""

import copy
import json
import sys


def refusal(call):
    """Return what a refused call raised: the exception's name, and what it says."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - each client has exceptions of its own
        return [type(error).__name__, str(error)]
    return ["not refused", str(answer)]


def databricks(address, token, job, key):
    from databricks.sdk import WorkspaceClient

    def jobs(token):
        return WorkspaceClient(host=address, token=token, auth_type="pat").jobs

    def started(key):
        return jobs(token).run_now(job, idempotency_token=key, job_parameters={"atalaia_id": key}).response.run_id

    runs = [started(key), started(key)]
    run = jobs(token).get_run(runs[0])
    return {
        "runs": runs,
        "course": [run.status.state.value, run.start_time],
        "wrong run": refusal(lambda: jobs(token).get_run(9)),
        "wrong token": refusal(lambda: jobs("wrong").run_now(job)),
        "wrong job": refusal(lambda: jobs(token).run_now(job + 1)),
        "long key": refusal(lambda: started(key + "0")),
    }


def github(address, token, repository, workflow, key):
    from github import Auth, Github

    def client(token):
        return Github(auth=Auth.Token(token), base_url=address, retry=None, seconds_between_writes=0)

    there = client(token).get_repo(repository)
    train, inputs = there.get_workflow(workflow), {"atalaia_id": key}
    run = train.create_dispatch("main", inputs, throw=True, return_run_details=True)
    issue = there.create_issue("drift", body=f"<!-- atalaia:{key} -->", labels=["drift"])
    issues = there.get_issues(state="all", labels=["drift"], sort="created", direction="desc")
    return {
        "run": run.html_url,
        "course": [there.get_workflow_run(run.id).status, there.get_workflow_run(run.id).run_started_at.isoformat()],
        "wrong run": refusal(lambda: there.get_workflow_run(9)),
        "without details": train.create_dispatch("main", inputs, throw=True),
        "runs": [each.html_url for each in train.get_runs(event="workflow_dispatch") if key in each.display_title],
        "event": there.create_repository_dispatch("drifted", {"id": key}),
        "of event": [each.html_url for each in there.get_workflow_runs(event="repository_dispatch")],
        "issue": issue.html_url,
        "issues": [each.html_url for each in issues if key in each.body],
        "wrong token": refusal(lambda: client("wrong").get_repo(repository)),
        "wrong repository": refusal(lambda: client(token).get_repo(f"{repository}-2")),
        "wrong input": refusal(lambda: train.create_dispatch("main", {"unknown": "1"}, throw=True)),
        "no title": refusal(lambda: there.create_issue("")),
    }


def devops(address, token, project, pipeline, key):
    from azure.devops.connection import Connection
    from azure.devops.v7_1.pipelines.models import RunPipelineParameters
    from msrest.authentication import BasicAuthentication

    def clients(token):
        return Connection(base_url=address, creds=BasicAuthentication("", token)).clients_v7_1

    def run(token=token, pipeline=pipeline, **parameters):
        asked = RunPipelineParameters(template_parameters=parameters)
        return clients(token).get_pipelines_client().run_pipeline(asked, project, pipeline)

    made = run(atalaia_id=key)
    build = clients(token).get_build_client()
    builds = build.get_builds(project, definitions=[pipeline], build_number=f"{key}*")
    found = build.get_build(project, made.id)
    return {
        "course": [found.status, found.start_time.isoformat()],
        "wrong run": refusal(lambda: build.get_build(project, 9)),
        "run": [made.id, made.name, made.state],
        "builds": [[each.id, each.build_number] for each in builds],
        "wrong token": refusal(lambda: run("wrong")),
        "wrong pipeline": refusal(lambda: run(pipeline=pipeline + 1)),
        "wrong parameter": refusal(lambda: run(unknown="1")),
    }


def slack(address, channel):
    from slack_sdk.models.blocks import HeaderBlock, SectionBlock
    from slack_sdk.webhook import WebhookClient

    def answer(path, **message):
        told = WebhookClient(f"{address}{path}").send(**message)
        return [told.status_code, told.body]

    blocks = [HeaderBlock(text="drift"), SectionBlock(text="*Id:* x")]
    return {
        "message": answer(channel, text="drift", blocks=blocks),
        "wrong block": answer(channel, text="drift", blocks=[{"type": "unknown"}]),
        "wrong channel": answer(f"{channel}-2", text="drift"),
    }


def event_grid(address, event):
    from azure.core.credentials import AzureKeyCredential
    from azure.eventgrid import EventGridEvent, EventGridPublisherClient

    def publish(credential, more=(), **changes):
        told = EventGridEvent(**event | changes)
        EventGridPublisherClient(address, credential).send(told, retry_backoff_factor=0, **dict(more))

    key = AzureKeyCredential("key")
    publish(_Identity(), {"enforce_https": False})
    publish(key)
    return {"no version": refusal(lambda: publish(key, data_version=None))}


def key_vault(address, names):
    from azure.keyvault.secrets import SecretClient

    host = "https://retrain.vault.azure.net"  # it asks, and sends tokens, over https alone
    vault = SecretClient(host, _Identity(), api_version="7.4", transport=_through(address, host))
    return {
        "values": [vault.get_secret(*name).value for name in names],
        "absent": refusal(lambda: vault.get_secret("absent")),
    }


def azure_ml(address, workspace, name, endpoint, deployment, batch, traffic):
    from azure.ai.ml import Input, command
    from azure_ml_client import client_at

    host = "https://arm.example"  # of several clients in it, some send tokens over https alone
    ml = client_at(host, _Identity(), *workspace, audience="https://ml.azure.com", transport=_through(address, host))
    job = command(command="python train.py", environment="azureml:train:1", compute="cpu")
    job.name = name
    made, seen = ml.jobs.create_or_update(job), ml.jobs.get(name)
    online = ml.online_endpoints.get(endpoint)
    inputs = {"why": Input(type="string", default="drift")}
    before, online.traffic = online.traffic, traffic
    return {
        "job": [made.name, made.status],
        "seen": [seen.name, seen.status, seen.command],
        "jobs": [each.name for each in ml.jobs.list()],
        "before": before,
        "after": ml.online_endpoints.begin_create_or_update(online).result().traffic,
        "deployments": [each.name for each in ml.online_deployments.list(endpoint)],
        "invoked": ml.batch_endpoints.invoke(
            endpoint_name=batch, deployment_name=deployment, experiment_name=name, inputs=inputs
        ).name,
        "absent": refusal(lambda: ml.jobs.get("absent")),
        "absent endpoint": refusal(lambda: ml.online_endpoints.get("absent")),
    }


class _Identity:
    """Gives tokens as tests make them up."""

    def get_token(self, *scopes, **_more):
        from azure.core.credentials import AccessToken

        [scope] = scopes
        return AccessToken(f"a token for {scope.removesuffix('/.default')}", 2**33)


def _through(address, host):
    """Return what takes requests for a host over https to a server on loopback instead."""
    from azure.core.pipeline.transport import RequestsTransport

    class Through(RequestsTransport):
        def send(self, request, **more):
            sent = copy.copy(request)
            sent.url = request.url.replace(host, address)
            return super().send(sent, **more)

    return Through()


CLIENTS = {
    "databricks-sdk": databricks,
    "PyGithub": github,
    "azure-devops": devops,
    "slack_sdk": slack,
    "azure-eventgrid": event_grid,
    "azure-keyvault-secrets": key_vault,
    "azure-ai-ml": azure_ml,
}

if __name__ == "__main__":
    _, name, address, given = sys.argv
    json.dump(CLIENTS[name](address, **json.loads(given)), sys.stdout)
