"""The servers of tests take what Azure's own clients sent, as it was recorded; and what we send is that, too."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from arm import token_for
from event_grid import event_grid_topic
from key_vault import key_vault

from atalaia.ports import Job
from atalaia_azure.topics import TopicNotifier, grid
from atalaia_azure.vaults import Vaults

RECORDED = json.loads((Path(__file__).parents[1] / "support/azure_sdk_requests.json").read_text())
EVENTS = [each for each in RECORDED if each["method"] == "POST"]
SECRETS = [each for each in RECORDED if each["method"] == "GET"]
VERSION = "0123456789abcdef0123456789abcdef"


def sent(address, request):
    """Send a recorded request, and return the status."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    body = None if request["body"] is None else json.dumps(request["body"])
    connection.request(request["method"], request["path"], body, request["headers"])
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("request_", EVENTS)
def test_a_topic_takes_what_azure_eventgrid_sends(request_):
    with event_grid_topic() as (address, heard):
        assert sent(address, request_) == 200

    assert [events for _, _, events in heard] == [request_["body"]]


def test_a_topic_is_asked_as_azure_eventgrid_asks():
    theirs = next(each for each in EVENTS if "authorization" in each["headers"])
    with event_grid_topic() as (address, heard):
        TopicNotifier(address, grid(token_for)).start(Job("credit-scoring", "drift", "20260301T000000Z"))

    [(path, headers, [event])] = heard
    assert path == theirs["path"]
    assert headers["authorization"] == theirs["headers"]["authorization"]
    assert event.keys() == theirs["body"][0].keys()


def test_a_vault_answers_what_azure_keyvault_secrets_asks():
    with key_vault(token_for("https://vault.azure.net")) as vault:
        vault.secrets = {"github-token": "v", f"github-token/{VERSION}": "v"}

        assert [sent(vault.address, each) for each in SECRETS] == [401, 200, 200]  # it asks first who gives tokens


def test_a_vault_is_asked_as_azure_keyvault_secrets_asks():
    theirs = [urlsplit(each["path"]) for each in SECRETS if "authorization" in each["headers"]]
    with key_vault(token_for("https://vault.azure.net")) as vault:
        vault.secrets = {"github-token": "v", f"github-token/{VERSION}": "v"}
        for version in ("/", f"/{VERSION}"):
            Vaults(token_for, lambda _: vault.address).secret(
                f"https://retrain.vault.azure.net/secrets/github-token{version}"
            )

    assert [path.rstrip("/") for _, path, _ in vault.seen] == [each.path.rstrip("/") for each in theirs]
    assert {each.query for each in theirs} == {"api-version=7.4"}
