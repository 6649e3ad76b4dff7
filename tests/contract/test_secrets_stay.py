"""A policy's secret is read when its job is started, and stands neither in what is stored nor in what is told of it."""

import json

import pytest
from hooks_server import KEY
from services import MONITOR, Told, make_service
from web_service import TOKEN
from web_starters import web_starter
from worlds import lines, rows

from atalaia_functions.secrets import secret_of
from atalaia_functions.targets import common_starter

WHEN = "when: drifted > 0.4"
ENV = {"TOKEN": f"{TOKEN}\n", "KEY": KEY}
TARGETS = {
    "databricks": "databricks: {host: '%s', job_id: 77, token: 'env:TOKEN'}",
    "github-workflow": "github_workflow: {api: '%s', repository: acme/models, workflow: train.yml, token: 'env:TOKEN'}",
    "github-issue": "github_issue: {api: '%s', repository: acme/models, token: 'env:TOKEN'}",
    "azure-devops": "azure_devops: {organization: '%s/contoso', project: Risk models, pipeline_id: 3, "
    "token: 'env:TOKEN'}",
    "webhook-json": "webhook: {url: 'env:URL', secret: 'env:KEY'}",
    "webhook-slack": "webhook: {url: 'env:URL', format: slack}",
}
SECRETS = (TOKEN, KEY, "s3cret-path")


def evaluated(world, env):
    """Evaluate, and return all that was stored, told and logged."""
    starter_of = lambda policy, store: common_starter(policy, lambda reference: secret_of(reference, env, {}), store)  # noqa: E731 - one line
    done = world.service.evaluate(world.telemetry, starter_of)
    stored = [world.output.get(info.key)[0].decode("utf-8", "replace") for info in world.output.list("")]
    return done, "".join(stored) + json.dumps(world.telemetry.events, default=str) + repr(done)


@pytest.fixture(params=TARGETS)
def world(request):
    kind = request.param
    with web_starter(kind) as web:
        text = TARGETS[kind] % web.address if "%s" in TARGETS[kind] else TARGETS[kind]
        made = make_service(MONITOR + f"policies: [{{name: retrain, {WHEN}, {text}}}]\n")
        made.web, made.telemetry = web, Told()
        made.env = ENV | ({"URL": web.url(kind.partition("-")[2])} if kind.startswith("webhook") else {})
        drifted = [{**row, "x": row["x"] + 5, "word": "c"} for row in rows(2, 600, seed=2)]
        assert not made.service.ingest([made.put("2.jsonl", lines(drifted))]).failed
        yield made


def test_what_is_stored_and_told_of_a_started_job_has_no_secret(world):
    done, all_of_it = evaluated(world, world.env)

    assert not done.failed
    assert [event["event"] for event in world.telemetry.events].count("ml.monitor.action") == 1
    assert not [secret for secret in SECRETS if secret in all_of_it]


def test_what_is_stored_and_told_of_a_refused_job_has_no_secret(world):
    world.web.plan = [(401, {"message": "Bad credentials: ghp" + "_0123456789abcdefghij0123"})] * 3

    _, all_of_it = evaluated(world, world.env)

    assert "HTTP status 401" in all_of_it
    assert not [secret for secret in (*SECRETS, "0123456789abcdefghij") if secret in all_of_it]


def test_a_job_whose_secret_is_absent_waits_for_it(world):
    _, told = evaluated(world, {})
    assert "no such setting" in told

    world.now += 3_600_000_000
    _, told = evaluated(world, world.env)
    assert [event["event"] for event in world.telemetry.events].count("ml.monitor.action") == 1
