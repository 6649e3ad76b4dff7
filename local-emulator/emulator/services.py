"""What a process of the emulator is: which Python it needs, which sockets it gets, how it tells that it is ready."""

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emulator.faults import EmulatorError

HOST = "127.0.0.1"
HERE = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Service:
    """A running process of the emulator.

    Attributes:
        ports: By what each is for; those that a process chose by itself stand here once it is ready.
        is_ready: Asked again and again until it is.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    is_ready: Callable[[], bool]
    ports: dict[str, int] = field(default_factory=dict)


def need(python: Path, package: str, what: str, remedy: str) -> None:
    """Refuse to start where *python* has no *package*.

    Raises:
        EmulatorError: What is missing, and what to do.
    """
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


@dataclass(frozen=True, slots=True)
class Launch:
    """How one process is started.

    Attributes:
        command: The program and its arguments; one of them is the folder's mark.
        environment: All that it sees; nothing of the caller's but what stands here.
        listeners: Sockets it inherits.
    """

    command: Sequence[str | Path]
    environment: dict[str, str]
    log: Path
    listeners: Sequence[socket.socket] = ()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, in a group of its own. It ends by itself when our end of its standard input closes."""
        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 (programs that the options name)
                self.command,
                env=self.environment,
                cwd=self.environment["TMPDIR"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno() for listener in self.listeners],
                start_new_session=True,
            )


def listen_all(ports: dict[str, int]) -> dict[str, socket.socket]:
    """A listening socket for each port; none if one is taken.

    Raises:
        EmulatorError: One is taken.
    """
    listeners: dict[str, socket.socket] = {}
    try:
        for name, port in ports.items():
            listeners[name] = listen(port)
    except EmulatorError:
        close_all(listeners)
        raise
    return listeners


def close_all(listeners: dict[str, socket.socket]) -> None:
    """Close our ends."""
    for listener in listeners.values():
        listener.close()


def bare_environment(scratch: Path, path: str | None) -> dict[str, str]:
    """What every service sees."""
    return {"PATH": path or os.defpath, "TMPDIR": str(scratch), "HOME": str(scratch), "PYTHONUNBUFFERED": "1"}
