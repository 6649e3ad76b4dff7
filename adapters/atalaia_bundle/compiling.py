"""Compiling a bundle's modules before they are shipped: code is read-only there, so each start would compile it.

Only the target's own version of Python can do it, on whatever processor. A compiled file counts without a look at its
source (an unchecked hash), so times in the zip file do not matter. Hash seed and order are fixed: same bytes each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from atalaia.errors import AtalaiaError
from atalaia_bundle.targets import Target

_SECONDS = 900
_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def find_compiler(target: Target, given: str | None = None) -> str | None:
    """Return a Python of the target's version: *given*, this one, or one on PATH; None if there is none.

    Raises:
        AtalaiaError: The one given is of another version.
    """
    names = [given] if given is not None else [sys.executable, f"python{target.python}"]
    found = next((name for name in names if _version_of(name, target) == target.python), None)
    if given is not None and found is None:
        msg = f"{given} is no Python {target.python}, whose compiled modules differ. Name one, or leave it out."
        raise AtalaiaError(msg)
    return found


def _version_of(name: str, target: Target) -> str | None:
    python = shutil.which(name)
    if python is None:
        return None
    command = [python, "-c", _VERSION]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=60, env=_environment(target)
    )
    return done.stdout.strip() if done.returncode == 0 else None


def compile_all(folder: Path, compiler: str, target: Target) -> None:
    """Compile every module in *folder*.

    Raises:
        AtalaiaError: One is no Python of this version.
    """
    command = [compiler, "-m", "compileall", "-q", "-f", "--invalidation-mode=unchecked-hash"]
    command += ["-s", str(folder), "-p", target.cloud.where, str(folder)]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=_SECONDS, env=_environment(target)
    )
    if done.returncode:
        msg = f"not all modules could be compiled by {compiler}: {(done.stdout + done.stderr).strip()[:500]}"
        raise AtalaiaError(msg)


def _environment(target: Target) -> dict[str, str]:
    # PYENV_VERSION is for pyenv, whose python3.13 runs only if it is told so.
    fixed = {"PYTHONHASHSEED": "0", "PYENV_VERSION": target.python}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}  # noqa: TID251 - wiring
    return kept | fixed
