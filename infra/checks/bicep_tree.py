"""A file of Bicep as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Node:
    """A part of an expression or of a type.

    Kinds, with value and parts: `literal` value; `text` of parts; `name` value; `get` value of a part, `maybe` if it
    says `.?`; `index` of a part by a part; `nested` value of a part; `call` value with parts; `unary` and `binary`
    value of parts; `choice` of three parts; `array` of parts; `object` of `property` parts (value is the key, or a
    part before the other is); `spread` of a part; `for` value (names) over a part, of a part; `if` a part, a part;
    `lambda` value (names) of a part; `resource` value (a declaration). In types: `name`, `literal`, `array`, `object`,
    `any of` parts, `optional` part.
    """

    kind: str
    place: int
    value: Any = None
    parts: tuple[Node, ...] = ()
    maybe: bool = False

    def walk(self) -> Iterator[Node]:
        """Yield this part and all in it."""
        yield self
        for part in self.parts:
            yield from part.walk()
        if self.kind == "resource":
            yield from self.value.value.walk()

    def property(self, name: str) -> Node | None:
        """Return what an object sets a property to."""
        inner = self.parts[-1] if self.kind in ("for", "if") else self
        if inner is not self:
            return inner.property(name)
        return next((each.parts[-1] for each in self.parts if (each.kind, each.value) == ("property", name)), None)


@dataclass(frozen=True)
class Declaration:
    """`param`, `var`, `resource`, `module`, `output`, `type`, `targetScope` or `using`, with what is said of it."""

    kind: str
    name: str
    place: int
    value: Node | None = None
    type: Node | None = None
    spec: str = ""
    existing: bool = False
    said: tuple[Node, ...] = ()

    def decorator(self, name: str) -> Node | None:
        """Return what is given to a decorator."""
        return next((each.parts[0] if each.parts else each for each in self.said if each.value == name), None)


@dataclass(frozen=True)
class Source:
    """One file."""

    path: Path
    text: str
    declarations: tuple[Declaration, ...]

    def of(self, *kinds: str) -> dict[str, Declaration]:
        """Return declarations by name."""
        return {each.name: each for each in self.declarations if each.kind in kinds}

    def where(self, place: int) -> str:
        """Return a place in words."""
        before = self.text[:place]
        return f"{self.path}:{before.count(chr(10)) + 1}:{place - (before.rfind(chr(10)) + 1) + 1}"
