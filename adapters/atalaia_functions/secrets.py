"""Secrets that a monitor file refers to: what they are is asked for when they are needed, and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from atalaia.errors import JobError

Secret = Callable[[str], str]
"""Returns the secret that a reference such as `env:GITHUB_TOKEN` stands for; raises JobError if there is none."""


def secret_of(reference: str, env: Mapping[str, str], kept: Mapping[str, Secret]) -> str:
    """Return the secret that *reference* stands for.

    Args:
        reference: Its kind, a colon, and where it is: `env:NAME`, or one of the kinds of *kept*.
        env: The settings of the process.
        kept: What is asked for each other kind of reference, with what follows the colon.

    Raises:
        JobError: There is no such secret, or it is kept where this process has no access.
    """
    kind, _, where = reference.partition(":")
    if kind == "env":
        if not env.get(where):
            msg = f"env:{where}: no such setting. Set {where} where this runs, or refer to another secret."
            raise JobError(msg)
        return env[where]
    if kind not in kept:
        msg = (
            f"a secret is kept elsewhere: of the kinds of references, {' and '.join(['env', *kept])} can be read here."
        )
        raise JobError(msg)
    return kept[kind](where)
