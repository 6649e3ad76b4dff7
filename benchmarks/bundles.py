"""The functions' bundle, as it would be deployed to a function that runs on this machine."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from atalaia_bundle import CLOUDS, Target, build


def unpacked(bundle: Path | None, folder: Path, cloud: str) -> Path:
    """Return a new folder in *folder* with what is in *bundle*, or in one that is built for *cloud*."""
    if bundle is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        machine = "arm64" if os.uname().machine == "aarch64" else "x86_64"
        bundle = build(folder / "bundle.zip", Target(version, machine, CLOUDS[cloud])).file
    with zipfile.ZipFile(bundle) as package:
        package.extractall(folder / "code")
    return folder / "code"
