"""Conditions: what the findings of a window must be for a policy to act, as `when` of a monitor file writes it.

    drifted > 0.3 and (psi[income] >= 0.2 or alert(missing)) and not rows < 1000

Reading one never fails otherwise than with a `ConditionError`, and a printed condition is read as the same again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from msgspec import Struct

from atalaia.spelling import nearest, suggest

LONGEST, DEEPEST = 1000, 20
"""A condition has so many characters, and so many levels of parentheses and `not`, at most."""

OF_WINDOW = ("drifted", "alerts", "warnings", "rows", "silent")
"""Values of the whole window: share of columns with an alert of drift, alerts, warnings, rows, minutes of silence."""

STATUSES = ("alert", "warning")
SIGNS = (">=", "<=", ">", "<")
_RESERVED = (*OF_WINDOW, *STATUSES, "and", "or", "not")

_EXAMPLES = {
    "drifted": "drifted > 0.3",
    "alerts": "alerts > 1",
    "warnings": "warnings > 1",
    "rows": "rows > 1000",
    "silent": "silent > 120",
}
_UNITS = ("s", "m", "h", "d", "w", "min")

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<word>[^\W\d]\w*)|(?P<sign>>=|<=|>|<)|(?P<mark>[()\[\],=]))",
    re.ASCII,
)
_NAME = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^"\],=\s][^\],=]*?))\s*(?=[\],=]|$)')
_PLAIN = re.compile(r'[^"\],=\s](?:[^\],=]*[^\],=\s])?')


class Place(Struct, frozen=True):
    """A metric's findings: on all columns or on one, on all rows or on those of one segment (`column=value`)."""

    metric: str
    column: str | None = None
    segment: str | None = None


class Comparison(Struct, frozen=True):
    """A value against a limit; of several findings, whether any of them is beyond it."""

    value: str | Place
    sign: str
    limit: float


class HasStatus(Struct, frozen=True):
    """Whether any of the findings has the status."""

    status: str
    place: Place


class Not(Struct, frozen=True):
    """The opposite."""

    inner: Condition


class Joined(Struct, frozen=True):
    """Several conditions, joined by `and` or `or`."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | HasStatus | Not | Joined


class ConditionError(ValueError):
    """A text is no condition.

    Attributes:
        place: Which character is wrong, counted from 1.
        found: What is wrong.
        fix: What to do.
    """

    def __init__(self, place: int, found: str, fix: str) -> None:
        """Say where, what and how to mend it."""
        self.place, self.found, self.fix = place, found, fix
        super().__init__(f"character {place}: {found}. {fix}")


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: The text is none.

    Example:
        >>> spell_condition(parse_condition("not (psi[ income ]>.2)or drifted >= 0.30"))
        'not psi[income] > 0.2 or drifted >= 0.3'
    """
    return _Parser(text).whole()


def condition_faults(text: str, metrics: dict[str, bool] | None, columns: dict[str, bool]) -> Iterator[ConditionError]:
    """Yield what is wrong with a condition.

    Args:
        text: As it stands in the file.
        metrics: By name, whether each is of the whole window; None to accept any name.
        columns: By name, whether each divides the rows into segments.
    """
    parser = _Parser(text)
    try:
        parser.whole()
    except ConditionError as error:
        yield error
        return
    for at, place, values in parser.places:
        for found, fix in _unknown(place, values, metrics, columns):
            yield ConditionError(at, found, fix)


def mentions(condition: Condition, value: str) -> bool:
    """Tell whether one of the values of the whole window is asked for."""
    return any(each.value == value for each in comparisons(condition))


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield the comparisons of a condition, from left to right."""
    return (each for each in _leaves(condition) if isinstance(each, Comparison))


def places(condition: Condition) -> Iterator[Place]:
    """Yield the places of findings that a condition asks for, from left to right."""
    for each in _leaves(condition):
        place = each.place if isinstance(each, HasStatus) else each.value
        if isinstance(place, Place):
            yield place


def _leaves(condition: Condition) -> Iterator[Comparison | HasStatus]:
    match condition:
        case Joined(parts=parts):
            for part in parts:
                yield from _leaves(part)
        case Not(inner=inner):
            yield from _leaves(inner)
        case _:
            yield condition


def spell_condition(condition: Condition) -> str:
    """Write a condition as people do; what is read from it is the same again."""
    match condition:
        case Joined(word=word, parts=parts):
            return f" {word} ".join(in_parentheses(part, spell_condition(part)) for part in parts)
        case Not(inner=inner):
            return f"not {in_parentheses(inner, spell_condition(inner))}"
        case HasStatus(status=status, place=place):
            return f"{status}({spell_place(place)})"
        case _:
            value = condition.value if isinstance(condition.value, str) else spell_place(condition.value)
            return f"{value} {condition.sign} {spell_number(condition.limit)}"


def in_parentheses(part: Condition, told: str) -> str:
    """Put parentheses around a part that is joined of others."""
    return f"({told})" if isinstance(part, Joined) else told


def spell_place(place: Place) -> str:
    """Write which findings are meant."""
    if place.column is None:
        return place.metric
    segment = "" if place.segment is None else f", {'='.join(map(_name, place.segment.split('=', 1)))}"
    return f"{place.metric}[{_name(place.column)}{segment}]"


def spell_number(number: float) -> str:
    """Write a number so that it is read as the same again."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name.isprintable() else json.dumps(name)


def _unknown(
    place: Place, values: tuple[str, ...], metrics: dict[str, bool] | None, columns: dict[str, bool]
) -> Iterator[tuple[str, str]]:
    if metrics is not None and place.metric not in metrics:
        what = "metrics and values" if values else "metrics"
        yield f"there is no metric {place.metric!r}", suggest(place.metric, [*metrics, *values], what)
    elif metrics is not None and metrics[place.metric] and place.column is not None:
        found = f"{place.metric!r} is a metric of the whole window, not of a column"
        yield found, f"Write {place.metric} without brackets."
    if place.column is not None and place.column not in columns:
        yield f"there is no column {place.column!r}", suggest(place.column, columns, "columns")
    by = None if place.segment is None else place.segment.split("=", 1)[0]
    if by is not None and not columns.get(by, False):
        segments = [name for name, divides in columns.items() if divides]
        fix = suggest(by, segments, "columns with that role") if segments else "Give a column `role: segment`."
        yield f"there is no column {by!r} with the role 'segment'", fix


class _Parser:
    """Reads one text from left to right.

    `places` are the findings that it names, each with its character, and with the values that might stand there, too.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.places: list[tuple[int, Place, tuple[str, ...]]] = []

    def whole(self) -> Condition:
        if len(self._text) > LONGEST:
            found = f"the condition has {len(self._text):,} characters; the limit is {LONGEST:,}"
            raise ConditionError(1, found, "Make several policies of it.")
        condition = self._joined("or", 0)
        if self._peek()[1]:
            self._fail(f"{self._seen()} is too much", self._beyond())
        return condition

    def _beyond(self) -> str:
        """Return what to do about what stands behind a condition."""
        kind, text = self._peek()
        if kind == "sign":
            return "Compare once; `alert(...)` and `warning(...)` are compared with nothing."
        if text in _UNITS:
            return "Write the number without a unit: `silent` is in minutes."
        return "Join conditions with `and` or `or`."

    def _joined(self, word: str, depth: int) -> Condition:
        def part() -> Condition:
            return self._joined("and", depth) if word == "or" else self._single(depth)

        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _single(self, depth: int) -> Condition:
        if depth > DEEPEST:
            self._fail(f"more than {DEEPEST} levels", "Make several policies of it.")
        if self._take("not"):
            return Not(self._single(depth + 1))
        if self._take("("):
            inner = self._joined("or", depth + 1)
            self._demand(")", "the parenthesis is not closed")
            return inner
        kind, text = self._peek()
        if kind == "number":
            self._fail(f"the number {text} comes first", "Write the value first, as in drifted > 0.3.")
        if kind != "word" or text.lower() in ("and", "or"):
            self._fail(f"{self._seen()} where a value is expected", "Write it as drifted > 0.3, for example.")
        return self._has_status(text) if text in STATUSES else self._comparison(text)

    def _has_status(self, status: str) -> HasStatus:
        self._take(status)
        self._demand("(", f"`{status}` says of no metric which", f"Write {status}(missing), or {status}s > 0.")
        kind, metric = self._peek()
        if kind != "word" or metric in _RESERVED:
            self._fail(f"{self._seen()} where a metric is expected", f"Write {status}(missing), for example.")
        place = self._place(metric, ())
        self._demand(")", "the parenthesis is not closed")
        return HasStatus(status, place)

    def _comparison(self, word: str) -> Comparison:
        if word in OF_WINDOW:
            self._take(word)
        value = word if word in OF_WINDOW else self._place(word)
        kind, sign = self._peek()
        if kind != "sign":
            self._fail(f"{word} is compared with nothing: {self._seen()}", self._to_compare(word, sign))
        self._take(sign)
        kind, number = self._peek()
        if kind != "number" or not math.isfinite(float(number)):
            example = _EXAMPLES.get(word, f"{word} > 0.3").replace(">", sign)
            self._fail(f"{self._seen()} where a number is expected", f"Write {example}, for example.")
        if value == "drifted" and not 0 <= float(number) <= 1:
            self._fail(f"{number} is not a share from 0 to 1", "Write drifted > 0.3, for example.")
        self._take(number)
        return Comparison(value, sign, float(number))

    def _to_compare(self, word: str, there: str) -> str:
        """Return what to do about a value without a comparison."""
        if word in ("true", "false"):
            return "To act because of every window, write rows >= 0."
        if there == "(" and word.removesuffix("s") in STATUSES:
            return f"Write {word.removesuffix('s')}(psi) for one metric, or {word} > 0 for all."
        meant = nearest(word, _RESERVED) if word not in OF_WINDOW else None
        if meant is not None:
            return f"Did you mean {meant!r}?"
        return f"Write {_EXAMPLES.get(word, f'{word} > 0.3')}, for example; there are >, >=, < and <=."

    def _place(self, metric: str, values: tuple[str, ...] = OF_WINDOW) -> Place:
        at = self._start() + 1
        self._take(metric)
        column = segment = None
        if self._take("["):
            column = self._named("column")
            if self._take(","):
                by = self._named("column of the segment")
                self._demand("=", "the segment has no value", "Write [COLUMN, SEGMENT COLUMN=VALUE].")
                segment = f"{by}={self._named('value of the segment')}"
            self._demand("]", "the bracket is not closed")
        place = Place(metric, column, segment)
        self.places.append((at, place, values))
        return place

    def _named(self, what: str) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._fail(
                f"{self._seen()} where the {what} is expected",
                "Write it as psi[income], in double quotes if it holds ],= or quotes.",
            )
        if match["plain"] is not None:
            self._at = match.end()
            return match["plain"]
        try:
            name = str(json.loads(f'"{match["quoted"]}"'))
        except ValueError:
            self._fail("the text in quotes cannot be read", 'Write \\" for a quote and \\\\ for a backslash.')
        self._at = match.end()
        return name

    def _start(self) -> int:
        """Return where the next token begins."""
        return len(self._text) - len(self._text[self._at :].lstrip())

    def _peek(self) -> tuple[str, str]:
        """Return the next token with its kind; nothing at the end; what is none with the kind `mark`."""
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            return "mark", self._text[self._start() :][:1]
        kind = match.lastgroup or "mark"
        return kind, match[kind]

    def _take(self, text: str) -> bool:
        """Go beyond the next token if it is *text*; `AND`, `OR` and `NOT` may be written large."""
        _, there = self._peek()
        if there != text and not (text in ("and", "or", "not") and there.lower() == text):
            return False
        self._at = self._start() + len(there)
        return True

    def _demand(self, mark: str, found: str, fix: str = "") -> None:
        if not self._take(mark):
            self._fail(found, fix or f"Write `{mark}` here.")

    def _seen(self) -> str:
        there = self._peek()[1]
        return repr(there) if there else "the text ends"

    def _fail(self, found: str, fix: str) -> NoReturn:
        hint = _HINTS.get(self._text[self._start() :][:2]) or _HINTS.get(self._text[self._start() :][:1])
        raise ConditionError(self._start() + 1, found, hint or fix)


_HINTS = {
    "==": "Compare with >, >=, < or <=.",
    "!=": "Compare with >, >=, < or <=.",
    "=": "Compare with >, >=, < or <=.",
    "&": "Write `and`.",
    "|": "Write `or`.",
    "!": "Write `not`.",
    "%": "Write a share from 0 to 1, such as 0.3.",
}
