"""Azurite on 127.0.0.1: Azure's own emulator of Blob and Queue Storage, a process of Node."""

import contextlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from servers import free_port, wait_for

from atalaia_azure.queues import queue_of
from atalaia_azure.shared_key import SharedKey
from atalaia_web.wire import ask

PROGRAM = Path(__file__).parents[2] / "build" / "node" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # every Azurite's
FLAGS = ["--skipApiVersionCheck", "--silent", "--disableTelemetry", "--inMemoryPersistence"]


@dataclass(frozen=True)
class Azurite:
    """Both services of one account, and what stands before the names of buckets elsewhere."""

    host: str
    queues: str
    scheme: str = "az"

    @property
    def address(self):
        """Where blobs are, without the account that stands first in every path."""
        return self.host

    @property
    def obstore(self):
        return {"account_name": ACCOUNT, "account_key": KEY}

    def endpoint(self, address=None):
        """What obstore takes for this account; at another address, such as a proxy's."""
        return f"{address or self.host}/{ACCOUNT}"

    @property
    def settings(self):
        """What a function app's settings are there."""
        connection = {
            "AccountName": ACCOUNT,
            "AccountKey": KEY,
            "BlobEndpoint": self.endpoint(),
            "QueueEndpoint": f"{self.queues}/{ACCOUNT}",
        }
        return {
            "AzureWebJobsStorage": ";".join(f"{name}={value}" for name, value in connection.items()),
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint(),
        }

    def make_bucket(self, name):
        assert self.blob("PUT", f"{name}?restype=container").status in (201, 409)

    def queue(self, name):
        queue = queue_of(self.settings, name, None)
        queue.make()
        queue.close()
        return queue

    def put(self, container, key, data):
        """Put a block blob, and return what Event Grid would tell of it."""
        answer = self.blob("PUT", f"{container}/{key}", data, {"x-ms-blob-type": "BlockBlob"})
        assert answer.status == 201
        about = {"url": f"{self.endpoint()}/{container}/{key}", "contentLength": len(data), "blobType": "BlockBlob"}
        return about | {"eTag": answer.headers["etag"].strip('"')}

    def blob(self, method, rest, data=b"", headers=()):
        url = f"{self.endpoint()}/{rest}"
        told = {**dict(headers), **({"Content-Length": str(len(data))} if data else {})}
        return ask(method, url, data, SharedKey(ACCOUNT, KEY).sign(method, url, told, time.time()), 20)

    def keys(self, container, prefix):
        told = self.blob("GET", f"{container}?restype=container&comp=list&prefix={prefix}").body
        return [each.text for each in ET.fromstring(told.decode("utf-8-sig")).iter("Name")]


@contextlib.contextmanager
def azurite():
    """Run it, with all that it holds in memory."""
    node, (blob, queue, table) = shutil.which("node"), (free_port() for _ in range(3))
    if node is None or not PROGRAM.exists():
        raise RuntimeError(f"{PROGRAM} or node is not there. Run `make build/node`.")
    ports = ["--blobPort", blob, "--queuePort", queue, "--tablePort", table]
    hosts = [part for service in ("blob", "queue", "table") for part in (f"--{service}Host", "127.0.0.1")]
    server = subprocess.Popen(
        [node, PROGRAM, *hosts, *map(str, ports), *FLAGS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(blob, server)
        wait_for(queue, server)
        yield Azurite(f"http://127.0.0.1:{blob}", f"http://127.0.0.1:{queue}")
    finally:
        server.terminate()
        server.wait(timeout=20)
