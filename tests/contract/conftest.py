import sys
import time
import uuid

import channels
import pytest
import servers
from azurite import azurite as azurite_server
from insights_sink import insights_sink
from otlp_sink import otlp_sink

from atalaia.monitoring.overlay import Overlay
from atalaia_local import DirectoryStore, MemoryStore
from atalaia_obstore import open_store

BUCKET = "contract-tests"
ADAPTERS = ["memory", "directory", "overlay", *servers.STORES]


@pytest.fixture(scope="session")
def server_named(request):
    """Return a function from a server's name to it; each is started once, when first asked for, and has a bucket."""
    found = {}

    def named(name):
        if name not in found:
            found[name] = _emulated(request) if name == "emulator" else request.getfixturevalue(name)
            found[name].make_bucket(BUCKET)
        return found[name]

    return named


@pytest.fixture(scope="session")
def moto():
    with servers.moto() as running:
        yield running


@pytest.fixture(scope="session")
def azurite():
    with azurite_server() as running:
        yield running


def _emulated(request):
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    return servers.emulated(request.getfixturevalue("aws"))


@pytest.fixture(params=servers.CLOUDS)
def server(request, server_named):
    return server_named(request.param)


@pytest.fixture(params=ADAPTERS)
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryStore()
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    if request.param == "overlay":
        return Overlay(MemoryStore("memory://below"), [""], lambda: time.time_ns() // 1000)
    server = request.getfixturevalue("server_named")(request.param)
    return open_store(f"{server.scheme}://{BUCKET}/{uuid.uuid4()}", endpoint=server.endpoint(), **server.obstore)


@pytest.fixture
def cloudwatch(server):
    with channels.to_cloudwatch(server, f"test/{uuid.uuid4().hex}") as cloud:
        yield cloud


@pytest.fixture
def plain_sink():
    with otlp_sink() as sink:
        yield sink


@pytest.fixture
def signed_sink():
    with otlp_sink(channels.SECRET) as sink:
        yield sink


@pytest.fixture
def insights():
    with insights_sink() as sink:
        yield sink


@pytest.fixture
def otlp(plain_sink):
    with channels.to_sink(plain_sink) as cloud:
        yield cloud


@pytest.fixture(params=[*(f"cloudwatch-{name}" for name in servers.CLOUDS), "otlp", "signed", "insights", "library"])
def cloud(request):
    """Each channel to each server."""
    way, _, name = request.param.partition("-")
    if way == "otlp":
        made = channels.to_sink(request.getfixturevalue("plain_sink"))
    elif way == "insights":
        made = channels.to_insights(request.getfixturevalue("insights"))
    elif way == "library":
        made = channels.to_library(request.getfixturevalue("insights"))
    elif way == "signed":
        made = channels.to_signed_sink(request.getfixturevalue("signed_sink"))
    else:
        named = request.getfixturevalue("server_named")
        made = channels.to_cloudwatch(named(name), f"test/{uuid.uuid4().hex}")
    with made as cloud:
        yield cloud
