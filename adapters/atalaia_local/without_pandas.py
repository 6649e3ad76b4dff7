"""Keeping Arrow from loading pandas where it is installed: that takes longer than most of what a process does here."""

from __future__ import annotations

import sys
from collections.abc import Sequence


class _WithoutPandas:
    """Pretends that pandas is not installed."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        """Refuse pandas, and leave everything else to others."""
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def keep_pandas_out() -> None:
    """Let nothing in this process load pandas from now on."""
    sys.meta_path.insert(0, _WithoutPandas())
