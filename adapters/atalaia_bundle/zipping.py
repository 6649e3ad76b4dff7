"""From a folder to a zip file that a cloud takes: the same files give the same bytes."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from atalaia.errors import AtalaiaError
from atalaia_bundle.clouds import Cloud

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that zip files know
_MODE = 0o100644 << 16
_RUNNABLE = 0o100755 << 16  # for shared libraries, as Lambda's guide asks for
_NAMED = 5


def sizes_of(folder: Path, inside: str = "") -> dict[str, int]:
    """Return the bytes of each package, the largest first: by the name that stands first in its paths.

    Args:
        folder: The bundle's.
        inside: The folder in it that packages lie in.
    """
    sizes: Counter[str] = Counter()
    packages = folder / inside
    for path in _files(folder):
        name = path.relative_to(packages if path.is_relative_to(packages) else folder).parts[0]
        sizes[name.removesuffix(".libs") if name.endswith(".libs") else name] += path.stat().st_size
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def demand_room(sizes: Mapping[str, int], cloud: Cloud) -> None:
    """Refuse what the cloud would refuse.

    Raises:
        AtalaiaError: It is too large.
    """
    total = sum(sizes.values())
    if cloud.limit is not None and total > cloud.limit:
        largest = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in list(sizes.items())[:_NAMED])
        room = f"{total:,} bytes unzipped, and {cloud.service} takes {cloud.limit:,}"
        msg = f"the bundle has {room}. The largest in it: {largest}."
        raise AtalaiaError(msg)


def zip_folder(folder: Path, file: Path) -> None:
    """Write all files of *folder* into *file*, in the order of their names, without times and owners."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(_files(folder), key=lambda each: each.relative_to(folder).as_posix()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.external_attr = _RUNNABLE if ".so" in path.suffixes else _MODE
            entry.create_system = 3  # Unix, wherever it is made
            package.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
