"""Virtual environments for the peers and the decoding engines, one each because their pins clash; made on demand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements"
_SECONDS = 900


class NotInstalledError(Exception):
    """An environment could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments below *root*; what is missing there is installed unless *install* is off."""

    root: Path
    install: bool

    def python(self, name: str) -> Path:
        """Return the interpreter of the environment *name*, which is made first if need be.

        Raises:
            NotInstalledError: It is not there, and must not or cannot be made.
        """
        folder = self.root / name
        python, unfinished = folder / "bin" / "python", folder / "unfinished"
        if python.exists() and not unfinished.exists():
            return python
        if not self.install:
            msg = "not installed, and nothing was to be"
            raise NotInstalledError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--requirement", str(REQUIREMENTS / f"{name}.txt")])
        unfinished.unlink()
        return python


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        msg = f"not installed: it took longer than {_SECONDS} s"
        raise NotInstalledError(msg) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        msg = f"not installed: {lines[-1][:200]}"
        raise NotInstalledError(msg)
