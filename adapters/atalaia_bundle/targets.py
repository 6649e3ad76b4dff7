"""What a bundle is built for: a version of Python on a processor, as Lambda's runtimes are."""

from __future__ import annotations

import re

from msgspec import Struct

from atalaia.errors import AtalaiaError

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC = 34  # of Amazon Linux 2023, on which Lambda runs Python 3.12 and newer
_OLDEST_GLIBC = 17
_OLDEST_ON_LAMBDA = 12

ARCHITECTURES = tuple(_MACHINES)
"""As Lambda calls them."""


class Target(Struct, frozen=True):
    """A runtime: Linux with glibc 2.34 or newer, as Lambda's are from Python 3.12 on.

    Attributes:
        python: Such as "3.13".
        architecture: One of `ARCHITECTURES`.

    Raises:
        AtalaiaError: Atalaia does not run on such a one.
    """

    python: str
    architecture: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"3\.\d\d", self.python) or self._minor < 11:
            msg = f"Python {self.python}: not a version that Atalaia runs on. Give 3.11 or newer, such as 3.13."
            raise AtalaiaError(msg)
        if self.architecture not in ARCHITECTURES:
            msg = f"{self.architecture}: no such architecture. Give one of {', '.join(ARCHITECTURES)}."
            raise AtalaiaError(msg)

    @property
    def platforms(self) -> list[str]:
        """Names of the platforms whose wheels run there, as pip calls them."""
        machine = _MACHINES[self.architecture]
        names = [f"manylinux_2_{minor}" for minor in range(_GLIBC, _OLDEST_GLIBC - 1, -1)]
        return [f"{name}_{machine}" for name in (*names, "manylinux2014")]

    @property
    def is_on_lambda(self) -> bool:
        """Whether Lambda's own runtime of this version has a new enough C library; Python 3.11's has glibc 2.26."""
        return self._minor >= _OLDEST_ON_LAMBDA

    @property
    def _minor(self) -> int:
        return int(self.python.partition(".")[2])
