"""The list of what could not be used of an object in one window: reason, byte range, rows; never values."""

from __future__ import annotations

from collections import Counter

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.rows import Reject

MOST_REJECTS = 10_000
"""So many pieces are listed for each object and window; what is over is counted in the list's last line."""

_LINE_END = 2  # bytes between two neighbouring lines


class Rejects(Struct):
    """The pieces, the rows they held by reason, and how many rows are in pieces that were not listed any more."""

    listed: list[Reject] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    omitted: int = 0

    def add(self, piece: Reject) -> None:
        """Count *piece*, and list it; neighbours with the same reason become one entry."""
        self.rows[piece.reason] += piece.rows
        last = self.listed[-1] if self.listed else None
        if last is not None and last.reason == piece.reason and 0 <= piece.start - last.end <= _LINE_END:
            self.listed[-1] = replace(last, end=piece.end, rows=last.rows + piece.rows)
        elif len(self.listed) < MOST_REJECTS:
            self.listed.append(piece)
        else:
            self.omitted += piece.rows

    def take(self, other: Rejects) -> None:
        """Add another list to this one."""
        room = MOST_REJECTS - len(self.listed)
        self.rows += other.rows
        self.omitted += other.omitted + sum(piece.rows for piece in other.listed[room:])
        self.listed = [*self.listed, *other.listed[:room]]

    def to_bytes(self) -> bytes:
        """Return what is stored: a line of JSON for each piece."""
        listed = [{"reason": r.reason, "start": r.start, "end": r.end, "rows": r.rows} for r in self.listed]
        lines = [*listed, {"omitted_rows": self.omitted}] if self.omitted else listed
        return b"".join(msgspec.json.encode(line, order="deterministic") + b"\n" for line in lines)
