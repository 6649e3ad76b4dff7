"""Bicep as tokens. That of a text has its pieces: texts, and the tokens of what stands in `${}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


class BicepError(Exception):
    """A file of Bicep that cannot be read or worked out."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


_SPACE = r"//[^\n]*|/\*.*?\*/|#disable-next-line [^\n]*"
_TOKEN = re.compile(
    rf"(?P<space>[ \t]+|{_SPACE})|(?P<line>\r?\n(?:\s|{_SPACE})*)|(?P<long>'''\n?(?P<raw>.*?)''')|(?P<text>')"
    r"|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>=>|==|!=|=~|!~|<=|>=|&&|\|\||\?\?|\.\?|\[\?|::|\.\.\.|[-+*/%<>!?:.,=|@(){}\[\]])",
    re.DOTALL,
)
_IN_TEXT = re.compile(
    r"(?P<plain>[^'\\$\n]+)|\\(?P<escape>u\{[0-9a-fA-F]+\}|[nrt'\\$])|(?P<hole>\$\{)|(?P<dollar>\$)|(?P<end>')"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Token:
    """A token: `name`, `number`, `sign`, `string`, `line` for its end, or `end`."""

    kind: str
    value: Any
    place: int


def tokens(text: str, start: int, end: int, *, until: str = "") -> tuple[list[Token], int]:
    """Return the tokens from *start* on, and where they end: before *until*, if it is given."""
    found: list[Token] = []
    place, depth = start, 0
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise BicepError(place, f"{text[place]!r} is not understood")
        kind, value = str(match.lastgroup), match.group()
        if match["raw"] is not None:
            kind = "string"
        depth += {"{": 1, "}": -1}.get(value, 0) if kind == "sign" else 0
        if until and depth < 0:
            return found, match.end()
        place = match.end()
        if kind == "text":
            parts, place = _text(text, place, end)
            found.append(Token("string", parts, match.start()))
        elif kind != "space":
            found.append(Token(kind, (match["raw"],) if kind == "string" else value, match.start()))
    if until:
        raise BicepError(start, "${ has no }")
    return [*found, Token("line", "", end), Token("end", "the end", end)], end


def _text(text: str, place: int, end: int) -> tuple[tuple[Any, ...], int]:
    """Return the pieces of a text after its quote, texts and expressions, and where it ends."""
    start, pieces = place - 1, [""]
    found: list[Any] = pieces
    while place < end:
        match = _IN_TEXT.match(text, place)
        if match is None:
            break
        place = match.end()
        if match["end"]:
            return tuple(each for each in found if each != "") or ("",), place
        if match["hole"]:
            inner, place = tokens(text, place, end, until="}")
            found += [[*inner, Token("end", "}", place)], ""]
        else:
            found[-1] += match["plain"] or match["dollar"] or _escaped(match["escape"])
    raise BicepError(start, "a text has no end, or an escape that Bicep has not")


def _escaped(said: str) -> str:
    return chr(int(said[2:-1], 16)) if said.startswith("u") else _ESCAPES.get(said, said)
