"""From a folder to a zip file that Lambda takes: the same files give the same bytes."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from atalaia.errors import AtalaiaError

LIMIT = 262_144_000
"""Bytes that a function's code may have when it is unzipped, its layers included: AWS's 250 MB."""

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that zip files know
_MODE = 0o100644 << 16
_RUNNABLE = 0o100755 << 16  # for shared libraries, as Lambda's guide asks for
_NAMED = 5


def sizes_of(folder: Path) -> dict[str, int]:
    """Return the bytes of each package in *folder*, the largest first: by the name that stands first in its paths."""
    sizes: Counter[str] = Counter()
    for path in _files(folder):
        name = path.relative_to(folder).parts[0]
        sizes[name.removesuffix(".libs") if name.endswith(".libs") else name] += path.stat().st_size
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def demand_room(sizes: Mapping[str, int], limit: int = LIMIT) -> None:
    """Refuse what Lambda would refuse.

    Raises:
        AtalaiaError: It is too large.
    """
    total = sum(sizes.values())
    if total > limit:
        largest = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in list(sizes.items())[:_NAMED])
        msg = f"the bundle has {total:,} bytes unzipped, and Lambda takes {limit:,}. The largest in it: {largest}."
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
