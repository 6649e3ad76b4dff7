"""What kind of value an expression of Bicep has, as far as it can be told without working it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from azure_types import Kind, Model, Property
from bicep_tokens import BicepError
from bicep_tree import Declaration, Node, Source

ANY, TEXT, INT, BOOL, NULL = (Kind(name) for name in ("any", "string", "int", "bool", "null"))
LIST, OBJECT = Kind("list", inner=ANY), Kind("object", model=Model({}, more=ANY))
_NAMED = {"string": TEXT, "int": INT, "bool": BOOL, "object": OBJECT, "array": LIST}
_OF_SCOPE = ("displayName", "id", "location", "name", "subscriptionId", "tenantId")
_SCOPE = Kind("object", model=Model({name: Property(TEXT) for name in _OF_SCOPE}))

# By function: the fewest and most arguments, and what comes out.
FUNCTIONS: dict[str, tuple[int, int, Kind]] = {
    "any": (1, 1, ANY),
    "concat": (1, 99, ANY),
    "contains": (2, 2, BOOL),
    "empty": (1, 1, BOOL),
    "endsWith": (2, 2, BOOL),
    "fail": (1, 1, ANY),
    "filter": (2, 2, LIST),
    "first": (1, 1, ANY),
    "flatten": (1, 1, LIST),
    "format": (1, 99, TEXT),
    "guid": (1, 99, TEXT),
    "indexOf": (2, 2, INT),
    "int": (1, 1, INT),
    "items": (1, 1, LIST),
    "join": (2, 2, TEXT),
    "json": (1, 1, ANY),
    "last": (1, 1, ANY),
    "length": (1, 1, INT),
    "loadJsonContent": (1, 1, ANY),
    "loadTextContent": (1, 1, TEXT),
    "loadYamlContent": (1, 1, ANY),
    "map": (2, 2, LIST),
    "max": (1, 99, INT),
    "min": (1, 99, INT),
    "objectKeys": (1, 1, Kind("list", inner=TEXT)),
    "padLeft": (2, 3, TEXT),
    "range": (2, 2, Kind("list", inner=INT)),
    "reduce": (3, 3, ANY),
    "replace": (3, 3, TEXT),
    "resourceGroup": (0, 2, _SCOPE),
    "skip": (2, 2, ANY),
    "sort": (2, 2, LIST),
    "split": (2, 2, Kind("list", inner=TEXT)),
    "startsWith": (2, 2, BOOL),
    "string": (1, 1, TEXT),
    "subscription": (0, 1, _SCOPE),
    "subscriptionResourceId": (2, 9, TEXT),
    "substring": (2, 3, TEXT),
    "take": (2, 2, ANY),
    "tenant": (0, 0, _SCOPE),
    "toLower": (1, 1, TEXT),
    "toObject": (2, 3, OBJECT),
    "toUpper": (1, 1, TEXT),
    "trim": (1, 1, TEXT),
    "union": (2, 99, ANY),
    "uniqueString": (1, 99, TEXT),
}
LOADED: Mapping[str, Callable[[str], Any]] = {
    "loadJsonContent": json.loads,
    "loadTextContent": str,
    "loadYamlContent": yaml.safe_load,
}
_AT_START = ("id", "name", "type", "apiVersion")


def loaded(call: Node, source: Source) -> Any:
    """Return what `loadJsonContent('file')` and the like hold.

    Raises:
        BicepError: There is no such file, or it is not what it should be.
    """
    given = call.parts[0].value if call.parts and call.parts[0].kind == "literal" else None
    if not isinstance(given, str):
        raise BicepError(call.place, f"{call.value} needs a plain text: the file is read when Bicep is compiled")
    path = source.path.parent / given
    if not path.is_file():
        raise BicepError(call.place, f"there is no file {given}")
    try:
        return LOADED[call.value](path.read_text())
    except (ValueError, yaml.YAMLError) as error:
        raise BicepError(call.place, f"{given} is not what {call.value} reads") from error


@dataclass(frozen=True)
class Scope:
    """What names stand for in one file.

    Args:
        source: The file.
        models: By resource or module, the model of what can be read from it.
        bound: The names of loops and functions around the expression.
    """

    source: Source
    models: Mapping[str, Model]
    bound: Mapping[str, Kind]

    def within(self, **names: Kind) -> Scope:
        """Return the scope with names of a loop."""
        return replace(self, bound={**self.bound, **names})

    def of(self, node: Node | None) -> Kind:
        """Return the kind of an expression; `any` if it cannot be told."""
        read = getattr(self, f"_of_{node.kind}", None) if node is not None else None
        return read(node) if read else ANY

    def _of_literal(self, node: Node) -> Kind:
        return kind_of(node.value)

    def _of_text(self, _: Node) -> Kind:
        return TEXT

    def _of_name(self, node: Node) -> Kind:
        if node.value in self.bound:
            return self.bound[node.value]
        found = self.source.of("param", "var", "resource", "module").get(node.value)
        if found is None:
            return ANY
        if found.kind == "param":
            return of_parameter(found, self.source)
        if found.kind == "var":
            return replace(self, bound={}).of(found.value)
        one = Kind("object", model=self.models.get(found.name, OBJECT.model))
        return Kind("list", inner=one) if found.value and found.value.kind == "for" else one

    def _of_get(self, node: Node) -> Kind:
        model = self.of(node.parts[0]).model
        if model is None:
            return ANY
        told = properties_of(model).get(node.value)
        return told.kind if told else model.more or ANY

    def _of_index(self, node: Node) -> Kind:
        outer, at = self.of(node.parts[0]), node.parts[1]
        if outer.model and at.kind == "literal" and at.value in properties_of(outer.model):
            return properties_of(outer.model)[at.value].kind
        return outer.inner or (outer.model and outer.model.more) or ANY

    def _of_nested(self, node: Node) -> Kind:
        return Kind("object", model=self.models.get(node.value, OBJECT.model))

    def _of_call(self, node: Node) -> Kind:
        if node.value in ("loadJsonContent", "loadYamlContent"):
            try:
                return kind_of(loaded(node, self.source))
            except BicepError:
                return ANY
        return FUNCTIONS.get(node.value, (0, 0, ANY))[2]

    def _of_unary(self, node: Node) -> Kind:
        return self.of(node.parts[0]) if node.value == "!!" else BOOL if node.value == "!" else INT

    def _of_binary(self, node: Node) -> Kind:
        if node.value == "??":
            left, right = (self.of(part) for part in node.parts)
            return Kind(left.name) if left.name == right.name and left.inner is None and left.model is None else ANY
        return INT if node.value in "+-*/%" else BOOL

    def _of_choice(self, node: Node) -> Kind:
        yes, no = (self.of(part) for part in node.parts[1:])
        return yes if yes == no else Kind(yes.name, inner=yes.inner and ANY) if yes.name == no.name != "object" else ANY

    def _of_array(self, node: Node) -> Kind:
        kinds = {self.of(part).name for part in node.parts}
        plain = len(kinds) == 1 and kinds <= {"string", "int", "bool"}
        return Kind("list", inner=Kind(min(kinds))) if plain else LIST

    def _of_for(self, node: Node) -> Kind:
        return Kind("list", inner=self.bind(node).of(node.parts[1]))

    def _of_object(self, node: Node) -> Kind:
        if any(part.kind != "property" or part.value is None for part in node.parts):
            return OBJECT
        return Kind("object", model=Model({part.value: Property(self.of(part.parts[-1])) for part in node.parts}))

    def bind(self, loop: Node) -> Scope:
        """Return the scope inside of a loop."""
        inner = self.of(loop.parts[0]).inner or ANY
        return self.within(**dict(zip(loop.value, (inner, INT), strict=False)))

    def runs(self, node: Node) -> Node | None:
        """Return what in an expression is known only when resources are there; None if all is known before."""
        if node.kind == "get" and (known := self._deployed(node.parts[0])):
            return None if known == "resource" and node.value in _AT_START else node
        if node.kind == "name" and node.value not in self.bound:
            found = self.source.of("var").get(node.value)
            return replace(self, bound={}).runs(found.value) if found and found.value else None
        inner = self.within(**dict.fromkeys(node.value, ANY)) if node.kind in ("for", "lambda") else self
        return next((each for each in map(inner.runs, node.parts) if each), None)

    def _deployed(self, node: Node) -> str:
        """Return whether this is a `resource` or a `module`."""
        if node.kind == "index" or (node.kind == "unary" and node.value == "!!"):
            return self._deployed(node.parts[0])
        if node.kind == "nested":
            return "resource"
        found = self.source.of("resource", "module").get(node.value) if node.kind == "name" else None
        return found.kind if found and node.value not in self.bound else ""


def properties_of(model: Model) -> dict[str, Property]:
    """Return the properties of a model and of all its variants."""
    return {name: each for one in (model, *model.variants.values()) for name, each in one.properties.items()}


def kind_of(value: Any) -> Kind:
    """Return the kind of a value of JSON."""
    if isinstance(value, dict):
        return Kind("object", model=Model({name: Property(kind_of(each)) for name, each in value.items()}))
    if isinstance(value, list):
        return Kind("list", inner=kind_of(value[0]) if value and all(type(e) is type(value[0]) for e in value) else ANY)
    if value is None:
        return NULL
    name = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "string"
    return Kind(name, values=() if name == "bool" else (value,))


def of_type(node: Node, source: Source) -> Kind:
    """Return the kind that a type stands for."""
    if node.kind == "name":
        declared = source.of("type").get(node.value)
        return of_type(declared.type, source) if declared and declared.type else _NAMED.get(node.value, ANY)
    if node.kind == "literal":
        return kind_of(node.value)
    inner = [of_type(part, source) for part in node.parts if node.kind != "object"]
    if node.kind == "object":
        return Kind("object", model=_of_properties(node, source))
    if node.kind == "array":
        return Kind("list", inner=inner[0])
    return (
        inner[0] if node.kind == "optional" else Kind(inner[0].name, values=tuple(v for k in inner for v in k.values))
    )


def _of_properties(node: Node, source: Source) -> Model:
    told = {part.value: part.parts[-1] for part in node.parts}
    more = told.pop("*", None)
    properties = {
        name: Property(of_type(each, source), required=each.kind != "optional") for name, each in told.items()
    }
    return Model(properties, more=of_type(more, source) if more else None)


def of_parameter(declared: Declaration, source: Source) -> Kind:
    """Return the kind of a parameter."""
    kind = of_type(declared.type, source) if declared.type else ANY
    allowed = declared.decorator("allowed")
    return replace(kind, values=tuple(part.value for part in allowed.parts)) if allowed else kind


def of_parameters(source: Source) -> Model:
    """Return the model of what a file must and can be given."""
    found = {}
    for name, each in source.of("param").items():
        optional = each.value is not None or (each.type is not None and each.type.kind == "optional")
        found[name] = Property(of_parameter(each, source), required=not optional)
    return Model(found)


def of_outputs(source: Source) -> Model:
    """Return the model of a module that was deployed."""
    told = {
        name: Property(of_type(each.type, source) if each.type else ANY, readonly=True)
        for name, each in source.of("output").items()
    }
    return Model({"outputs": Property(Kind("object", model=Model(told))), "name": Property(TEXT)})
