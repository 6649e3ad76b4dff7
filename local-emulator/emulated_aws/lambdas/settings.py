"""What one version of a function is, as far as running it goes, and how one invocation ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SYNCHRONOUS_LIMIT = 6 * 1024 * 1024  # request, and response plus 100 bytes: "Invocation payload" in Lambda's quotas
ASYNCHRONOUS_LIMIT = 1024 * 1024
RESPONSE_LIMIT = SYNCHRONOUS_LIMIT + 100
INIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """A function as its sandboxes see it; equal settings share sandboxes.

    Attributes:
        arn: With the qualifier that it was called by.
        role: The ARN of its role, which it acts as.
        folder: Its code, unpacked: `/var/task`.
        memory_mb: The limit, in MiB.
        variables: What its configuration says under Environment.
        log_format: "Text" or "JSON".
    """

    name: str
    arn: str
    version: str
    account: str
    region: str
    role: str
    handler: str
    folder: Path
    timeout_seconds: float
    memory_mb: int
    variables: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str
    log_level: str
    initialization: str = "on-demand"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one invocation ended.

    Attributes:
        payload: What the function returned, or the error, as JSON.
        failed: Whether the payload is an error.
        tail: The invocation's log, for LogResult and for people.
        init_ms: How long the cold start took; None for a warm one.
    """

    payload: bytes
    failed: bool
    tail: str
    duration_ms: float
    peak_mb: int
    init_ms: float | None = field(default=None)


def error_payload(kind: str, message: str) -> bytes:
    """An error that the platform, not the function, answers with."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def settings_of(config: Mapping[str, Any], folder: Path) -> FunctionSettings:
    """The settings in a function's configuration, as the Lambda API keeps it."""
    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    logging = config.get("LoggingConfig") or {}
    variables = (config.get("Environment") or {}).get("Variables") or {}
    return FunctionSettings(
        name=config["FunctionName"],
        arn=config["FunctionArn"],
        version=config.get("Version") or "$LATEST",
        account=account,
        region=region,
        role=config.get("Role") or "",
        handler=config["Handler"],
        folder=folder,
        timeout_seconds=float(config.get("Timeout") or 3),
        memory_mb=int(config.get("MemorySize") or 128),
        variables=tuple(sorted(variables.items())),
        log_group=logging.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}",
        log_format=logging.get("LogFormat") or "Text",
        log_level=logging.get("ApplicationLogLevel") or "",
    )
