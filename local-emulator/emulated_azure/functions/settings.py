"""What an application is: its folder, its settings, its host.json, and why it may not be deployed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulated_azure.functions.timespans import seconds_of
from emulation.loopback import PROXIES, is_loopback

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]")
WORKER_TELEMETRY = ("PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY", "PYTHON_ENABLE_OPENTELEMETRY")
OVERRIDE = "AzureFunctionsJobHost__"
DEFAULT_MEMORY_MB = 2048
MOST_SECONDS = 30 * 60.0
URL = re.compile(r"https?://[^\s;,]+")
LONGEST_HOST_ID = 32


@dataclass(frozen=True, slots=True)
class App:
    """As the admin port is given it.

    Attributes:
        folder: The bundle: `function_app.py`, `host.json`, `.python_packages`.
        settings: Its environment, beside what Azure gives.
        packages: Folders where it finds more packages, for what is no bundle with all it needs.
        memory_mb: The limit of each instance, in MiB, resident.
        instances: Most of each scale group.
    """

    name: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    memory_mb: int = DEFAULT_MEMORY_MB
    instances: int = 4

    @property
    def host_id(self) -> str:
        """Names its internal queue and its timers' status."""
        return self.settings.get("AzureFunctionsWebHost__hostid") or self.name.lower()[:LONGEST_HOST_ID]


def app_of(request: Mapping[str, Any]) -> App:
    """Read a request to deploy.

    Raises:
        ValueError: A field is wrong, or a setting would lead out of this machine.
    """
    app = App(
        name=str(request["name"]),
        folder=Path(request["folder"]),
        settings={str(name): str(value) for name, value in (request.get("settings") or {}).items()},
        packages=tuple(map(str, request.get("packages") or ())),
        memory_mb=int(request.get("memory_mb", DEFAULT_MEMORY_MB)),
        instances=int(request.get("instances", 4)),
    )
    if fault := _fault(app):
        raise ValueError(fault)
    return app


def _fault(app: App) -> str:
    if not NAME.fullmatch(app.name):
        return f"{app.name!r} is no name: 2 to 60 letters, digits and hyphens"
    for needed in ("host.json", app.settings.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")):
        if not (app.folder / needed).is_file():
            return f"{app.folder} has no {needed}"
    if app.memory_mb <= 0 or app.instances <= 0:
        return "memory_mb and instances are above 0"
    return next(filter(None, (_fault_of_setting(name, value) for name, value in app.settings.items())), "")


def _fault_of_setting(name: str, value: str) -> str:
    if name.upper() in PROXIES:
        return f"{name} would lead out of this machine. Leave it out."
    outside = [url for url in URL.findall(value) if not is_loopback(url)]
    if outside and re.search(r"endpoint|connection|storage", name, re.IGNORECASE):
        return f"{name}: {outside[0]} is not on this machine. Leave it out: the emulator gives what is its own."
    return ""


@dataclass(frozen=True, slots=True)
class Queues:
    """How queues are listened to: extensions.queues in host.json, with its defaults."""

    batch: int = 16
    threshold: int = 8
    most_dequeues: int = 5
    visibility_seconds: float = 0.0
    longest_poll_seconds: float = 60.0
    encoded: bool = True


@dataclass(frozen=True, slots=True)
class HostFile:
    """What host.json says, as far as this host heeds it.

    Attributes:
        timeout_seconds: Of an invocation; None for none.
        prefix: Of HTTP routes.
        blobs: How the internal queue of blob triggers is listened to.
        levels: Least level of what reaches Application Insights, by category.
    """

    timeout_seconds: float | None
    prefix: str
    queues: Queues
    blobs: Queues
    levels: Mapping[str, str]


def host_file(app: App) -> HostFile:
    """Read the application's host.json, with the settings that stand above it.

    Raises:
        ValueError: It is no JSON object of version 2.0, or a value is wrong.
    """
    content = json.loads((app.folder / "host.json").read_text())
    if not isinstance(content, dict) or content.get("version") != "2.0":
        message = 'host.json: "version" is not "2.0"'
        raise ValueError(message)
    for name, value in app.settings.items():
        if name.startswith(OVERRIDE):
            _override(content, name.removeprefix(OVERRIDE).split("__"), value)
    extensions = content.get("extensions") or {}
    limit = str(content.get("functionTimeout") or "00:30:00")
    return HostFile(
        timeout_seconds=None if limit == "-1" else seconds_of(limit),
        prefix=(extensions.get("http") or {}).get("routePrefix", "api").strip("/"),
        queues=_queues(extensions.get("queues") or {}),
        blobs=_blobs(extensions.get("blobs") or {}),
        levels=_levels(content, app.settings),
    )


def _levels(content: Mapping[str, Any], settings: Mapping[str, str]) -> Mapping[str, str]:
    """With OpenTelemetry on both sides, the host leaves it to the worker to send what functions log."""
    levels = (content.get("logging") or {}).get("logLevel") or {}
    host = str(content.get("telemetryMode", "")).lower() == "opentelemetry"
    if not host or not any(settings.get(name, "").lower() in ("1", "true") for name in WORKER_TELEMETRY):
        return levels
    return {name: level for name, level in levels.items() if not name.startswith("Function")} | {"Function": "None"}


def _override(content: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        content = content.setdefault(part, {})
    content[path[-1]] = value


def _queues(given: Mapping[str, Any]) -> Queues:
    batch = int(given.get("batchSize", 16))
    return Queues(
        batch=batch,
        threshold=int(given.get("newBatchThreshold", batch // 2)),
        most_dequeues=int(given.get("maxDequeueCount", 5)),
        visibility_seconds=seconds_of(given.get("visibilityTimeout", "00:00:00")),
        longest_poll_seconds=seconds_of(given.get("maxPollingInterval", "00:01:00")),
        encoded=given.get("messageEncoding", "base64").lower() == "base64",
    )


def _blobs(given: Mapping[str, Any]) -> Queues:
    """So many blobs at once; the host's own queue of them is listened to as any other."""
    parallel = int(given.get("maxDegreeOfParallelism", 8))
    return Queues(
        batch=max(1, parallel - parallel // 2),
        threshold=parallel // 2,
        most_dequeues=int(given.get("poisonBlobThreshold", 5)),
        longest_poll_seconds=10.0,
    )
