"""What follows from a summary alone, found once: a baseline is compared with each window of its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Holder = TypeVar("Holder")
T = TypeVar("T")


def kept(holder: Holder, find: Callable[..., T], *given: object) -> T:
    """Return `find(holder, *given)`, found once for as long as the *holder* lives and the same objects are *given*.

    Args:
        holder: A frozen struct with a `__dict__`: what follows from it never changes. For each *find* it keeps one
            answer, the latest.
        find: A pure function of the holder, and of objects that never change either, such as its grid.
        given: These.
    """
    memory: dict[Any, tuple[tuple[object, ...], T]] = holder.__dict__.setdefault("_kept", {})
    held = memory.get(find)
    if held is None or any(one is not other for one, other in zip(held[0], given, strict=True)):
        held = memory[find] = (given, find(holder, *given))
    return held[1]
