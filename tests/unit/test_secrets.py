"""A reference to a secret is read where the secret is kept, and says what to do where it is not."""

import pytest

from atalaia.errors import JobError
from atalaia_functions.secrets import secret_of

ENV = {"GITHUB_TOKEN": "t0p", "EMPTY": ""}


def test_a_setting_of_the_process_is_a_secret():
    assert secret_of("env:GITHUB_TOKEN", ENV, {}) == "t0p"


@pytest.mark.parametrize("name", ["ABSENT", "EMPTY"])
def test_a_setting_that_is_not_there_is_asked_for(name):
    with pytest.raises(JobError, match=rf"env:{name}: no such setting\. Set {name}"):
        secret_of(f"env:{name}", ENV, {})


def test_what_a_cloud_keeps_is_asked_of_it():
    assert secret_of("keyvault:https://v.vault.azure.net/secrets/n", {}, {"keyvault": str.upper}) == (
        "HTTPS://V.VAULT.AZURE.NET/SECRETS/N"
    )


def test_what_another_cloud_keeps_is_not_read_and_not_shown():
    with pytest.raises(JobError, match=r"kept elsewhere.*env and secretsmanager can be read") as refused:
        secret_of("ghp_abc", ENV, {"secretsmanager": str})

    assert "ghp_abc" not in str(refused.value)
