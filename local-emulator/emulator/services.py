"""How the processes of the emulator are started: which Python, which environment, which sockets."""

import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.loopback import is_loopback
from emulator.faults import EmulatorError
from emulator.folder import Folder

HOST = "127.0.0.1"
HERE = Path(__file__).resolve().parents[1]
ACCESS_KEY = "ATALAIAEMULATOR"
ACCESS_PHRASE = "nothing-real-is-behind-this"


@dataclass(frozen=True, slots=True)
class Options:
    """What `start` was asked for.

    Attributes:
        scale: Emulated seconds per real second.
        port: The AWS endpoint's port; 0 for any free one.
        admin_port: The port of status and chaos; 0 for any free one.
        concurrency: How many sandboxes of all functions may run at once, as an account's quota.
        ministack: The Python that has MiniStack.
        sandbox_python: The Python that runs functions; it needs `awslambdaric`.
        variables: The caller's environment; nothing of it but PATH reaches the emulator.
    """

    scale: float
    port: int
    admin_port: int
    concurrency: int
    region: str
    account: str
    ministack: Path
    sandbox_python: Path
    variables: Mapping[str, str]


@dataclass(slots=True)
class Service:
    """A running process of the emulator."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ports: dict[str, int]


def check(options: Options) -> None:
    """Refuse to start where something would be missing, or would lead outside.

    Raises:
        EmulatorError: What is wrong, and what to do.
    """
    for name, value in options.variables.items():
        if name.startswith("AWS_ENDPOINT_URL") and not is_loopback(value):
            message = f"{name}={value} is not on this machine. Unset it: the emulator answers on {HOST} only."
            raise EmulatorError(message)
    _need(options.ministack, "import ministack.app", "MiniStack", "make build/ministack")
    _need(options.sandbox_python, "import awslambdaric", "awslambdaric", "make build/emulator")


def _need(python: Path, statement: str, what: str, remedy: str) -> None:
    package = statement.split()[1].partition(".")[0]
    probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    try:
        done = subprocess.run([python, "-sPc", probe], capture_output=True, check=False, timeout=30)  # noqa: S603 (our own Pythons)
    except OSError as error:
        message = f"{python}: {error.strerror}. Install {what} there with `{remedy}`, or name another Python."
        raise EmulatorError(message) from error
    if done.returncode != 0:
        message = f"{python} has no {what}. Install it with `{remedy}`, or name another Python."
        raise EmulatorError(message)


def listen(port: int) -> socket.socket:
    """A listening socket on loopback, inherited by the service so that nobody can take the port in between.

    Raises:
        EmulatorError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        message = f"port {port}: {error.strerror}. Choose another, or leave it out for a free one."
        raise EmulatorError(message) from error
    listener.listen(512)
    return listener


def start_aws(folder: Folder, options: Options) -> Service:
    """Start MiniStack with what we add to it. It ends by itself when our end of its standard input closes."""
    gateway = listen(options.port)
    try:
        admin = listen(options.admin_port)
    except EmulatorError:
        gateway.close()
        raise
    log = folder.logs / "aws.log"
    ports = {"endpoint": gateway.getsockname()[1], "admin": admin.getsockname()[1]}
    with gateway, admin, log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (the Python that the options name)
            [options.ministack, "-s", "-m", "emulated_aws", folder.mark, *_arguments(options, gateway, admin)],
            env=_environment(folder, options, ports["endpoint"]),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(gateway.fileno(), admin.fileno()),
            start_new_session=True,
        )
    return Service("aws", process, log, ports)


def _arguments(options: Options, gateway: socket.socket, admin: socket.socket) -> list[str]:
    return [
        f"--gateway-descriptor={gateway.fileno()}",
        f"--admin-descriptor={admin.fileno()}",
        f"--scale={options.scale!r}",
        f"--sandbox-python={options.sandbox_python}",
        f"--region={options.region}",
        f"--account={options.account}",
    ]


def _environment(folder: Folder, options: Options, port: int) -> dict[str, str]:
    """MiniStack's settings, and nothing of the caller's: no credential, proxy or endpoint of theirs is seen."""
    return {
        "PATH": options.variables.get("PATH", os.defpath),
        "TMPDIR": str(folder.path / "tmp"),
        "HOME": str(folder.path / "tmp"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": options.region,
        "MINISTACK_ACCOUNT_ID": options.account,
        "LAMBDA_ACCOUNT_CONCURRENCY": str(options.concurrency),
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_PHRASE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(HERE),
        "LOG_LEVEL": "INFO",
    }


def client_variables(run: Mapping[str, Any]) -> dict[str, str]:
    """The environment in which an AWS client talks to a running emulator and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": run["endpoint"],
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_PHRASE,
        "AWS_REGION": run["region"],
        "AWS_DEFAULT_REGION": run["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ALLOW_HTTP": "true",
    }
