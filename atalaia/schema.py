"""The columns that a model's logs have, as the monitor file declares them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class Side(StrEnum):
    """The part of an inference that a logged row carries."""

    INPUT = "input"
    OUTPUT = "output"
    LABEL = "label"


ALL_SIDES = frozenset(Side)


class Type(StrEnum):
    """What a column's values are."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRING = "string"
    TIME = "time"


class Role(StrEnum):
    """What a column is for."""

    FEATURE = "feature"
    PREDICTION = "prediction"
    SCORE = "score"
    LABEL = "label"
    ID = "id"
    TIME = "time"
    SEGMENT = "segment"
    SENSITIVE = "sensitive"
    VERSION = "version"
    IGNORED = "ignored"


class Kind(StrEnum):
    """How a column's distribution is summarised and compared."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"


_SIDES = {Role.PREDICTION: Side.OUTPUT, Role.SCORE: Side.OUTPUT, Role.LABEL: Side.LABEL}


SEGMENTS = 10
"""So many values of a segment column are told apart, unless the monitor file says how many."""

MOST_SEGMENTS = 200
"""And so many at most: each costs a profile and a report as much again as all rows do."""


class Column(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column.

    Attributes:
        name: As the logs name it; for logs without names, its place in the list counts.
        type: What its values are.
        role: What it is for; `version` tells which version of the model answered.
        kind: How it is compared; by default booleans and strings are categorical and all else is numeric. `text` is for
            strings that are free text: their lengths are compared, and only counts are kept.
        nullable: Whether missing values are expected; if not, one missing value is a violation.
        range: Smallest and largest allowed number, both included; null for no limit.
        set: The allowed values.
        pattern: A regular expression that every value must match as a whole.
        patterns: For free text: regular expressions by name; how many texts contain each is counted.
        segments: For a segment: so many of its values are told apart at most, the baseline's commonest; 10 if it is not
            given, 200 at most. All other rows are one segment together.
    """

    name: str
    type: Type = Type.NUMBER
    role: Role = Role.FEATURE
    kind: Kind | None = None
    nullable: bool = True
    range: tuple[float | None, float | None] | None = None
    set: tuple[str | float | bool, ...] | None = None
    pattern: str | None = None
    patterns: dict[str, str] | None = None
    segments: int | None = None

    @property
    def side(self) -> Side:
        """The part of an inference that the column belongs to."""
        return _SIDES.get(self.role, Side.INPUT)

    @property
    def effective_kind(self) -> Kind:
        """The declared kind, or the one that follows from the type."""
        if self.kind is not None:
            return self.kind
        return Kind.CATEGORICAL if self.type in (Type.BOOLEAN, Type.STRING) else Kind.NUMERIC

    @property
    def most_segments(self) -> int:
        """How many of a segment's values are told apart at most."""
        return SEGMENTS if self.segments is None else self.segments


def profiled(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns whose values are summarised: all but ids, times and ignored ones."""
    return tuple(c for c in columns if c.role not in (Role.ID, Role.TIME, Role.IGNORED))


def label_of(columns: Sequence[Column]) -> dict[str, str]:
    """Return the label that tells of each prediction whether it was right.

    A single label tells it of all predictions; as many labels as predictions do in their order, and otherwise none
    does. Numbers are held against numbers, and categories against categories, booleans only against booleans.
    """
    predictions, labels = ([c for c in columns if c.role is role] for role in (Role.PREDICTION, Role.LABEL))
    labels = labels * len(predictions) if len(labels) == 1 else labels
    pairs = zip(predictions, labels, strict=True) if len(labels) == len(predictions) else ()
    return {prediction.name: label.name for prediction, label in pairs if _comparable(prediction, label)}


def _comparable(prediction: Column, label: Column) -> bool:
    kinds = {prediction.effective_kind, label.effective_kind}
    booleans = {prediction.type is Type.BOOLEAN, label.type is Type.BOOLEAN}
    return kinds == {Kind.NUMERIC} or (kinds == {Kind.CATEGORICAL} and len(booleans) == 1)


MOST_TOGETHER = 100
"""So many columns at most are looked at together: time and space grow with their square (63 KB a profile for 100)."""


def relatable(column: Column) -> bool:
    """Tell whether a column's relations to others are watched if none are named: numeric features."""
    return column.role is Role.FEATURE and column.effective_kind is Kind.NUMERIC


def positional(columns: tuple[Column, ...], side: Side) -> tuple[str, ...]:
    """Return the names that stand for the places of an unnamed row on one *side*, in the order of the file."""
    return tuple(c.name for c in columns if c.side is side)
