"""The environment of a sandbox: Lambda's variables, the emulator's, the function's own. No more."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulated_aws.lambdas.settings import FunctionSettings
from emulation.loopback import PROXIES, is_loopback

RESERVED = (
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Platform:
    """What all sandboxes share.

    Attributes:
        python: Runs them; has awslambdaric.
        mark: The argument by which a left sandbox is found.
        logs: A folder; one file per function.
        code: A folder; unpacked functions.
        scratch: A folder; temporary files of sandboxes, as Lambda's /tmp.
        credentials: Variables with the emulator's endpoint and credential.
        lend: From a role and a function, variables with a credential of the role; empty where all may do all.
    """

    python: Path
    mark: str
    logs: Path
    code: Path
    scratch: Path
    credentials: Mapping[str, str]
    lend: Callable[[str, str], Mapping[str, str]]


def faults_of_variables(variables: Mapping[str, str]) -> str | None:
    """Why a function may not be given *variables*, None if it may: reserved ones as on AWS, and any way out."""
    for name, value in variables.items():
        if name in RESERVED:
            return (
                "Lambda was unable to configure your environment variables because the environment variables you have "
                "provided contains reserved keys that are currently not supported for modification. "
                f"Reserved keys: {name}"
            )
        if name.startswith("AWS_ENDPOINT_URL") and not is_loopback(value):
            return f"{name}={value} is not the emulator's. Leave it out: the emulator sets AWS_ENDPOINT_URL itself."
        if name.upper() in PROXIES:
            return f"{name} would lead out of this machine. Leave it out."
    return None


@dataclass(frozen=True, slots=True)
class Lodging:
    """What one sandbox has for itself.

    Attributes:
        port: Of its Runtime API.
        stream: Its log stream.
        scratch: The folder of its temporary files.
    """

    port: int
    stream: str
    scratch: Path


def sandbox_environment(function: FunctionSettings, platform: Platform, lodging: Lodging) -> dict[str, str]:
    """All variables of a sandbox."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(lodging.scratch),
        **PROXIES,
        **dict(function.variables),
        **platform.credentials,
        **platform.lend(function.role, function.name),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{lodging.port}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": function.initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": lodging.stream,
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        **({"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.log_level else {}),
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": function.handler,
    }
