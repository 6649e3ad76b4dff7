"""What a reader is told: names for unnamed rows, limits, and how to follow a reference."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from atalaia.rows import LogObject, Side

_MIB = 1 << 20

Follow = Callable[[str, int], bytes]
"""Returns the content behind a reference as the log wrote it, up to a number of bytes.

It raises `atalaia.errors.ReferenceRefusedError` for what must not, or cannot, be followed.
"""


class PayloadNames(Struct, frozen=True):
    """The names that stand for the places of rows which a log writes without names; None where they are not known.

    Attributes:
        inputs: Of the model's inputs; unknown ones become `_c0`, `_c1`…
        outputs: Of its outputs; unknown ones become `prediction`, or `prediction_0`, `prediction_1`…
        labels: Of labels; unknown ones become `label`, or `label_0`, `label_1`…
        row: Of a whole row of a plain file, in its order; by default inputs, outputs and labels one after another.
    """

    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    row: tuple[str, ...] | None = None

    def of(self, side: Side | None) -> tuple[str, ...] | None:
        """Return the known names of one side, or of a whole row for None."""
        if side is not None:
            return {Side.INPUT: self.inputs, Side.OUTPUT: self.outputs, Side.LABEL: self.labels}[side] or None
        if self.row is not None:
            return self.row or None
        return (self.inputs or ()) + (self.outputs or ()) + (self.labels or ()) or None


class ReadLimits(Struct, frozen=True):
    """How much a reader takes in before it rejects instead.

    Attributes:
        line_bytes: Of one line, or of one value of a JSON document.
        expanded_bytes: Of one compressed object after decompression.
        expansion_ratio: Of decompressed to compressed bytes, once 64 MiB have come out.
        payload_bytes: Of one decoded or decompressed payload.
        reference_bytes: Of one object that a log refers to.
        depth: Of nested JSON.
        batch_rows: Rows handed on together.
        block_bytes: Of lines that are looked at together.
        regular_bytes: From so many on, those of a block's lines that are regular are read at once. It changes how fast
            an object is read, never what is read: fewer bytes are read sooner one line after the other.
    """

    line_bytes: int = 32 * _MIB
    expanded_bytes: int = 4 * 1024 * _MIB
    expansion_ratio: int = 200
    payload_bytes: int = 32 * _MIB
    reference_bytes: int = 32 * _MIB
    depth: int = 200
    batch_rows: int = 65_536
    block_bytes: int = 8 * _MIB
    regular_bytes: int = 1 << 15


class Context(Struct, frozen=True):
    """Everything that the readers of one object share.

    Attributes:
        log: The object.
        names: Names for unnamed rows.
        limits: How much is taken in.
        follow: How to follow a reference.
        columnwise: Whether tables may be handed on as columns that are read when they are asked for.
    """

    log: LogObject
    names: PayloadNames = field(default_factory=PayloadNames)
    limits: ReadLimits = field(default_factory=ReadLimits)
    follow: Follow | None = None
    columnwise: bool = False
