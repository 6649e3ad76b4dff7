"""What a bundle is built for: a version of Python on a processor, as clouds' runtimes are."""

from __future__ import annotations

import re

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia_bundle.clouds import AWS, Cloud

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_OLDEST_GLIBC = 17

ARCHITECTURES = tuple(_MACHINES)
"""As clouds call them."""


class Target(Struct, frozen=True):
    """A runtime: Linux with a C library that is new enough.

    Attributes:
        python: Such as "3.13".
        architecture: One of `ARCHITECTURES`.
        cloud: Who runs it.

    Raises:
        AtalaiaError: Atalaia does not run on such a one.
    """

    python: str
    architecture: str
    cloud: Cloud = AWS

    def __post_init__(self) -> None:
        if not re.fullmatch(r"3\.\d\d", self.python) or self._minor < 11:
            msg = f"Python {self.python}: not a version that Atalaia runs on. Give 3.11 or newer, such as 3.13."
            raise AtalaiaError(msg)
        if self.architecture not in ARCHITECTURES:
            msg = f"{self.architecture}: no such architecture. Give one of {', '.join(ARCHITECTURES)}."
            raise AtalaiaError(msg)
        if self.architecture not in self.cloud.architectures:
            has = ", ".join(self.cloud.architectures)
            msg = f"{self.architecture}: {self.cloud.service} has no such processor. Give {has}."
            raise AtalaiaError(msg)

    @property
    def platforms(self) -> list[str]:
        """Names of the platforms whose wheels run there, as pip calls them."""
        machine = _MACHINES[self.architecture]
        names = [f"manylinux_2_{minor}" for minor in range(self.cloud.glibc, _OLDEST_GLIBC - 1, -1)]
        return [f"{name}_{machine}" for name in (*names, "manylinux2014")]

    @property
    def is_there(self) -> bool:
        """Whether the cloud runs this version with a new enough C library; Lambda's Python 3.11 has glibc 2.26."""
        return self.cloud.oldest <= self._minor <= self.cloud.newest

    @property
    def _minor(self) -> int:
        return int(self.python.partition(".")[2])
