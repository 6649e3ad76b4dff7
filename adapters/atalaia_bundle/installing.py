"""Putting into a folder what a bundle consists of: locked wheels of the target platform, our packages, the handlers."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from atalaia.errors import AtalaiaError
from atalaia_bundle.clouds import Cloud
from atalaia_bundle.targets import Target

_LOCKS = {"aws": "functions.txt", "azure": "azure-functions.txt"}
_ONLY_FOR = re.compile(r' ; python_version (<|>=) "3\.(\d+)"')
_PIP_SECONDS = 1800
_SHIPPED = Path(__file__).parent / "shipped"  # in a wheel; in the tree both lie where people look for them
_TREE = Path(__file__).parents[2]
_COMPILED = shutil.ignore_patterns("__pycache__")


def install_wheels(target: Target, folder: Path) -> None:
    """Install what the cloud's lock pins, by hash, as wheels for *target*; nothing of it is run.

    Raises:
        AtalaiaError: pip failed, such as for a wheel that is not to be had.
    """
    name = _LOCKS[target.cloud.name]
    lock = requirements_for(target, _one_of(_SHIPPED / name, _TREE / "requirements" / name).read_text())
    with TemporaryDirectory() as place:
        pinned = Path(place, name)
        pinned.write_text(lock)
        _install(target, folder, pinned)


def _install(target: Target, folder: Path, pinned: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--requirement", str(pinned), "--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={target.python}", "--no-compile", f"--target={folder}"]
    command += [f"--platform={platform}" for platform in target.platforms]
    command += ["--ignore-requires-python"]  # pip would ask the Python that it runs on; the lock is for the target's
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PIP_SECONDS)  # noqa: S603
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        msg = (
            f"pip could not install the packages for Python {target.python} on {target.architecture}: {'; '.join(said)}"
        )
        raise AtalaiaError(msg)


def requirements_for(target: Target, lock: str) -> str:
    """Return what a lock pins for *target*'s Python; pip itself would choose by the Python that it runs on."""
    minor = int(target.python.partition(".")[2])
    pinned = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    return "".join(_ONLY_FOR.sub("", each, count=1) for each in pinned if _holds(each, minor))


def _holds(pinned: str, minor: int) -> bool:
    found = _ONLY_FOR.search(pinned)
    return found is None or (minor < int(found[2])) == (found[1] == "<")


def copy_ours(cloud: Cloud, folder: Path) -> None:
    """Copy our packages and the cloud's handlers to where it looks for them."""
    for name in cloud.packages:
        shutil.copytree(_folder_of(name), folder / cloud.inside / name, ignore=_COMPILED)
    handlers = _one_of(_SHIPPED / cloud.name, _TREE / "functions" / cloud.name)
    shutil.copytree(handlers, folder, ignore=_COMPILED, dirs_exist_ok=True)


def copy_monitors(monitors: Path, folder: Path) -> None:
    """Copy the monitor files of a folder to where the functions look for them.

    Raises:
        AtalaiaError: There are none.
    """
    files = sorted(path for path in monitors.glob("*") if path.suffix in {".yaml", ".yml"})
    if not files:
        msg = f"{monitors}: no monitor files (.yaml) there. Give the folder that has them."
        raise AtalaiaError(msg)
    (folder / "monitors").mkdir()
    for file in files:
        shutil.copy(file, folder / "monitors")


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        msg = f"{package} is not installed, so no bundle can be made. Install Atalaia as a whole."
        raise AtalaiaError(msg)
    return Path(spec.origin).parent


def _one_of(shipped: Path, in_tree: Path) -> Path:
    return shipped if shipped.exists() else in_tree
