"""Reads Bicep: its files, and those of its parameters, as far as the language is used here.

Not understood, and so refused: `import`, `assert`, `using none`, `func`, functions of resources, and types with
arguments such as `resourceInput<...>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bicep_tokens import BicepError, Token, tokens
from bicep_tree import Declaration, Node, Source

_BINARY = [("??",), ("||",), ("&&",), ("==", "!=", "=~", "!~"), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%")]
_LITERALS = {"true": True, "false": False, "null": None}


def read(path: Path) -> Source:
    """Read a file.

    Raises:
        BicepError: It is not written as Bicep is, or as is not understood here.
    """
    text = path.read_text()
    return Source(path, text, tuple(_Parser(tokens(text, 0, len(text))[0]).file()))


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    # ---- tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _is(self, *values: str, ahead: int = 0) -> bool:
        token = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return token.kind in ("sign", "name") and token.value in values

    def _take(self, *values: str) -> Token | None:
        if not self._is(*values):
            return None
        self._at += 1
        return self._tokens[self._at - 1]

    def _must(self, *values: str) -> Token:
        found = self._take(*values)
        if found is None:
            raise BicepError(self._next.place, f"expected {' or '.join(values)} before {self._said()}")
        return found

    def _of(self, kind: str) -> Token:
        if self._next.kind != kind:
            raise BicepError(self._next.place, f"expected a {kind} before {self._said()}")
        self._at += 1
        return self._tokens[self._at - 1]

    def _said(self) -> str:
        return "the end of the line" if self._next.kind == "line" else repr(self._next.value)

    def _lines(self) -> bool:
        before = self._at
        while self._next.kind == "line":
            self._at += 1
        return self._at > before

    # ---- declarations

    def whole(self) -> Node:
        found = self._expression()
        if self._next.kind != "end":
            raise BicepError(self._next.place, f"expected }} before {self._said()}")
        return found

    def file(self) -> Iterator[Declaration]:
        self._lines()
        while self._next.kind != "end":
            yield self._declaration()
            if not self._lines():
                raise BicepError(self._next.place, f"expected the end of the line before {self._said()}")

    def _declaration(self) -> Declaration:
        return self._declared(self._decorators())

    def _decorators(self) -> tuple[Node, ...]:
        said = []
        while self._take("@"):
            said.append(self._postfix())
            self._lines()
        return tuple(said)

    def _declared(self, said: tuple[Node, ...]) -> Declaration:
        start = self._of("name")
        if start.value not in (
            "targetScope",
            "using",
            "param",
            "var",
            "output",
            "type",
            "resource",
            "module",
            "metadata",
        ):
            raise BicepError(start.place, f"{start.value} begins no declaration that is understood here")
        made: dict[str, Any] = {"kind": start.value, "place": start.place, "said": said, "name": start.value}
        if start.value == "using":
            return Declaration(**made, value=self._primary())
        if start.value != "targetScope":
            made["name"] = self._of("name").value
        if start.value in ("resource", "module"):
            return self._deployed(made)
        if start.value in ("param", "output") and not self._is("="):
            made["type"] = self._type()
        if start.value == "type":
            self._must("=")
            return Declaration(**made, type=self._type())
        if start.value == "param" and not self._is("="):
            return Declaration(**made)
        self._must("=")
        return Declaration(**made, value=self._expression())

    def _deployed(self, made: dict[str, Any]) -> Declaration:
        spec = self._of("string").value
        if len(spec) != 1 or not isinstance(spec[0], str):
            raise BicepError(made["place"], f"what {made['name']} is must be a plain text")
        existing = self._take("existing") is not None
        self._must("=")
        value = self._body()
        return Declaration(**made, spec=spec[0], existing=existing, value=value)

    def _body(self) -> Node:
        if start := self._take("if"):
            self._must("(")
            condition = self._expression()
            self._must(")")
            return Node("if", start.place, parts=(condition, self._object()))
        return self._loop(self._body) if self._is("[") else self._object()

    # ---- types

    def _type(self) -> Node:
        self._take("|")
        options = [self._one_type()]
        while self._take("|"):
            options.append(self._one_type())
        return options[0] if len(options) == 1 else Node("any of", options[0].place, parts=tuple(options))

    def _one_type(self) -> Node:
        found = self._plain_type()
        while True:
            if self._is("[") and self._is("]", ahead=1):
                self._at += 2
                found = Node("array", found.place, parts=(found,))
            elif self._take("?"):
                found = Node("optional", found.place, parts=(found,))
            else:
                return found

    def _plain_type(self) -> Node:
        if self._take("("):
            found = self._type()
            self._must(")")
            return found
        if self._is("{"):
            return self._object(of_types=True)
        if self._next.kind == "name":
            token = self._of("name")
            return Node("name", token.place, token.value)
        return self._primary()

    # ---- expressions

    def _expression(self) -> Node:
        found = self._binary(0)
        mark = self._at
        self._lines()
        if self._take("?"):
            self._lines()
            yes = self._expression()
            self._lines()
            self._must(":")
            self._lines()
            return Node("choice", found.place, parts=(found, yes, self._expression()))
        self._at = mark
        return found

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while sign := self._take(*_BINARY[level]):
            left = Node("binary", sign.place, sign.value, (left, self._binary(level + 1)))
        return left

    def _unary(self) -> Node:
        if sign := self._take("!", "-", "+"):
            return Node("unary", sign.place, sign.value, (self._unary(),))
        return self._postfix()

    def _postfix(self) -> Node:
        found = self._primary()
        while sign := self._take(".", ".?", "[", "[?", "::", "!"):
            if sign.value in (".", ".?"):
                name = self._of("name")
                if self._take("("):
                    if found.kind != "name" or found.value not in ("az", "sys"):
                        raise BicepError(name.place, "functions of a resource are not understood here")
                    found = Node("call", name.place, name.value, tuple(self._items(")")))
                    continue
                found = Node("get", name.place, name.value, (found,), maybe=sign.value == ".?")
            elif sign.value == "::":
                found = Node("nested", sign.place, self._of("name").value, (found,))
            elif sign.value == "!":
                found = Node("unary", sign.place, "!!", (found,))
            else:
                found = Node("index", sign.place, None, (found, self._expression()), maybe=sign.value == "[?")
                self._must("]")
        return found

    def _primary(self) -> Node:
        token = self._next
        if token.kind == "string":
            self._at += 1
            return _joined(token)
        if token.kind == "number":
            self._at += 1
            return Node("literal", token.place, int(token.value))
        if token.kind == "name":
            return self._named()
        if self._is("["):
            return self._array()
        if self._is("{"):
            return self._object()
        self._must("(")
        return self._in_brackets()

    def _in_brackets(self) -> Node:
        mark = self._at
        names = []
        while self._next.kind == "name" and self._is(",", ")", ahead=1):
            names.append(self._of("name").value)
            self._take(",")
        if self._take(")") and self._take("=>"):
            return self._lambda(tuple(names))
        self._at = mark
        self._lines()
        found = self._expression()
        self._lines()
        self._must(")")
        return found

    def _named(self) -> Node:
        token = self._of("name")
        if token.value in _LITERALS:
            return Node("literal", token.place, _LITERALS[token.value])
        if self._take("=>"):
            return self._lambda((token.value,))
        if self._take("("):
            return Node("call", token.place, token.value, tuple(self._items(")")))
        return Node("name", token.place, token.value)

    def _lambda(self, names: tuple[str, ...]) -> Node:
        self._lines()
        return Node("lambda", self._next.place, names, (self._expression(),))

    def _items(self, end: str) -> Iterator[Node]:
        self._lines()
        while not self._take(end):
            if start := self._take("..."):
                yield Node("spread", start.place, parts=(self._expression(),))
            else:
                yield self._expression()
            if not (self._lines() | (self._take(",") is not None)) and not self._is(end):
                raise BicepError(self._next.place, f"expected , or {end} before {self._said()}")
            self._lines()

    def _array(self) -> Node:
        mark, start = self._at, self._must("[")
        self._lines()
        if self._is("for"):
            self._at = mark
            return self._loop(self._loop_value)
        return Node("array", start.place, parts=tuple(self._items("]")))

    def _loop_value(self) -> Node:
        return self._body() if self._is("if") else self._expression()

    def _loop(self, body: Any) -> Node:
        self._must("[")
        self._lines()
        start = self._must("for")
        names = [self._of("name").value] if not self._take("(") else self._two_names()
        self._must("in")
        over = self._expression()
        self._must(":")
        self._lines()
        found = Node("for", start.place, tuple(names), (over, body()))
        self._lines()
        self._must("]")
        return found

    def _two_names(self) -> list[str]:
        names = [self._of("name").value]
        self._must(",")
        names.append(self._of("name").value)
        self._must(")")
        return names

    def _object(self, *, of_types: bool = False) -> Node:
        start = self._must("{")
        parts = []
        self._lines()
        while not self._take("}"):
            parts.append(self._property(of_types=of_types))
            if not (self._lines() | (self._take(",") is not None)) and not self._is("}"):
                raise BicepError(self._next.place, f"expected the end of the line before {self._said()}")
            self._lines()
        return Node("object", start.place, parts=tuple(parts))

    def _property(self, *, of_types: bool) -> Node:
        if start := self._take("..."):
            return Node("spread", start.place, parts=(self._expression(),))
        said = self._decorators()
        if self._is("resource") and not of_types and not self._is(":", ahead=1):
            inner = self._declared(said)
            return Node("resource", inner.place, inner)
        place = self._next.place
        key: Any = None
        parts: tuple[Node, ...] = ()
        if self._next.kind == "string":
            given = _joined(self._of("string"))
            key, parts = (given.value, ()) if given.kind == "literal" else (None, (given,))
        elif of_types and self._take("*"):
            key = "*"
        else:
            key = self._of("name").value
        self._must(":")
        self._lines()
        return Node("property", place, key, (*parts, self._type() if of_types else self._expression()))


def _joined(token: Token) -> Node:
    if len(token.value) == 1 and isinstance(token.value[0], str):
        return Node("literal", token.place, token.value[0])
    parts = tuple(
        Node("literal", token.place, each) if isinstance(each, str) else _Parser(each).whole() for each in token.value
    )
    return Node("text", token.place, parts=parts)
