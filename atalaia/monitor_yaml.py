"""The YAML of a monitor file: plain data with the line of each value, the faults of the text itself, and quoting.

Scalars are read by YAML 1.2's rules, so `on`, `yes`, `no`, `1:30` and dates are text and `1e-3` is a number. The tree
is built from parser events, not by PyYAML's composer: that one crashes the interpreter on very deep nesting, expands
aliases without limit and keeps the last of two equal keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from msgspec import Struct, field

Path = tuple[str | int, ...]
"""The keys and places that lead to a value: `("columns", 2, "range")`."""

MAX_CHARACTERS = 4_000_000
MAX_VALUES = 200_000
MAX_DEPTH = 32

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_PLAIN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
    ("merge", re.compile("<<")),
)


class Fault(Struct, frozen=True):
    """One thing wrong in a monitor file.

    Attributes:
        file: The file's name, as the user gave it.
        line: Counted from 1.
        path: Where, such as `columns[2].range`; empty for the file as a whole.
        found: What is wrong.
        fix: What to do.
    """

    file: str
    line: int
    path: str
    found: str
    fix: str

    def __str__(self) -> str:
        """Say where, what was found, and what to do, in one line."""
        where = f"{self.file}:{self.line}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.found}. {self.fix}"


class Issue(Struct, frozen=True):
    """A fault that does not know its line yet."""

    path: Path
    found: str
    fix: str


class Document(Struct):
    """What a text holds.

    Attributes:
        name: The file's name.
        data: Dicts with text keys, lists, texts, numbers, booleans and None; None also if the text could not be read.
        lines: The line of each value that the text itself writes (not of those that an alias or a merge brings in).
        raw: The characters of each number, boolean and plain text, as they stand in the file.
        faults: What is wrong with the text.
        lost: The places of values that could not be read and stand as None in `data`.
        readable: Whether `data` is the whole content, so that looking for further faults makes sense.
    """

    name: str
    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lost: set[Path] = field(default_factory=set)
    readable: bool = True

    def fault(self, issue: Issue) -> Fault:
        """Give *issue* its line: that of the nearest value around it that stands in the file."""
        path = issue.path
        while path and path not in self.lines:
            path = path[:-1]
        return Fault(self.name, self.lines.get(path, 1), spell(issue.path), issue.found, issue.fix)


class _UnreadableError(Exception):
    """The text breaks a limit; the rest is not read."""

    def __init__(self, line: int, found: str, fix: str) -> None:
        self.line, self.found, self.fix = line, found, fix
        super().__init__(found)


def spell(path: Path) -> str:
    """Write a path as people do.

    Example:
        >>> spell(("columns", 2, "range"))
        'columns[2].range'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read(text: str | bytes, name: str, loader: Any = _LOADER) -> Document:
    """Read a monitor file's YAML; what is wrong with it is in the document's `faults`.

    Args:
        text: The content, UTF-8 if it is bytes.
        name: How faults name the file.
        loader: PyYAML's loader class; the C one is about eight times as fast.
    """
    document = Document(name)
    try:
        _Reader(document, loader(_decoded(text))).read()
    except _UnreadableError as error:
        _give_up(document, error.line, error.found, error.fix)
    except yaml.MarkedYAMLError as error:
        _give_up(document, *_syntax(error))
    except yaml.YAMLError:
        fix = "Remove control characters such as NUL; inside double quotes they can be written as escapes"
        _give_up(document, 1, "a character that YAML does not allow stands in the file", fix + ".")
    return document


def _give_up(document: Document, line: int, found: str, fix: str) -> None:
    document.data, document.readable = None, False
    document.faults.append(Fault(document.name, line, "", found, fix))


def _decoded(text: str | bytes) -> str:
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text.encode("utf-8").decode("utf-8")
    except UnicodeError as error:
        raise _UnreadableError(1, "the file is not UTF-8 text", "Give a monitor file, saved as UTF-8.") from error
    if len(decoded) > MAX_CHARACTERS:
        found = f"the file has {len(decoded):,} characters; the limit is {MAX_CHARACTERS:,}"
        raise _UnreadableError(1, found, "Give the monitor file, not a data file.")
    return decoded.removeprefix("\ufeff")


def _syntax(error: yaml.MarkedYAMLError) -> tuple[int, str, str]:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem)
    if "cannot start any token" in problem or "tab character" in problem:
        fix = "Indent with blanks, not tabs, and put texts that begin with a special character in quotes."
    else:
        fix = "Compare the indentation, colons, quotes and brackets here and on the line before."
    return mark.line + 1 if mark else 1, f"not valid YAML ({problem})", fix


class _Reader:
    """Builds the data of one document from the events of a parser."""

    def __init__(self, document: Document, parser: Any) -> None:
        self._document = document
        self._parser = parser
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = 0

    def read(self) -> None:
        """Fill the document."""
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return
        self._document.data = self._value(self._next(), ())
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            line = event.start_mark.line + 1
            raise _UnreadableError(line, "a second YAML document begins", "Keep one monitor per file, without `---`.")

    def _next(self) -> Any:
        return self._parser.get_event()

    def _fault(self, path: Path, line: int, found: str, fix: str) -> None:
        self._document.faults.append(Fault(self._document.name, line, spell(path), found, fix))

    def _lose(self, path: Path, line: int, found: str, fix: str) -> None:
        self._document.lost.add(path)
        self._fault(path, line, found, fix)

    def _value(self, event: Any, path: Path) -> object:
        line = event.start_mark.line + 1
        self._document.lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, line)
        if len(path) > MAX_DEPTH:
            found = f"values are nested more than {MAX_DEPTH} deep"
            raise _UnreadableError(line, found, "A monitor file needs five levels at most.")
        before = self._values
        self._count(1, line)
        value = self._built(event, path, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _built(self, event: Any, path: Path, line: int) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line)
        if event.tag not in (None, "!", _TAG + "map", _TAG + "seq"):
            self._fault(path, line, f"the YAML tag {event.tag!r} has no meaning here", "Remove it.")
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(item, (*path, place)) for place, item in enumerate(self._until(yaml.SequenceEndEvent))]
        return self._mapping(path)

    def _until(self, end: type[yaml.Event]) -> Iterator[Any]:
        while not isinstance(event := self._next(), end):
            yield event

    def _count(self, more: int, line: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            found = f"the file holds more than {MAX_VALUES:,} values, counting each alias in full"
            raise _UnreadableError(line, found, "Write fewer values, or fewer aliases of large ones.")

    def _alias(self, event: Any, path: Path, line: int) -> object:
        if event.anchor not in self._anchors:
            found = f"the alias *{event.anchor} refers to nothing that ends before it"
            self._lose(path, line, found, f"Mark a value above with &{event.anchor}, or write the value out.")
            return None
        value, size = self._anchors[event.anchor]
        self._count(size, line)
        return value

    def _mapping(self, path: Path) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for event in self._until(yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._key(event, path, line)
            inner = (*path, key)
            if _is_merge(event):
                self._merge(merged, self._value(self._next(), inner), inner, line)
                continue
            if key in own:
                self._fault(inner, line, f"the key {key!r} stands here for the second time", "Keep one of the two.")
            self._document.lines[inner] = line
            own[key] = self._value(self._next(), inner)
        return {**merged, **own}

    def _key(self, event: Any, path: Path, line: int) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        self._fault(path, line, "a key is not a plain text", "Write a name before the colon.")
        return str(self._value(event, (*path, "?")))

    def _merge(self, merged: dict[str, object], value: object, path: Path, line: int) -> None:
        for mapping in value if isinstance(value, list) else [value]:
            if not isinstance(mapping, dict):
                self._fault(path, line, "`<<` merges mappings only", "Give an alias of a mapping, such as *defaults.")
                continue
            for key, inner in mapping.items():
                merged.setdefault(key, inner)

    def _scalar(self, event: Any, path: Path, line: int) -> object:
        kind = _kind(event)
        if kind == "str":
            return str(event.value)
        self._document.raw[path] = event.value
        reader = _SCALARS.get(kind)
        if reader is None:
            self._lose(path, line, f"the YAML tag {event.tag!r} has no meaning here", "Remove it.")
            return None
        try:
            value = reader(event.value)
        except ValueError:
            self._lose(path, line, f"{event.value!r} cannot be read as {kind}", "Put it in quotes if it is text.")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._lose(path, line, f"{event.value} is not a finite number", "Write a number, or null for no limit.")
            return None
        return value


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and _kind(event) == "merge"


def _kind(event: Any) -> str:
    if event.tag not in (None, "!"):
        return str(event.tag).removeprefix(_TAG)
    if not event.implicit[0]:
        return "str"
    return next((kind for kind, pattern in _PLAIN if pattern.fullmatch(event.value)), "str")


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _int(text: str) -> int | float:
    if len(text) > 18:  # beyond 64 bits, or near: no key of ours needs such an integer exactly
        return float(text)
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(text: str) -> float:
    return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))


_SCALARS: dict[str, Callable[[str], object]] = {
    "null": lambda _: None,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "merge": str,
}


_SPECIAL = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def quote(text: str) -> str:
    """Write *text* for a flow mapping, so that every YAML reader takes it for text; a lone surrogate becomes U+FFFD.

    Example:
        >>> quote("age"), quote("yes"), quote("a: b")
        ('age', '"yes"', '"a: b"')
    """
    if re.fullmatch(r"[A-Za-z_]([A-Za-z0-9_./ -]*[A-Za-z0-9_])?", text) and text.lower() not in _SPECIAL:
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return named or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
