"""Secrets that a monitor file refers to: what they are is asked for when they are needed, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalaia.errors import JobError

if TYPE_CHECKING:
    from atalaia_web.asking import Secret


def secret_of(reference: str, env: Mapping[str, str], kept: Mapping[str, Secret]) -> str:
    """Return the secret that *reference* stands for, without white space around it.

    Args:
        reference: Its kind, a colon, and where it is: `env:NAME`, or one of the kinds of *kept*.
        env: The settings of the process.
        kept: What is asked for each other kind of reference, with what follows the colon.

    Raises:
        JobError: There is no such secret, or it is kept where this process has no access.
    """
    kind, _, where = reference.partition(":")
    if kind == "env":
        if not env.get(where, "").strip():
            msg = f"env:{where}: no such setting. Set {where} where this runs, or refer to another secret."
            raise JobError(msg)
        return env[where].strip()
    if kind not in kept:
        msg = (
            f"a secret is kept elsewhere: of the kinds of references, {' and '.join(['env', *kept])} can be read here."
        )
        raise JobError(msg)
    return kept[kind](where).strip()
