"""Secrets in Key Vault are read with this app's identity, and nothing that is said shows one."""

import pytest
import servers
from arm import token_for
from key_vault import key_vault

from atalaia.errors import JobError
from atalaia_azure.identity import NoTokenError
from atalaia_azure.vaults import Vaults

HOST = "https://retrain.vault.azure.net"
NAME = f"{HOST}/secrets/github-token"
VERSION = "0123456789abcdef0123456789abcdef"
VALUE = "ghp_notToBeShown"


@pytest.fixture
def vault():
    with key_vault(token_for("https://vault.azure.net")) as running:
        running.secrets = {"github-token": VALUE, f"github-token/{VERSION}": "older", "empty": ""}
        yield running


def vaults(vault, token=token_for):
    return Vaults(token, lambda _vault: vault.address)


@pytest.mark.parametrize(("place", "value"), [("", VALUE), ("/", VALUE), (f"/{VERSION}", "older")])
def test_a_secret_is_read_the_latest_version_or_the_one_that_is_named(vault, place, value):
    assert vaults(vault).secret(NAME + place) == value

    path = f"/secrets/github-token{place.rstrip('/')}"
    assert vault.seen == [("GET", path, {"api-version": ["7.4"]})]


@pytest.mark.parametrize("suffix", ["vault.azure.cn", "vault.usgovcloudapi.net"])
def test_each_cloud_has_vaults_and_an_audience_of_its_own(suffix):
    with key_vault(token_for(f"https://{suffix}")) as vault:
        vault.secrets = {"github-token": VALUE}

        assert vaults(vault).secret(f"https://retrain.{suffix}/secrets/github-token") == VALUE


def test_a_vault_is_asked_at_its_own_address():
    assert Vaults(token_for).at(HOST) == HOST


@pytest.mark.parametrize(
    "place",
    [
        VALUE,
        "https://vault.azure.net/secrets/x",
        "http://retrain.vault.azure.net/secrets/x",
        "https://retrain.vault.azure.net.example/secrets/x",
        "https://retrain.vault.azure.net@example/secrets/x",
        "https://example/retrain.vault.azure.net/secrets/x",
        f"{HOST}/keys/x",
        f"{HOST}/secrets/",
        f"{HOST}/secrets/x?y",
        f"{HOST}/secrets/x/../y",
        f"{HOST}/secrets/x\nHost: y",
    ],
)
def test_no_token_goes_to_what_is_no_vault_and_the_place_is_not_shown(vault, place):
    with pytest.raises(JobError, match=r"keyvault:https://VAULT") as refused:
        vaults(vault).secret(place)

    assert vault.seen == []
    assert place not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ((403, "Forbidden", "ForbiddenByRbac"), r"\(ForbiddenByRbac\).*Key Vault Secrets User"),
        ((403, "Forbidden", "ForbiddenByFirewall"), "firewall"),
        ((403, "Forbidden", "SecretDisabled"), "Enable it"),
        ((401, "Unauthorized"), "Key Vault Secrets User"),
        ((404, "SecretNotFound"), "Correct its name"),
        ((404, f"x {VALUE}"), "Correct its name"),
        ((429, "Throttled"), "tried again"),
        ((503, "ServiceUnavailable"), "tried again"),
    ],
)
def test_a_refusal_says_what_to_do(vault, answer, advice):
    vault.plan = [answer]

    with pytest.raises(JobError, match=f"secret {NAME}: HTTP status {answer[0]}.*{advice}") as refused:
        vaults(vault).secret(NAME)

    assert VALUE not in str(refused.value)


def test_an_empty_secret_is_none(vault):
    with pytest.raises(JobError, match="it is empty"):
        vaults(vault).secret(f"{HOST}/secrets/empty")


def test_an_answer_that_is_not_understood_is_not_shown(vault):
    vault.secrets["github-token"] = [VALUE]

    with pytest.raises(JobError) as refused:
        vaults(vault).secret(NAME)

    assert VALUE not in str(refused.value)


def test_a_vault_that_does_not_answer_is_said_so():
    nowhere = Vaults(token_for, lambda _vault: f"http://127.0.0.1:{servers.free_port()}")

    with pytest.raises(JobError, match="no answer"):
        nowhere.secret(NAME)


def test_without_a_token_no_secret_is_read(vault):
    def none(resource):
        msg = f"no token for {resource}: nobody gives one."
        raise NoTokenError(msg)

    with pytest.raises(JobError, match=r"no token for https://vault\.azure\.net"):
        vaults(vault, none).secret(NAME)
