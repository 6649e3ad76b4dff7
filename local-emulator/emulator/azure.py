"""Azure: how its two processes are started, Azurite and all that it lacks, and what a client must know of them."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulated_azure.names import IDENTITY_HEADER, INSTRUMENTATION_KEY, RESOURCE, WORKSPACE
from emulation.loopback import PROXIES, is_loopback
from emulator.asking import ask
from emulator.faults import EmulatorError
from emulator.folder import Folder
from emulator.services import HERE, HOST, Launch, Service, bare_environment, close_all, listen_all, need

PORTS = ("blob", "queue", "secure", "insights", "functions", "admin", "console")
ACCOUNT = "devstoreaccount1"  # Azurite's own, with the key that its documentation prints
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
OLDEST_NODE = 20
AZURITE = Path("azurite/dist/src/azurite.js")
LISTENING = re.compile(r"Azurite (\w+) service is successfully listening at http://[\d.]+:(\d+)")


@dataclass(frozen=True, slots=True)
class AzureOptions:
    """What `start` was asked for.

    Attributes:
        scale: Emulated seconds per real second.
        ports: Of those of `PORTS` that are not to be any free one.
        node: The program that runs Azurite.
        modules: The folder node_modules that has Azurite.
        python: The Python that runs all else; it needs aiohttp.
        worker_python: The Python that runs functions; it needs `azure-functions-runtime`.
        variables: The caller's environment; nothing of it but PATH reaches the emulator.
    """

    scale: float
    ports: Mapping[str, int]
    node: str
    modules: Path
    python: Path
    worker_python: Path
    variables: Mapping[str, str]


def check(options: AzureOptions) -> None:
    """Refuse to start where something would be missing, or would lead outside.

    Raises:
        EmulatorError: What is wrong, and what to do.
    """
    endpoint = options.variables.get("AZURE_STORAGE_ENDPOINT", "")
    if endpoint and not is_loopback(endpoint):
        message = (
            f"AZURE_STORAGE_ENDPOINT={endpoint} is not on this machine. Unset it: the emulator answers on {HOST} only."
        )
        raise EmulatorError(message)
    _need_node(options)
    need(options.python, "aiohttp", "aiohttp", "make build/azure-emulator")
    need(options.worker_python, "azure_functions_runtime", "azure-functions-runtime", "make build/azure-worker")


def _need_node(options: AzureOptions) -> None:
    try:
        done = subprocess.run([options.node, "--version"], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 (the node that the options name)
    except OSError as error:
        message = f"{options.node}: {error.strerror}. Install Node.js {OLDEST_NODE} or newer, or name one with --node."
        raise EmulatorError(message) from error
    version = re.match(r"v(\d+)", done.stdout)
    if version is None or int(version[1]) < OLDEST_NODE:
        message = (
            f"{options.node} is {done.stdout.strip() or 'no Node.js'}. Azurite needs Node.js {OLDEST_NODE} or newer."
        )
        raise EmulatorError(message)
    if not (options.modules / AZURITE).exists():
        message = (
            f"{options.modules} has no Azurite. Install it with `make build/node`, or name another with --node-modules."
        )
        raise EmulatorError(message)


def start_azurite(folder: Folder, options: AzureOptions) -> Service:
    """Start Azurite, which chooses its ports by itself."""
    log = folder.logs / "azurite.log"
    said_before = log.stat().st_size if log.exists() else 0
    command: list[str | Path] = [
        options.node, HERE / "emulated_azure" / "storage" / "azurite.cjs", folder.mark, options.modules / AZURITE,
        *(f"--{service}Host={HOST}" for service in ("blob", "queue", "table")),
        *(f"--{service}Port=0" for service in ("blob", "queue", "table")),
        "--skipApiVersionCheck", "--silent", "--disableTelemetry", "--inMemoryPersistence",
    ]  # fmt: skip
    environment = {**bare_environment(folder.path / "tmp", options.variables.get("PATH")), **PROXIES}
    service = Service("azurite", Launch(command, environment, log).start(), log, lambda: False)

    def is_ready() -> bool:
        found = LISTENING.findall(log.read_bytes()[said_before:].decode(errors="replace"))
        service.ports.update({name.lower(): int(port) for name, port in found})
        return len(service.ports) == len(("blob", "queue", "table"))

    service.is_ready = is_ready
    return service


def start(folder: Folder, options: AzureOptions, azurite: Service) -> Service:
    """Start all that Azurite lacks, before and beside it."""
    listeners = listen_all({name: options.ports.get(name, 0) for name in PORTS})
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    arguments = [
        *(f"--listen={name}={listener.fileno()}" for name, listener in listeners.items()),
        *(f"--azurite={name}={port}" for name, port in azurite.ports.items()),
        f"--scale={options.scale!r}",
        f"--worker-python={options.worker_python}",
        f"--node={options.node}",
        f"--node-modules={options.modules}",
    ]
    command: list[str | Path] = [options.python, "-s", "-m", "emulated_azure", folder.mark, *arguments]
    environment = {
        **bare_environment(folder.path / "tmp", options.variables.get("PATH")),
        "PYTHONPATH": str(HERE),
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
        "INSTRUMENTATION_KEY": INSTRUMENTATION_KEY,
    }
    log = folder.logs / "azure.log"
    launch = Launch(command, environment, log, tuple(listeners.values()))
    try:
        return Service("azure", launch.start(), log, lambda: bool(ask(ports["admin"], "GET", "/health")), ports)
    finally:
        close_all(listeners)


def describe(folder: Folder, azurite: Service, azure: Service) -> dict[str, Any]:
    """What is to be known of it, with the environment in which Azure's clients talk to it and to nothing else."""
    at = {name: f"http://{HOST}:{port}" for name, port in {**azurite.ports, **azure.ports}.items()}
    at["secure"] = at["secure"].replace("http:", "https:")
    storage = {name: f"{at[name]}/{ACCOUNT}" for name in ("blob", "queue", "table")}
    connection = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};" + "".join(
        f"{name.title()}Endpoint={address};" for name, address in storage.items()
    )
    at["console"] += "/"
    insights = f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint={at['insights']}/"
    return {
        **at,
        **storage,
        "certificate": str(folder.path / "tmp" / "certificate.pem"),
        "workspace": WORKSPACE,
        "resource": RESOURCE,
        "variables": {
            "AZURE_STORAGE_CONNECTION_STRING": connection,
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "AZURE_STORAGE_ENDPOINT": storage["blob"],
            "AZURE_ALLOW_HTTP": "true",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": insights,
            "ATALAIA_ARM_ENDPOINT": at["secure"],
            "IDENTITY_ENDPOINT": f"{at['insights']}/msi/token",
            "IDENTITY_HEADER": IDENTITY_HEADER,
        },
    }
