import contextlib
import uuid

import pytest
import servers

from atalaia_local import DirectoryStore, MemoryStore
from atalaia_obstore import open_store

S3_SERVERS = {"s3-moto": servers.moto}
"""Servers that speak S3; one line each."""

BUCKET = "contract-tests"
ADAPTERS = ["memory", "directory", *S3_SERVERS]


@pytest.fixture(scope="session")
def moto_address():
    with servers.moto() as address:
        yield address


@pytest.fixture(scope="session")
def s3_address():
    """Return a function from a server's name to its address; each is started once, when first asked for."""
    started = {}
    with contextlib.ExitStack() as running:

        def address_of(name):
            if name not in started:
                started[name] = running.enter_context(S3_SERVERS[name]())
                servers.boto_client("s3", started[name]).create_bucket(Bucket=BUCKET)
            return started[name]

        yield address_of


@pytest.fixture(params=S3_SERVERS)
def s3_server(request):
    return request.param


@pytest.fixture(params=ADAPTERS)
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryStore()
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    address = request.getfixturevalue("s3_address")(request.param)
    return open_store(f"s3://{BUCKET}/{uuid.uuid4()}", endpoint=address, **servers.OBSTORE)
