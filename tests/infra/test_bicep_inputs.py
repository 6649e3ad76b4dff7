"""Bicep refuses what Terraform refuses, in words, and tells places and names apart as Terraform does."""

import pytest
from bicep import tried

ACCOUNT = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models"
    "/providers/Microsoft.Storage/storageAccounts/models"
)
OF_TERRAFORM = "../terraform/modules/azure-monitor/tests"
OFF = ["drift", "drifted_share", "failed_share", "performance", "rejected_rows", "silent_hours"]


def inputs(*monitors, more=""):
    loaded = "\n".join(each if "{" in each else f"  loadYamlContent('{OF_TERRAFORM}/{each}.yaml')" for each in monitors)
    return (
        f"param location = 'westeurope'\nparam storageAccountId = '{ACCOUNT}'\nparam monitors = [\n{loaded}\n]\n{more}"
    )


def monitor(name, logs):
    data = "baseline: { data: ['az://reference/train'] }"
    return f"  {{ name: '{name}', model: {{ name: 'm' }}, logs: {{ source: '{logs}' }}, {data}, output: 'az://out/a' }}"


REFUSED = {
    "no name": (inputs("refused/unnamed/a"), "A monitor file has no name"),
    "two of one name": (inputs("refused/twice/a", "refused/twice/b"), "another monitor file has the same name"),
    "places of AWS": (inputs("refused/aws-place/a"), "must be places in Blob Storage"),
    "output in logs": (inputs("refused/output-in-logs/a"), "a: its output lies below the logs of a monitor"),
    "a pipeline": (inputs("refused/pipeline/a"), "a: a policy names a pipeline, a training_job"),
    "a workspace by name": (inputs("refused/no-workspace/a"), "must be the ID of an Azure ML workspace"),
    "a topic of AWS": (
        inputs("refused/sns/a"),
        "a: a policy names a pipeline, a training_job, sagemaker_traffic or an",
    ),
    "a batch endpoint in a workspace by name": (
        inputs("refused/batch-by-name/a"),
        "must be the ID of an Azure ML works",
    ),
    "a topic without an ID": (inputs("refused/unknown-topic/a"), "a Key Vault whose ID is not in knownIds"),
    "a vault without an ID": (inputs("refused/unknown-vault/a"), "a Key Vault whose ID is not in knownIds"),
    "a secret of AWS": (inputs("refused/secrets-manager/a"), "a: a policy refers to a secret in AWS Secrets Manager"),
    "a setting of the platform": (
        inputs("monitors/churn", more="param environment = { FUNCTIONS_WORKER_PROCESS_COUNT: '4' }"),
        "environment may not set FUNCTIONS_WORKER_PROCESS_COUNT.",
    ),
    "monitors by setting": (
        inputs("monitors/churn", more="param environment = { ATALAIA_MONITORS: 'az://other' }"),
        "environment may not set ATALAIA_MONITORS.",
    ),
    "a way of metrics": (
        inputs("monitors/churn", more="param environment = { ATALAIA_METRICS: 'cloudwatch' }"),
        "ATALAIA_METRICS must be application-insights, azure-monitor or otlp.",
    ),
    "a detail": (
        inputs("monitors/churn", more="param environment = { ATALAIA_DETAIL: 'rows' }"),
        "ATALAIA_DETAIL must be summary or columns.",
    ),
    "the key of links itself": (
        inputs("monitors/churn", more="param environment = { ATALAIA_APPROVAL_KEY: 'correct horse battery staple' }"),
        "the key itself does not belong here.",
    ),
    "a key of links in the environment": (
        inputs("monitors/churn", more="param environment = { ATALAIA_APPROVAL_KEY: 'env:ATALAIA_LINKS' }"),
        "ATALAIA_APPROVAL_KEY must say where the key is kept",
    ),
    "a key of links in AWS": (
        inputs("monitors/churn", more="param environment = { ATALAIA_APPROVAL_KEY: 'secretsmanager:a/b/c/secrets/e' }"),
        "ATALAIA_APPROVAL_KEY must say where the key is kept",
    ),
    "no key of links": (
        inputs("monitors/churn", more="param environment = { ATALAIA_APPROVAL_KEY: '' }"),
        "ATALAIA_APPROVAL_KEY must say where the key is kept",
    ),
    "a vault of links without an ID": (
        inputs(
            "monitors/churn",
            more="param environment = { ATALAIA_APPROVAL_KEY: 'keyvault:https://other.vault.azure.net/secrets/a' }",
        ),
        "ATALAIA_APPROVAL_KEY names a Key Vault whose ID is not in knownIds.",
    ),
    "too many folders": (inputs(*(f"refused/many-folders/m{i:02}" for i in range(1, 27))), "subjects is too long"),
}
PLACE = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers"
KNOWN = f"""param knownIds = {{
  'https://drifted.westeurope-1.eventgrid.azure.net/api/events': '{PLACE}/Microsoft.EventGrid/topics/drifted'
  'https://other.westeurope-1.eventgrid.azure.net/api/events': '{PLACE}/Microsoft.EventGrid/topics/other'
  'https://watch-secrets.vault.azure.net': '{PLACE}/Microsoft.KeyVault/vaults/watch-secrets'
}}"""
TAKEN = {
    "rights": inputs("rights/a", more=KNOWN),
    "underscore": inputs("underscore/a"),
    "links": inputs(
        "monitors/churn",
        more=f"{KNOWN}\nparam environment = {{\n"
        "  ATALAIA_APPROVAL_KEY: 'keyvault:https://watch-secrets.vault.azure.net/secrets/slack/0123456789abcdef0123456789abcdef'\n"
        "  ATALAIA_APPROVAL_URL: 'https://approve.example.com'\n}",
    ),
    "capitals": inputs(monitor("a", "az://logs/Capture"), monitor("b", "az://logs/capture/b")),
    "below": inputs(monitor("a", "az://logs/capture"), monitor("b", "az://logs/capture/b")),
    "elsewhere": inputs(
        "monitors/churn",
        more="param environment = { ATALAIA_METRICS: 'otlp' }\n"
        f"param alarms = {{ {', '.join(f'{each}: null' for each in OFF)} }}",
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return tried({name: text for name, (text, _) in REFUSED.items()} | TAKEN, tmp_path_factory.mktemp("inputs"))


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(found, name):
    assert REFUSED[name][1] in found[name]


def ids(found, kind):
    return {each.rpartition("/")[2] for each in found[kind]}


def test_a_workspace_may_have_a_name_that_no_topic_may(found):
    assert ids(found["underscore"], "systemtopics") == {"atalaia-logs", "atalaia-my-ml"}


@pytest.mark.parametrize(
    ("name", "folders"), [("capitals", ["Capture", "capture/b"]), ("below", ["capture"])], ids=["capitals", "below"]
)
def test_folders_are_told_apart_by_capitals_too(found, name, folders):
    [[subscription]] = found[name]["systemtopics/eventsubscriptions"].values()
    [told] = subscription["properties"]["filter"]["advancedFilters"]

    assert told["values"] == [f"/blobServices/default/containers/logs/blobs/{each}/" for each in folders]


def test_reports_may_go_elsewhere_where_no_alarm_asks_for_them(found):
    alarms = {each.removeprefix("atalaia-") for each in ids(found["elsewhere"], "scheduledqueryrules")}

    assert alarms == {"budget", "given-up", "heartbeat", "untold"}


def test_links_may_lead_to_an_address_of_ones_own_and_their_key_have_a_version(found):
    [[site]] = found["links"]["sites"].values()
    settings = {each["name"]: each["value"] for each in site["properties"]["siteConfig"]["appSettings"]}
    [given] = [each for each in found["links"]["roleassignments"] if "key vault" in each.lower()]

    assert settings["ATALAIA_APPROVAL_URL"] == "https://approve.example.com"
    assert "vaults/watch-secrets/secrets/slack'" in given


def test_targets_of_policies_are_what_the_app_may_act_on(found):
    given = " ".join(str(each) for each in found["rights"]["roleassignments"]).lower()

    assert given.count("azureml data scientist") == 2
    assert given.count("eventgrid data sender") == 1
    assert given.count("key vault secrets user") == 2
    for place in ("workspaces/batch", "workspaces/online", "topics/drifted", "secrets/slack", "secrets/key"):
        assert place in given
    assert "topics/other" not in given
    assert "of-the-receiver" not in given
