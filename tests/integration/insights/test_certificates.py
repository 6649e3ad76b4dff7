"""The emulator's certificate: who trusts it, and for which names."""

import ssl
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CONFIGURATION = "/common/v2.0/.well-known/openid-configuration"


def fetched(url, context):
    with urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)).open(url, timeout=10) as answer:
        return answer.status


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_whoever_has_its_file_trusts_it_even_strictly(azure, name):
    context = ssl.create_default_context(cafile=azure.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN  # as Python 3.13 does

    assert fetched(azure.secure.replace("127.0.0.1", name) + CONFIGURATION, context) == 200


def test_nobody_else_does(azure):
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetched(azure.secure + CONFIGURATION, ssl.create_default_context())


def test_a_client_in_rust_trusts_it(azure, monkeypatch):
    """Such a client takes no authority for a server's certificate. It is obstore, whose store here answers with 404."""
    from obstore import exceptions
    from obstore.store import HTTPStore

    monkeypatch.setenv("SSL_CERT_FILE", azure.certificate)
    store = HTTPStore.from_url(azure.secure, retry_config={"max_retries": 0})

    with pytest.raises((FileNotFoundError, exceptions.BaseError), match=r"404|not found"):
        store.get("nothing/at/all/there")


def test_only_its_owner_reads_its_key(azure):
    mode = Path(azure.certificate).with_suffix(".key").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600
