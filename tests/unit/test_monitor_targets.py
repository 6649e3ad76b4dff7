"""Targets name addresses to trust and where secrets are kept; secrets in a monitor file are told of, not shown."""

import traceback

import pytest
from services import MONITOR

from atalaia.checks import METRICS
from atalaia.errors import MonitorFileError
from atalaia.monitor_file import find_faults, load_monitor
from atalaia.monitor_targets import broken_targets
from atalaia.references import is_address, is_reference, secret_in, without_secrets

# Made of parts, as what is whole here would be told of by whoever looks for secrets in this repository.
SECRETS = {
    "ghp" + "_" + "0123456789abcdefghij0123456789ABCDEF": "GitHub",
    "github" + "_pat_" + "0123456789abcdefghij0123": "GitHub",
    "dapi" + "0123456789abcdef" * 2: "Databricks",
    "xox" + "b-" + "1234567890-abcdef": "Slack",
    "https://hooks.slack.com/" + "services/T000/B000/XXXX": "Slack channel",
    "https://contoso.webhook.office.com/" + "webhookb2/abc": "Teams channel",
    "https://prod-1.westeurope.logic.azure.com/workflows/1?api-version=1&sig=" + "abcdefgh12": "signed address",
    "a234567b" * 6 + "cdef": "Azure DevOps",
    "a1B2c3D4" * 9 + "abcd" + "AZDO" + "4cde": "Azure DevOps",
    "AKIA" + "ABCDEFGHIJKLMNOP": "AWS",
    "AccountKey=" + "abcdefgh1234==": "key of Azure",
    "-----BEGIN RSA " + "PRIVATE KEY-----\nabc": "private key",
    "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0.c2ln": "signed token",
}
PLAIN = {
    "databricks": {"host": "https://adb-1.7.azuredatabricks.net", "job_id": 7, "token": "env:TOKEN"},
    "github_workflow": {"repository": "acme/models", "token": "env:TOKEN", "workflow": "train.yml"},
    "github_issue": {"repository": "acme/models", "token": "secretsmanager:prod/github#token"},
    "azure_devops": {
        "organization": "https://dev.azure.com/contoso", "project": "Risk models", "pipeline_id": 3,
        "token": "keyvault:https://vault-1.vault.azure.net/secrets/devops",
    },
    "webhook": {"url": "https://ci.example/hooks", "secret": "env:KEY"},
}  # fmt: skip


def told(target, **changes):
    given = {**PLAIN[target], **changes}
    policy = {"name": "p", target: {key: value for key, value in given.items() if value is not None}}
    return [(".".join(map(str, issue.path)), f"{issue.found}. {issue.fix}") for issue in broken_targets(policy, ())]


@pytest.mark.parametrize("target", PLAIN)
def test_a_target_that_refers_to_its_secret_is_fine(target):
    assert told(target) == []


@pytest.mark.parametrize(
    "reference",
    [
        "env:GITHUB_TOKEN",
        "secretsmanager:prod/atalaia/github",
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:github-AbCdEf#token",
        "keyvault:https://my-vault.vault.azure.net/secrets/github",
        "keyvault:https://my-vault.vault.azure.cn/secrets/github/0123456789abcdef0123456789abcdef",
        "keyvault:http://127.0.0.1:8443/secrets/github",
    ],
)
def test_a_reference_says_where_a_secret_is_kept(reference):
    assert is_reference(reference)
    assert secret_in(reference) is None


@pytest.mark.parametrize(
    "text", ["", "hunter2", "env:", "env:1A", "env:A B", "vault:a", "secretsmanager:", "secretsmanager:a#",
             "keyvault:http://v.vault.azure.net/secrets/a", "keyvault:https://evil.example/secrets/a",
             "keyvault:https://v.vault.azure.net/secrets/a?x", "ENV:A"],
)  # fmt: skip
def test_anything_else_is_no_reference(text):
    assert not is_reference(text)


@pytest.mark.parametrize(("target", "key"), [(t, "secret" if t == "webhook" else "token") for t in PLAIN])
def test_what_stands_where_a_reference_should_is_not_shown(target, key):
    ((path, said),) = told(target, **{key: "hunter2"})

    assert path == f"{target}.{key}"
    assert "no reference to a secret" in said
    assert "env:NAME" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("secret", "kind"), SECRETS.items())
def test_a_secret_is_known_by_its_look_and_told_of_without_being_shown(secret, kind):
    issues = list(broken_targets({"parameters": {"a": ["x", f"see {secret}"]}}, ("policies", 0)))

    assert [issue.path for issue in issues] == [("policies", 0, "parameters", "a", 1)]
    assert kind in issues[0].found
    assert secret not in f"{issues[0].found}{issues[0].fix}"
    assert without_secrets(f"see '{secret}'").startswith("see '(hidden)")
    assert secret[8:] not in without_secrets(f"see '{secret}'")


@pytest.mark.parametrize(
    "text", ["credit-scoring drift 20260301T000000Z", "0123456789abcdef" * 4, "s3://bucket/models?x=1", "https://a.b/c"]
)
def test_what_parameters_usually_say_is_no_secret(text):
    assert secret_in(text) is None
    assert without_secrets(text) == text


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("where", ["databricks: %s", "webhook: {url: %s}", "name: %s", "%s: 1", "windows: %s"])
def test_no_fault_of_a_file_shows_a_secret_that_stands_in_it(secret, where):
    text = MONITOR + "policies:\n  - " + where % f'"{secret}"'.replace("\n", " ") + "\n"

    faults = find_faults(text, "monitor.yaml", METRICS)
    with pytest.raises(MonitorFileError) as refused:
        load_monitor(text, "monitor.yaml")

    assert faults
    for said in (*map(str, faults), *traceback.format_exception(refused.value)):
        assert secret[8:24] not in said


@pytest.mark.parametrize(
    "address", ["https://ci.example", "https://ci.example:8443/a?b=c", "http://127.0.0.1:80", "http://localhost/x",
                "http://[::1]:3"],
)  # fmt: skip
def test_an_address_is_safe_over_tls_or_on_this_machine(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address", ["http://ci.example", "ftp://a", "https://", "https://user:pass@ci.example", "https://@a", "https://a b",
                "https://a\n", "https://a#b", "https://a:x", "https://a:0", "//a", "https://[::1", "https://é", "a",
                "https://a..b", "https://" + "a" * 64],
)  # fmt: skip
def test_other_addresses_are_not_trusted(address):
    assert not is_address(address)


@pytest.mark.parametrize(
    ("target", "key"),
    [("databricks", "host"), ("github_workflow", "api"), ("github_issue", "api"), ("azure_devops", "organization"),
     ("webhook", "url")],
)  # fmt: skip
def test_an_address_without_tls_is_a_fault_and_is_not_shown(target, key):
    ((path, said),) = told(target, **{key: "http://user:pass@ci.example"})

    assert path == f"{target}.{key}"
    assert "no address over https" in said
    assert "pass@" not in said


@pytest.mark.parametrize("format_", ["slack", "teams"])
def test_the_address_of_a_chat_is_a_secret_itself(format_):
    assert told("webhook", format=format_, url="env:CHANNEL") == []

    ((path, said),) = told("webhook", format=format_)

    assert path == "webhook.url"
    assert "no reference to a secret" in said


@pytest.mark.parametrize("target", ["github_workflow", "github_issue"])
@pytest.mark.parametrize("name", ["models", "acme/models/x", "https://github.com/acme/models", "acme/"])
def test_a_repository_is_an_owner_and_a_name(target, name):
    ((path, said),) = told(target, repository=name)

    assert path == f"{target}.repository"
    assert "OWNER/NAME" in said


@pytest.mark.parametrize("label", ["a,b", " "])
def test_a_label_that_issues_cannot_be_looked_for_by_is_a_fault(label):
    ((path, said),) = told("github_issue", labels=["drift", label])

    assert path == "github_issue.labels.1"
    assert "without a comma" in said


@pytest.mark.parametrize("given", [{"workflow": None}, {"event_type": "drift"}])
def test_on_github_either_a_workflow_or_an_event_is_named(given):
    ((path, said),) = told("github_workflow", **given)

    assert path == "github_workflow"
    assert "`workflow` or `event_type`" in said


def test_what_has_a_wrong_type_is_left_to_others():
    assert told("databricks", host=7, token=[]) == []
    assert told("github_issue", labels=[7]) == told("github_issue", labels="x") == []
    assert list(broken_targets({"databricks": "x", "webhook": None}, ())) == []
