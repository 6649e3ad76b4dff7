"""What a monitor file must fulfil in its columns of text: the kind `text`, and patterns that can run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.monitor_yaml import Issue, Path
from atalaia.patterns import check_pattern
from atalaia.schema import Kind

MOST_PATTERNS = 16
"""So many patterns at most are counted in a column of free text."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def broken_text_rules(column: Mapping[str, Any], declared: str, path: Path, kind: Kind) -> Iterator[Issue]:
    """Yield what is wrong with the kind `text`, the pattern and the patterns of a column.

    Args:
        column: As it stands in the file.
        declared: Its type.
        path: Where it stands.
        kind: How it is compared.
    """
    yield from _kind(declared, (*path, "kind"), kind)
    yield from _pattern(column.get("pattern"), declared, (*path, "pattern"), kind)
    yield from _patterns(column.get("patterns"), (*path, "patterns"), kind)


def _kind(declared: str, path: Path, kind: Kind) -> Iterator[Issue]:
    if kind is Kind.TEXT and declared != "string":
        fix = "Remove `kind: text`, or give the type string."
        yield Issue(path, f"the kind 'text' on a column of the type {declared!r}", fix)


def _pattern(pattern: object, declared: str, path: Path, kind: Kind) -> Iterator[Issue]:
    if not isinstance(pattern, str):
        return
    if declared != "string":
        fix = "Remove the pattern, or give the type string."
        yield Issue(path, f"a pattern on a column of the type {declared!r}", fix)
    elif kind is Kind.NUMERIC:
        fix = "Remove the pattern, or remove `kind: numeric`."
        yield Issue(path, "a pattern on a column of the kind 'numeric'", fix)
    yield from _expression(pattern, path)


def _expression(pattern: str, path: Path) -> Iterator[Issue]:
    reason = check_pattern(pattern)
    if reason is not None:
        fix = "Correct it; a backslash is best kept by single quotes around the pattern."
        yield Issue(path, f"{pattern!r} is not a regular expression that can run ({reason})", fix)


def _patterns(patterns: object, path: Path, kind: Kind) -> Iterator[Issue]:
    if not isinstance(patterns, dict):
        return
    if kind is not Kind.TEXT:
        fix = (
            "Add `kind: text` to count how many texts contain them, or give one `pattern` that every value must match."
        )
        yield Issue(path, f"patterns on a column of the kind {kind.value!r}", fix)
    if not 0 < len(patterns) <= MOST_PATTERNS:
        found = f"{len(patterns)} patterns are named" if patterns else "no pattern is named"
        yield Issue(path, found, f"Name 1 to {MOST_PATTERNS}, such as {{url: 'https?://'}}, or remove `patterns`.")
    for name, pattern in patterns.items():
        yield from _named(name, pattern, (*path, name))


def _named(name: str, pattern: object, path: Path) -> Iterator[Issue]:
    if not _NAME.fullmatch(name):
        found = f"{name!r} is not a name of letters, digits, hyphens and underscores, at most 40"
        yield Issue(path, found, "Give the pattern a short name, such as url.")
    if pattern == "":
        yield Issue(path, "the pattern is empty, so every text contains it", "Fill it in.")
    elif isinstance(pattern, str):
        yield from _expression(pattern, path)
