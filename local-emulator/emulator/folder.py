"""The one folder an emulator keeps everything in: a lock, `run.json`, logs, function code, temporary files.

The lock is held by the running emulator and freed by the kernel however it ends, so it tells truly whether one runs.
Every process an emulator starts names the folder in its command line; what a killed emulator left is found by that.
"""

import fcntl
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.faults import EmulatorError

MARK = "--emulator-folder="
PATIENCE_SECONDS = 5.0
PASSING = ("tmp", "functions")


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths inside one emulator's folder."""

    path: Path

    @property
    def run_file(self) -> Path:
        """What runs, as JSON; there only while the emulator is ready."""
        return self.path / "run.json"

    @property
    def logs(self) -> Path:
        """One file per service."""
        return self.path / "logs"

    @property
    def mark(self) -> str:
        """The argument that every process of this emulator carries."""
        return MARK + str(self.path)

    def prepare(self) -> None:
        """Make the folder; drop what an earlier run left but its logs."""
        self.clear()
        for name in ("logs", *PASSING):
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Drop what is of use only while an emulator runs."""
        self.run_file.unlink(missing_ok=True)
        for name in PASSING:
            shutil.rmtree(self.path / name, ignore_errors=True)

    def write_run(self, run: dict[str, Any]) -> None:
        """Publish *run* at once and whole."""
        draft = self.run_file.with_suffix(".draft")
        draft.write_text(json.dumps(run, indent=1))
        draft.replace(self.run_file)

    def read_run(self) -> dict[str, Any] | None:
        """What runs, or None while nothing is ready."""
        try:
            run: dict[str, Any] = json.loads(self.run_file.read_text())
        except FileNotFoundError:
            return None
        return run


def open_folder(path: Path) -> Folder:
    """The folder at *path*, made if absent.

    Raises:
        EmulatorError: The path is no folder, or cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{path}: cannot be made ({error.strerror}). Name a folder you may write with --state."
        raise EmulatorError(message) from error
    return Folder(path.resolve())


class Lock:
    """Says that an emulator runs in a folder; the kernel frees it when its holder ends, however it ends."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.path / "lock"
        self._descriptor = -1

    def take(self) -> bool:
        """Take the lock and write our process id into it; False if another process holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return True

    def holder(self) -> int:
        """The holder's process id, 0 while it is not known: a number left by a dead holder may be another's by now."""
        try:
            process = int(self._path.read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0
        words = b" ".join(_arguments(Path("/proc") / str(process)))
        return process if b"local-emulator" in words else 0

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_alive(process: int) -> bool:
    """Whether there is such a process; one that ended and waits for its parent is none."""
    return any(_arguments(Path("/proc") / str(process)))


def leftovers(folder: Folder) -> list[int]:
    """Process ids, other than ours, whose command line carries the folder's mark."""
    mark = folder.mark.encode()
    entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [int(entry.name) for entry in entries if int(entry.name) != os.getpid() and mark in _arguments(entry)]


def _arguments(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it ended while we looked
        return []


def end_leftovers(folder: Folder) -> int:
    """End, with their process groups, the processes that carry the folder's mark; the number of them.

    Raises:
        EmulatorError: One does not end.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    ended: set[int] = set()
    while found := leftovers(folder):
        if time.monotonic() > deadline:
            message = f"process {found[0]} of an earlier emulator does not end. End it by hand: kill -9 {found[0]}"
            raise EmulatorError(message)
        for process in found:
            _end_group(process)
            ended.add(process)
        time.sleep(0.02)
    return len(ended)


def _end_group(process: int) -> None:
    """Every such process leads a group of its own, so that what it started ends with it."""
    try:
        if os.getpgid(process) == process:
            os.killpg(process, signal.SIGKILL)
        else:
            os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
