"""AWS: how its process is started, and what a client must know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.loopback import is_loopback
from emulator.asking import ask
from emulator.faults import EmulatorError
from emulator.folder import Folder
from emulator.services import HERE, HOST, Launch, Service, bare_environment, close_all, listen_all, need

ACCESS_KEY = "ATALAIAEMULATOR"
ACCESS_PHRASE = "nothing-real-is-behind-this"


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """What `start` was asked for.

    Attributes:
        scale: Emulated seconds per real second.
        port: The endpoint's port; 0 for any free one.
        admin_port: The port of status and chaos; 0 for any free one.
        concurrency: How many sandboxes of all functions may run at once, as an account's quota.
        iam: Whether functions may do only what the policies of their roles allow.
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
    iam: bool
    ministack: Path
    sandbox_python: Path
    variables: Mapping[str, str]


def check(options: AwsOptions) -> None:
    """Refuse to start where something would be missing, or would lead outside.

    Raises:
        EmulatorError: What is wrong, and what to do.
    """
    for name, value in options.variables.items():
        if name.startswith("AWS_ENDPOINT_URL") and not is_loopback(value):
            message = f"{name}={value} is not on this machine. Unset it: the emulator answers on {HOST} only."
            raise EmulatorError(message)
    need(options.ministack, "ministack", "MiniStack", "make build/ministack")
    need(options.sandbox_python, "awslambdaric", "awslambdaric", "make build/emulator")


def start(folder: Folder, options: AwsOptions) -> Service:
    """Start MiniStack with what we add to it."""
    listeners = listen_all({"endpoint": options.port, "admin": options.admin_port})
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    arguments = [
        f"--gateway-descriptor={listeners['endpoint'].fileno()}",
        f"--admin-descriptor={listeners['admin'].fileno()}",
        f"--scale={options.scale!r}",
        f"--sandbox-python={options.sandbox_python}",
        f"--region={options.region}",
        f"--account={options.account}",
    ]
    command: list[str | Path] = [options.ministack, "-s", "-m", "emulated_aws", folder.mark, *arguments]
    log = folder.logs / "aws.log"
    launch = Launch(command, _environment(folder, options, ports["endpoint"]), log, tuple(listeners.values()))
    try:
        return Service("aws", launch.start(), log, lambda: bool(ask(ports["admin"], "GET", "/health")), ports)
    finally:
        close_all(listeners)


def _environment(folder: Folder, options: AwsOptions, port: int) -> dict[str, str]:
    """MiniStack's settings, and nothing of the caller's: no credential, proxy or endpoint of theirs is seen."""
    return {
        **bare_environment(folder.path / "tmp", options.variables.get("PATH")),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": options.region,
        "MINISTACK_ACCOUNT_ID": options.account,
        "AUTH": str(options.iam).lower(),
        "LAMBDA_ACCOUNT_CONCURRENCY": str(options.concurrency),
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_PHRASE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PYTHONPATH": str(HERE),
        "LOG_LEVEL": "INFO",
    }


def describe(options: AwsOptions, service: Service) -> dict[str, Any]:
    """What is to be known of it, with the environment in which an AWS client talks to it and to nothing else."""
    endpoint = f"http://{HOST}:{service.ports['endpoint']}"
    return {
        "endpoint": endpoint,
        "admin": f"http://{HOST}:{service.ports['admin']}",
        "region": options.region,
        "account": options.account,
        "variables": {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_PHRASE,
            "AWS_REGION": options.region,
            "AWS_DEFAULT_REGION": options.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ALLOW_HTTP": "true",
        },
    }
