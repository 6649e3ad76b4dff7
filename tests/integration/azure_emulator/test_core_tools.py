"""What is done with `func`, seen by a program that stands in for it: arguments, environment, webhooks, its end."""

import json
import sys

import pytest
from azure_emulators import write_app
from core_tools import hosted_by
from emulators import until

STAND_IN = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def do_GET(self):
        self.answer({{"state": "Running", "key": self.headers["x-functions-key"]}})

    def do_POST(self):
        [event] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Path(event["eventType"]).write_text(self.path)
        self.answer({{"validationResponse": event["data"].get("validationCode")}})

Path("started").write_text(json.dumps([sys.argv[1:], dict(os.environ), os.getpid()]))
HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""


def stand_in(folder, source):
    file = folder / "func"
    file.write_text(source.format(python=sys.executable))
    file.chmod(0o755)
    return file


def test_func_gets_what_an_instance_gets_and_events_and_ends(azure, tmp_path):
    folder = write_app(tmp_path / "app", "")
    with hosted_by(stand_in(tmp_path, STAND_IN), azure) as hosted:
        app = hosted.deploy("byfunc", folder, settings={"KIND": "test"}, packages=[tmp_path])
        container = azure.container()
        end = {"app": "byfunc", "function": "ingest_blob"}
        hosted.subscribe(
            "byfunc", "storage", end, subject_begins=f"/blobServices/default/containers/{container.container_name}/"
        )
        container.upload_blob("a.jsonl", b"{}")
        told = folder / "Microsoft.Storage.BlobCreated"
        assert until(told.exists)
        azure.unsubscribe("byfunc")
        arguments, environment, process = json.loads((folder / "started").read_text())

    assert arguments == ["start", "--port", app.made["url"].rpartition(":")[2], "--enableAuth"]
    assert environment["AzureWebJobsStorage"] == azure.connection_string
    assert {"APPLICATIONINSIGHTS_CONNECTION_STRING", "IDENTITY_HEADER", "ATALAIA_ARM_ENDPOINT"} < environment.keys()
    assert not [name for name in environment if name.startswith("WEBSITE_") or "PROXY" in name.upper()]
    assert (environment["KIND"], environment["PYTHONPATH"]) == ("test", str(tmp_path))
    assert told.read_text() == (
        "/runtime/webhooks/blobs?functionName=Host.Functions.ingest_blob&code=blobs_extension-of-byfunc"
    )
    assert hosted.started[0].pid == process
    assert hosted.started[0].returncode is not None
    kept = azure.blobs.get_blob_client("azure-webjobs-secrets", "byfunc/host.json").download_blob().readall()
    assert json.loads(kept)["masterKey"]["value"] == app.made["keys"]["master"]


def test_what_func_said_when_it_could_not_start_is_told(azure, tmp_path):
    func = stand_in(tmp_path, "#!{python}\nexit('Install a newer Python')")

    with hosted_by(func, azure) as hosted, pytest.raises(AssertionError, match="left with 1: Install a newer Python"):
        hosted.deploy("failing", write_app(tmp_path / "app", ""))
