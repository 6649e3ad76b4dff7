"""Starts the services, waits until they answer, keeps them until a signal or their own end; leaves nothing behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from emulator import aws, azure
from emulator.aws import AwsOptions
from emulator.azure import AzureOptions
from emulator.faults import EmulatorError, StoppedError
from emulator.folder import Folder, Lock, end_leftovers
from emulator.services import Service

START_SECONDS = 30.0
STOP_SECONDS = 5.0
TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Options:
    """What `start` was asked for; None is a cloud that it was not asked for."""

    scale: float
    aws: AwsOptions | None
    azure: AzureOptions | None

    def check(self) -> None:
        """Refuse to start where something would be missing.

        Raises:
            EmulatorError: What is wrong, and what to do.
        """
        if self.aws:
            aws.check(self.aws)
        if self.azure:
            azure.check(self.azure)


class Signals:
    """Remembers that one came; loops ask. Nothing is interrupted, so no half-started process is ever lost."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True


def supervise(folder: Folder, options: Options, signals: Signals, ready: Callable[[dict[str, Any]], None]) -> None:
    """Run the emulator in *folder* until a signal comes; *ready* hears of it once all services answer.

    Raises:
        EmulatorError: Another emulator runs there, or a service does not start, or one ended by itself.
    """
    lock = Lock(folder)
    if not _take(lock):
        message = (
            f"{folder.path}: an emulator runs there already (process {lock.holder()}). "
            f"Stop it with `python local-emulator stop --state {folder.path}`, or give another folder with --state."
        )
        raise EmulatorError(message)
    try:
        end_leftovers(folder)
        folder.prepare()
        options.check()
        _run(folder, options, signals, ready)
    finally:
        folder.clear()
        lock.release()


def _take(lock: Lock) -> bool:
    """`status` holds the lock for an instant to learn whether anyone does; that is no emulator."""
    for _ in range(10):
        if lock.take():
            return True
        time.sleep(TICK_SECONDS)
    return False


def _run(folder: Folder, options: Options, signals: Signals, ready: Callable[[dict[str, Any]], None]) -> None:
    services: list[Service] = []
    try:
        if signals.came:
            return
        _start(folder, options, signals, services)
        run = _describe(folder, options, {service.name: service for service in services})
        folder.write_run(run)
        ready(run)
        _watch(services, signals)
    except StoppedError:
        return
    finally:
        _end(services)
        end_leftovers(folder)


def _start(folder: Folder, options: Options, signals: Signals, services: list[Service]) -> None:
    """Start what is asked for; *services* knows each as soon as it is there, so that none is ever left."""
    if options.aws:
        services.append(aws.start(folder, options.aws))
    if options.azure:
        azurite = azure.start_azurite(folder, options.azure)
        services.append(azurite)
        _wait_until_it_answers(azurite, signals)
        services.append(azure.start(folder, options.azure, azurite))
    for service in services:
        _wait_until_it_answers(service, signals)


def _wait_until_it_answers(service: Service, signals: Signals) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not service.is_ready():
        if signals.came:
            raise StoppedError
        if service.process.poll() is not None:
            raise EmulatorError(_last_words(service))
        if time.monotonic() > deadline:
            message = f"{service.name} does not answer after {START_SECONDS:.0f} s. Its log: {service.log}"
            raise EmulatorError(message)
        time.sleep(TICK_SECONDS)


def _watch(services: list[Service], signals: Signals) -> None:
    while not signals.came:
        for service in services:
            if service.process.poll() is not None:
                raise EmulatorError(_last_words(service))
        time.sleep(TICK_SECONDS)


def _last_words(service: Service) -> str:
    lines = service.log.read_text(errors="replace").strip().splitlines() or ["(it said nothing)"]
    return f"{service.name} ended with {service.process.returncode}: {lines[-1]} (all of it: {service.log})"


def _end(services: list[Service]) -> None:
    """Ask, wait, insist."""
    for service in services:
        with suppress(ProcessLookupError):
            service.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for service in services:
        try:
            service.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()
        if service.process.stdin:
            service.process.stdin.close()


def _describe(folder: Folder, options: Options, services: dict[str, Service]) -> dict[str, Any]:
    clouds: dict[str, dict[str, Any]] = {}
    if options.aws:
        clouds["aws"] = aws.describe(options.aws, services["aws"])
    if options.azure:
        clouds["azure"] = azure.describe(folder, services["azurite"], services["azure"])
    return {
        "process": os.getpid(),
        "scale": options.scale,
        **clouds,
        "services": {
            name: {"process": service.process.pid, "ports": service.ports, "log": str(service.log)}
            for name, service in services.items()
        },
        "variables": {name: value for cloud in clouds.values() for name, value in cloud["variables"].items()},
    }
