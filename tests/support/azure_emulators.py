"""Runs the emulated Azure as a process, and talks to it as anyone would: Azure's SDKs, and HTTP to its admin port."""

import base64
import json
import os
import urllib.request
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators import fetch, running, until

HOST_FILE = {
    "version": "2.0",
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
}


@dataclass
class Azure:
    """A running emulator: what `start --json` said of its Azure."""

    run: dict[str, Any]
    folder: Path

    @property
    def connection_string(self):
        return self.run["variables"]["AZURE_STORAGE_CONNECTION_STRING"]

    @property
    def blobs(self):
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient.from_connection_string(self.connection_string, retry_total=0)

    def container(self, name=None):
        """A new container of a name that nobody else has."""
        return self.blobs.create_container(name or f"c{uuid.uuid4().hex}")

    def queue(self, name):
        """A client of a queue, which may be absent."""
        from azure.storage.queue import QueueClient

        return QueueClient.from_connection_string(self.connection_string, name, retry_total=0)

    def bodies(self, name, count=1, seconds=20):
        """The first *count* messages of a queue, base64 undone; what came when the patience ends. They stay there."""
        from azure.core.exceptions import ResourceNotFoundError

        def peeked():
            try:
                found = self.queue(name).peek_messages(max_messages=32)
            except ResourceNotFoundError:
                return []
            return [base64.b64decode(each.content).decode() for each in found]

        until(lambda: len(peeked()) >= count, seconds)
        return peeked()

    def send(self, name, text):
        """A message into a queue that is made if absent."""
        from azure.core.exceptions import ResourceExistsError

        queue = self.queue(name)
        with suppress(ResourceExistsError):
            queue.create_queue()
        return queue.send_message(base64.b64encode(text.encode()).decode())

    def admin_answer(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, answer = fetch(urllib.request.Request(self.run["admin"] + path, data, method=method))
        return status, json.loads(answer)

    def admin(self, method, path, body=None):
        status, answer = self.admin_answer(method, path, body)
        assert status == 200, answer
        return answer

    def chaos(self, **knobs):
        return self.admin("POST", "/chaos", knobs)

    def subscribe(self, name, source, endpoint, **settings):
        return self.admin("POST", "/subscriptions", {"name": name, "source": source, "endpoint": endpoint, **settings})

    def unsubscribe(self, name):
        return self.admin("DELETE", f"/subscriptions/{name}")

    def deploy(self, name, folder, *, settings=None, packages=(), **more):
        """Put an application there from its folder, as it is."""
        given = {"name": name, "folder": str(folder), "settings": settings or {}, "packages": list(map(str, packages))}
        return App(self, name, self.admin("POST", "/apps", {**given, **more}))


@dataclass
class App:
    """An application that is there."""

    azure: Azure
    name: str
    made: dict[str, Any]

    def now(self):
        """What there is of it."""
        return self.azure.admin("GET", f"/apps/{self.name}")

    def call(self, path, *, method="GET", key="", body=None, headers=None):
        """Status, headers and body of what it answers."""
        headers = {**({"x-functions-key": key} if key else {}), **(headers or {})}
        return fetch(urllib.request.Request(self.made["url"] + path, body, headers, method=method))

    def log(self):
        """What stands in its log."""
        return (self.azure.folder / "logs" / f"function-app-{self.name}.log").read_text()

    def told(self, count=1, seconds=20):
        """The first *count* values that its functions printed behind "TOLD "; what came when the patience ends."""

        def values():
            lines = [line.partition("TOLD ")[2] for line in self.log().splitlines() if "TOLD " in line]
            return [json.loads(line) for line in lines]

        until(lambda: len(values()) >= count, seconds)
        return values()

    def remove(self):
        return self.azure.admin("DELETE", f"/apps/{self.name}")


def write_app(folder, source, **host_file):
    """A bundle's folder, of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(json.dumps({**HOST_FILE, **host_file}))
    return folder


def with_node():
    """The variable that says where Node.js is."""
    return {"PATH": os.environ.get("PATH", os.defpath)}  # noqa: TID251 (the machine's own)


@contextmanager
def azure_emulator(folder, *arguments, **variables):
    """An emulated Azure that runs as long as the block does."""
    with running(folder, "--cloud", "azure", *arguments, **with_node(), **variables) as started:
        yield Azure({**started, **started["azure"]}, Path(folder))
