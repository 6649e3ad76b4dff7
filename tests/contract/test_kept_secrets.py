"""Secrets Manager gives a secret by name or ARN; no message holds what it gave."""

import json
import uuid

import pytest
import servers

from atalaia.errors import JobError
from atalaia_aws.clients import BotoClients
from atalaia_aws.secrets import kept_secret

TOKEN = "ghp_" + "a1" * 18


@pytest.fixture
def keep(server):
    """Return a function that keeps a text, and returns its name and its ARN."""
    client = server.client("secretsmanager")

    def kept(**held):
        name = f"team/github-{uuid.uuid4().hex}"
        return name, client.create_secret(Name=name, **held)["ARN"]

    return kept


@pytest.fixture
def clients(server):
    return BotoClients({"endpoint_url": server.address, **server.boto})


def test_a_secret_is_read_by_its_name_or_its_arn(clients, keep):
    name, arn = keep(SecretString=f"{TOKEN}\n")

    assert kept_secret(clients, name) == kept_secret(clients, arn) == TOKEN


def test_a_key_of_a_json_object_is_read(clients, keep):
    _, arn = keep(SecretString=json.dumps({"user": "u", "token": TOKEN}))

    assert kept_secret(clients, f"{arn}#token") == TOKEN


@pytest.mark.parametrize(
    ("held", "key", "words"),
    [
        ({"SecretString": json.dumps({"token": TOKEN})}, "#other", "no text under the key other"),
        ({"SecretString": json.dumps({"token": [TOKEN]})}, "#token", "no text under the key token"),
        ({"SecretString": json.dumps([TOKEN])}, "#0", "no text under the key 0"),
        ({"SecretString": TOKEN}, "#token", "no text under the key token"),
        ({"SecretBinary": TOKEN.encode()}, "", "no text"),
        ({"SecretBinary": TOKEN.encode()}, "#token", "no text"),
        ({"SecretString": " "}, "", "no text"),
    ],
)
def test_what_is_not_as_referred_to_is_not_told(clients, keep, held, key, words):
    name, _ = keep(**held)

    with pytest.raises(JobError, match=f"secret {name}: it holds {words}") as raised:
        kept_secret(clients, name + key)

    error = raised.value
    while error is not None:
        assert TOKEN[:8] not in f"{error} {getattr(error, 'doc', '')}"
        error = error.__cause__ or error.__context__


def test_an_absent_secret_is_to_be_corrected(clients, server):
    with pytest.raises(JobError, match=r"ResourceNotFound.*name or the ARN of a secret in the functions' region"):
        kept_secret(clients, f"absent-{uuid.uuid4().hex}")


def test_the_right_that_lacks_is_named(service_refusing):
    with pytest.raises(JobError, match=r"secret x: AccessDenied.*the right secretsmanager:GetSecretValue"):
        kept_secret(service_refusing, "x#token")


@pytest.fixture
def service_refusing():
    """Clients of which each call is refused."""
    from botocore.exceptions import ClientError

    class Refusing:
        def within(self, service, seconds):
            return self

        def get_secret_value(self, **asked):
            assert asked == {"SecretId": "x"}
            told = {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(told, "GetSecretValue")

    return Refusing()


def test_without_an_answer_it_is_tried_again():
    nowhere = BotoClients({"endpoint_url": f"http://127.0.0.1:{servers.free_port()}", **servers.Server("").boto})

    with pytest.raises(JobError, match="tried again"):
        kept_secret(nowhere, "x")
