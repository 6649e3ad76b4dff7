"""An application in Microsoft's own host, beside the emulated Azure: `func` of Azure Functions Core Tools.

Nobody who wrote this had `func`: what is done follows its public source and its host's. It runs the folder that it is
started in, takes settings from its environment, and with `--enableAuth` asks for keys, which the host keeps in a blob.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from azure.core.exceptions import ResourceExistsError
from azure_emulators import App, Azure, write_app
from emulators import fetch, until
from servers import free_port

MACHINE = {name: os.environ.get(name, "") for name in ("PATH", "HOME")}  # noqa: TID251 - the machine's own
FUNC = os.environ.get("ATALAIA_FUNC") or shutil.which("func")  # noqa: TID251 - wiring
ABSENT = "there are no Azure Functions Core Tools here: neither `func` on PATH nor ATALAIA_FUNC"
START_SECONDS = 300  # when it starts for the first time, it downloads the extension bundle
END_SECONDS = 30
# Of what the emulated host gives an instance, what an application needs; the rest says that it runs on Azure.
GIVEN = (
    "APPLICATIONINSIGHTS_", "ATALAIA_", "AZURE_ALLOW_HTTP", "AZURE_STORAGE_", "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME", "IDENTITY_", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
)  # fmt: skip
PROBE = """
import json, os
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="environment")
def environment(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(dict(os.environ)))
"""


@dataclass
class HostedByFunc(Azure):
    """The emulated Azure, but for the host of its applications."""

    func: str = ""
    started: list = field(default_factory=list)

    def deploy(self, name, folder, *, settings=None, packages=(), **_):
        """The same as Azure's; memory and the number of instances are not `func`'s to limit."""
        keys = {each: f"{each}-of-{name}" for each in ("master", "default", "blobs_extension", "eventgrid_extension")}
        port = free_port()
        app = App(self, name, {"url": f"http://127.0.0.1:{port}", "keys": keys})
        self._keep(name, keys)
        environment = self._environment(name, packages) | (settings or {})
        with (self.folder / "logs" / f"function-app-{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.func, "start", "--port", str(port), "--enableAuth"], cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        until(lambda: process.poll() is not None or is_ready(app), START_SECONDS)
        assert process.poll() is None, f"func left with {process.returncode}: {app.log()[-5000:]}"
        assert is_ready(app), app.log()[-5000:]
        return app

    def subscribe(self, name, source, endpoint, **settings):
        """The same as Azure's; what is for a function goes to its webhook."""
        if function := endpoint.get("function"):
            blobs = function == "ingest_blob"
            kind, path = ("blobs", "Host.Functions.") if blobs else ("eventgrid", "")
            code = f"{kind}_extension-of-{endpoint['app']}"
            url = next(f"http://127.0.0.1:{process.args[3]}" for process in self.started)
            endpoint = f"{url}/runtime/webhooks/{kind}?functionName={path}{function}&code={code}"
        return super().subscribe(name, source, endpoint, **settings)

    def end(self):
        """Ctrl-C, as a person would; what stays is killed."""
        for process in self.started:
            for signal_sent in (signal.SIGINT, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal_sent)
                until(lambda process=process: process.poll() is not None, END_SECONDS)

    def _keep(self, name, keys):
        """Put the keys to where the host looks for them, so that they are known."""
        kept = {each: {"name": each, "value": value, "encrypted": False} for each, value in keys.items()}
        master, default, *systems = kept.values()
        secrets = {"masterKey": master, "functionKeys": [default], "systemKeys": systems}
        container = self.blobs.get_container_client("azure-webjobs-secrets")
        with suppress(ResourceExistsError):
            container.create_container()
        container.upload_blob(f"{name}/host.json", json.dumps(secrets), overwrite=True)

    def _environment(self, name, packages):
        probe = super().deploy(f"{name}-probe", write_app(self.folder / f"{name}-probe", PROBE))
        _, told = probe.call("/api/environment")
        probe.remove()
        return {
            **MACHINE,
            **{key: value for key, value in json.loads(told).items() if key.startswith(GIVEN)},
            "AzureFunctionsWebHost__hostid": name,
            "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT": "1",
            "languageWorkers:python:defaultExecutablePath": sys.executable,
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
        }


def is_ready(app):
    with suppress(urllib.error.URLError, ValueError):
        headers = {"x-functions-key": app.made["keys"]["master"]}
        status, told = fetch(urllib.request.Request(f"{app.made['url']}/admin/host/status", headers=headers))
        return status == 200 and json.loads(told).get("state") == "Running"
    return False


@contextmanager
def hosted_by(func, azure):
    """The same emulated Azure with `func` for its host; what was started ends with the block."""
    hosted = HostedByFunc(azure.run, azure.folder, func)
    try:
        yield hosted
    finally:
        hosted.end()
