"""Whether what is written in Bicep fits what Azure, or a module, asks for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from azure_types import Kind, Model, Property
from bicep_kinds import ANY, Scope, properties_of
from bicep_tree import Node


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where."""

    place: int
    message: str


def value(node: Node, kind: Kind, where: str, scope: Scope) -> Iterator[Fault]:
    """Yield what is wrong with an expression that should be of a kind."""
    if node.kind == "choice" or (node.kind == "binary" and node.value == "??"):
        for part in node.parts[-2:]:
            yield from value(part, kind, where, scope)
    elif kind.name == "list" and kind.inner and (items := _items(node, scope)) is not None:
        for part, inner in items:
            yield from value(part, kind.inner, f"{where}[]", inner)
    elif kind.name == "list" and node.kind == "call" and node.value == "concat":
        for part in node.parts:
            yield from value(part, kind, where, scope)
    elif node.kind == "object" and (
        model := kind.model or (Model({}, more=kind.inner) if kind.name == "map" else None)
    ):
        yield from object_of(node, model, where, scope)
    else:
        yield from _fits(node, scope.of(node), kind, where)


def _items(node: Node, scope: Scope) -> list[tuple[Node, Scope]] | None:
    """Return what stands for the items of an array, and what names mean there; None if nothing does."""
    if node.kind == "array":
        return [(part, scope) for part in node.parts]
    if node.kind in ("for", "if"):
        return [(node.parts[1], scope.bind(node) if node.kind == "for" else scope)]
    if node.kind == "call" and node.value == "map" and node.parts[-1].kind == "lambda":
        made = node.parts[-1]
        inner = scope.of(node.parts[0]).inner or ANY
        return [(made.parts[0], scope.within(**dict.fromkeys(made.value, inner)))]
    return None


def object_of(node: Node, model: Model, where: str, scope: Scope, *, beside: Set[str] = frozenset()) -> Iterator[Fault]:
    """Yield what is wrong with an object that should be of a model; *beside* are properties of Bicep's own."""
    parts = [part for part in node.parts if part.kind == "property" and part.value not in beside]
    given = {part.value: part.parts[-1] for part in parts if part.value is not None}
    properties = model.properties
    if model.discriminator:
        tag = given.get(model.discriminator)
        if tag is None or (tag.kind == "literal" and tag.value not in model.variants):
            told = ", ".join(sorted(model.variants))
            yield Fault((tag or node).place, f"{_at(where, model.discriminator)} must be one of {told}")
            return
        properties = _of_variant(model, tag)
    for name in {part.value for part in parts if [each.value for each in parts].count(part.value) > 1} - {None}:
        yield Fault(given[name].place, f"{_at(where, name)} is set twice")
    for part in parts:
        yield from _property(part, properties, model.more, where, scope)
    if not any(part.kind == "spread" or (part.kind == "property" and part.value is None) for part in node.parts):
        yield from _missing(node, properties, given, where)


def _of_variant(model: Model, tag: Node) -> dict[str, Property]:
    """Return the properties of the variant that a tag names, or of all if that cannot be told."""
    variant = model.variants[tag.value].properties if tag.kind == "literal" else properties_of(model)
    return {**model.properties, **variant, model.discriminator: Property(Kind("string"), required=True)}


def _property(
    part: Node, properties: Mapping[str, Property], more: Kind | None, where: str, scope: Scope
) -> Iterator[Fault]:
    given, at = part.parts[-1], _at(where, str(part.value))
    told = properties.get(part.value)
    if part.value is None or (told is None and more):
        yield from value(given, more or ANY, at, scope)
    elif told is None:
        yield Fault(part.place, f"there is no property {at}{near(part.value, properties)}")
    elif told.readonly:
        yield Fault(part.place, f"{at} can only be read")
    else:
        yield from value(given, told.kind, at, scope)
        yield from _limited(given, told.limits, at)


def _missing(node: Node, properties: Mapping[str, Property], given: Mapping[str, Node], where: str) -> Iterator[Fault]:
    for name, each in properties.items():
        if each.required and not each.readonly and name not in given:
            yield Fault(node.place, f"{_at(where, name)} is missing")


def _fits(node: Node, found: Kind, wanted: Kind, where: str) -> Iterator[Fault]:
    if "any" in (found.name, wanted.name) or found.name == "null":
        return
    if _shape(found) != _shape(wanted):
        yield Fault(node.place, f"{where} must be {said(wanted)}, not {said(found)}")
    elif wanted.values and (wrong := [each for each in found.values if each not in wanted.values]):
        yield Fault(node.place, f"{where} must be one of {', '.join(map(str, wanted.values))}, not {wrong[0]}")
    elif wanted.inner and found.inner:
        yield from _fits(node, found.inner, wanted.inner, f"{where}[]")


def _limited(node: Node, limits: Mapping[str, object], where: str) -> Iterator[Fault]:
    """Yield which limit a plain value is beyond."""
    if node.kind != "literal" or isinstance(node.value, bool) or node.value is None:
        return
    size, what = (len(node.value), " characters") if isinstance(node.value, str) else (node.value, "")
    most, least = ("max_length", "min_length") if what else ("maximum", "minimum")
    for name, beyond, word in ((most, 1, "most"), (least, -1, "least")):
        limit = limits.get(name)
        if isinstance(limit, int) and (size - limit) * beyond > 0:
            yield Fault(node.place, f"{where} must have at {word} {limit}{what}")


def _shape(kind: Kind) -> str:
    return "object" if kind.name == "map" else kind.name


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def said(kind: Kind) -> str:
    """Return a kind in words."""
    words = {"string": "text", "list": "an array", "map": "an object", "object": "an object", "int": "a number"}
    return words.get(kind.name, f"a {kind.name}")


def near(name: str, names: Iterable[str]) -> str:
    """Return the name that may be meant, in brackets."""
    found = difflib.get_close_matches(name, list(names), 1, 0.6)
    return f" (is {found[0]} meant?)" if found else ""
