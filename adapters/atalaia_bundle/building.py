"""Building a bundle, from the lock to the zip file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from atalaia_bundle.compiling import compile_all, find_compiler
from atalaia_bundle.installing import copy_monitors, copy_ours, install_wheels
from atalaia_bundle.pruning import prune
from atalaia_bundle.targets import Target
from atalaia_bundle.zipping import demand_room, sizes_of, zip_folder


class Bundle(Struct, frozen=True):
    """A bundle that was built.

    Attributes:
        compiler: The Python that compiled its modules; None if they are shipped as sources alone.
        sizes: Bytes of each package unzipped, the largest first.
        sha256: Of the file, in hexadecimal digits.
    """

    file: Path
    target: Target
    compiler: str | None
    sizes: Mapping[str, int]
    zipped: int
    sha256: str

    @property
    def unzipped(self) -> int:
        """Bytes of all its files."""
        return sum(self.sizes.values())


def build(file: Path, target: Target, monitors: Path | None = None, compiler: str | None = None) -> Bundle:
    """Build the bundle of a cloud's functions.

    Args:
        file: The zip file to be written.
        target: What it is for.
        monitors: A folder with monitor files that go into it, if they are not in a bucket or container.
        compiler: A Python of the target's version; by default one is looked for.

    Raises:
        AtalaiaError: A package is not to be had, or it is too large for the cloud.
    """
    found = find_compiler(target, compiler)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atalaia-package-") as name:
        folder = Path(name)
        if monitors is not None:
            copy_monitors(monitors, folder)
        packages = folder / target.cloud.inside
        install_wheels(target, packages)
        prune(packages)
        copy_ours(target.cloud, folder)
        if found is not None:
            compile_all(folder, found, target)
        sizes = sizes_of(folder, target.cloud.inside)
        demand_room(sizes, target.cloud)
        zip_folder(folder, file)
    with file.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return Bundle(file, target, found, sizes, file.stat().st_size, digest)
