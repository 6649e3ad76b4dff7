"""A free-text column's profile: how long its texts are, how many are empty, and how many contain each named pattern.

Free text is text whose single values mean nothing as categories: prompts, answers, reviews. Only counts are kept, never
a text or a word of one. Lengths are counted in characters (Unicode code points) on the baseline's own lengths, as the
values of a numeric column are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from atalaia.profile.counts import added
from atalaia.profile.numeric import NumericGrid, NumericSummary


class TextGrid(Struct, frozen=True):
    """The baseline's lengths in characters, cut into cells."""

    lengths: NumericGrid


class TextSummary(Struct, frozen=True, dict=True):
    """What is kept of a column of free text.

    Attributes:
        lengths: The lengths in characters; its `missing` and `type_errors` are those of the texts.
        blank: Texts without a character, or with white space only.
        off_pattern: Texts that the monitor's pattern does not match as a whole.
        found: By name, how many texts contain each of the monitor's patterns.
    """

    lengths: NumericSummary
    blank: int = 0
    off_pattern: int = 0
    found: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, grid: TextGrid) -> TextSummary:
        """Return the neutral element on *grid*."""
        return cls(NumericSummary.empty(grid.lengths))

    @property
    def rows(self) -> int:
        """Rows in which the column was captured, whatever they held."""
        return self.lengths.rows

    @property
    def missing(self) -> int:
        """Rows without a text."""
        return self.lengths.missing

    @property
    def type_errors(self) -> int:
        """Rows with something that is no text."""
        return self.lengths.type_errors

    @property
    def valid(self) -> int:
        """How many texts there are."""
        return self.lengths.finite

    @classmethod
    def merged(cls, parts: Sequence[TextSummary]) -> TextSummary:
        """Return all *parts* (at least one) together; they must have been counted on the same grid."""
        return cls(
            lengths=NumericSummary.merged([part.lengths for part in parts]),
            blank=sum([part.blank for part in parts]),
            off_pattern=sum([part.off_pattern for part in parts]),
            found=added([part.found for part in parts]),
        )

    def merge(self, other: TextSummary) -> TextSummary:
        """Return both together; the two must have been counted on the same grid."""
        return TextSummary.merged((self, other))
