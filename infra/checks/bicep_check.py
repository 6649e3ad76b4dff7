"""Checks Bicep without its compiler: what is written, against Azure's types and what else is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import bicep_fit as fit
from azure_types import Kind, Model, Types
from bicep_fit import Fault, near, said
from bicep_kinds import (
    ANY,
    FUNCTIONS,
    LOADED,
    Scope,
    loaded,
    of_outputs,
    of_parameters,
    properties_of,
)
from bicep_syntax import read
from bicep_tokens import BicepError
from bicep_tree import Declaration, Node, Source

_TYPES = {"string", "int", "bool", "object", "array"}
_DECORATORS = {
    "description",
    "minLength",
    "maxLength",
    "minValue",
    "maxValue",
    "allowed",
    "secure",
    "batchSize",
    "sealed",
}
_BESIDE = {"parent", "scope", "dependsOn"}
_AROUND = {"for", "if"}


def faults(path: Path, types: Types) -> Iterator[str]:
    """Yield what is wrong with a file, one line each."""
    try:
        source = read(path)
    except BicepError as error:
        yield f"{Source(path, path.read_text(), ()).where(error.place)}: {error}"
        return
    for each in sorted(set(_Check(source, types).all()), key=lambda fault: fault.place):
        yield f"{source.where(each.place)}: {each.message}"


@dataclass(frozen=True)
class _Deployed:
    """A resource, with its type in full and its parent."""

    declared: Declaration
    spec: str
    model: Model | None
    outer: str


class _Check:
    def __init__(self, source: Source, types: Types) -> None:
        self._source, self._types = source, types
        self._declared = source.of("param", "var", "resource", "module", "type")
        self._resources = {each.declared.name: each for each in self._all_resources()}

    @cached_property
    def _scope(self) -> Scope:
        models = {name: each.model for name, each in self._resources.items() if each.model}
        for name, each in self._source.of("module").items():
            inner = self._inner(each)
            models |= {name: of_outputs(inner)} if inner else {}
        return Scope(self._source, models, {})

    def all(self) -> Iterator[Fault]:
        yield from self._declarations()
        for resource in self._resources.values():
            yield from self._resource(resource)
        for module in self._source.of("module").values():
            yield from self._module(module)
        yield from self._parameters()
        for each in self._source.declarations:
            yield from self._expressions(each)
            if each.kind in ("param", "output") and each.value and each.type:
                wanted = of_parameters(Source(self._source.path, "", (each, *self._source.of("type").values())))
                kind = wanted.properties[each.name].kind if each.kind == "param" else ANY
                yield from fit.value(each.value, kind, each.name, self._scope)
        yield from self._unused()

    # ---- declarations

    def _declarations(self) -> Iterator[Fault]:
        seen: set[str] = set()
        for each in self._source.declarations:
            kind = each.kind if each.kind in ("output", "metadata") else ""
            if f"{kind} {each.name}" in seen:
                yield Fault(each.place, f"{each.name} is declared twice")
            seen.add(f"{kind} {each.name}")
            yield from (
                Fault(said.place, f"there is no decorator {said.value}")
                for said in each.said
                if said.value not in _DECORATORS
            )
            if each.kind in ("param", "output") and each.type and each.decorator("description") is None:
                yield Fault(each.place, f"{each.kind} {each.name} needs a description")
            for part in each.type.walk() if each.type else ():
                if part.kind == "name" and part.value not in _TYPES and part.value not in self._source.of("type"):
                    yield Fault(part.place, f"there is no type {part.value}{near(part.value, _TYPES)}")
        if self._source.path.suffix == ".bicep" and "targetScope" not in {e.kind for e in self._source.declarations}:
            yield Fault(0, "targetScope must be stated")

    def _unused(self) -> Iterator[Fault]:
        nodes = [part for each in self._source.declarations for part in (each.value, each.type) if part]
        used = {part.value for node in nodes for part in node.walk() if part.kind == "name"}
        for name, each in self._source.of("param", "var", "type").items():
            if name not in used and each.type is not each.value and self._source.path.suffix == ".bicep":
                yield Fault(each.place, f"{each.kind} {name} is never used")

    # ---- expressions

    def _expressions(self, declared: Declaration) -> Iterator[Fault]:
        if declared.value is not None and declared.kind != "using":
            yield from self._expression(declared.value, self._scope)

    def _expression(self, node: Node, scope: Scope) -> Iterator[Fault]:
        yield from self._alone(node, scope)
        if node.kind == "for":
            yield from self._expression(node.parts[0], scope)
            yield from self._early(node.parts[0], scope, "what a loop goes over")
            yield from self._expression(node.parts[1], scope.bind(node))
            return
        inner = scope.within(**dict.fromkeys(node.value, ANY)) if node.kind == "lambda" else scope
        for part in (node.value.value,) if node.kind == "resource" else node.parts:
            yield from self._expression(part, inner)

    def _alone(self, node: Node, scope: Scope) -> Iterator[Fault]:
        """Yield what is wrong with a part, but not with what is in it."""
        if node.kind == "name" and node.value not in scope.bound and node.value not in self._declared:
            yield Fault(node.place, f"{node.value} is not declared{near(node.value, self._declared)}")
        if node.kind == "nested" and node.value not in self._resources:
            yield Fault(node.place, f"there is no resource {node.value}")
        if node.kind == "call":
            yield from self._call(node)
        if node.kind == "get":
            yield from self._read(node, scope)

    def _call(self, node: Node) -> Iterator[Fault]:
        if node.value not in FUNCTIONS:
            yield Fault(node.place, f"there is no function {node.value} here{near(node.value, FUNCTIONS)}")
            return
        fewest, most, _ = FUNCTIONS[node.value]
        if not fewest <= len(node.parts) <= most:
            yield Fault(node.place, f"{node.value} takes {fewest} to {most} arguments, not {len(node.parts)}")
        if node.value in LOADED:
            try:
                loaded(node, self._source)
            except BicepError as error:
                yield Fault(error.place, str(error))

    def _read(self, node: Node, scope: Scope) -> Iterator[Fault]:
        outer = scope.of(node.parts[0])
        if outer.name in ("string", "int", "bool", "list"):
            yield Fault(node.place, f"{said(outer)} has no property {node.value}")
        if outer.model is None or outer.model.more or node.maybe:
            return
        names = properties_of(outer.model)
        if node.value not in names:
            yield Fault(node.place, f"there is no property {node.value} to read{near(node.value, names)}")

    def _early(self, node: Node, scope: Scope, what: str) -> Iterator[Fault]:
        if late := scope.runs(node):
            yield Fault(late.place, f"{what} must be known before anything is deployed, and {late.value} is not")

    # ---- resources and modules

    def _all_resources(self) -> Iterator[_Deployed]:
        for each in self._source.of("resource").values():
            yield from self._with_nested(each, "")

    def _with_nested(self, declared: Declaration, outer: str) -> Iterator[_Deployed]:
        spec = declared.spec
        if outer and "." not in spec.partition("@")[0]:
            kind, _, version = spec.partition("@")
            spec = f"{outer.partition('@')[0]}/{kind}@{version or outer.partition('@')[2]}"
        name = declared.value.property("name") if declared.value else None
        fixed = name.value if name is not None and name.kind == "literal" else None
        yield _Deployed(declared, spec, self._types.resource(spec, fixed), outer)
        for part in _body(declared).parts:
            if part.kind == "resource":
                yield from self._with_nested(part.value, spec)

    def _resource(self, resource: _Deployed) -> Iterator[Fault]:
        declared, body = resource.declared, _body(resource.declared)
        if resource.model is None:
            kind = resource.spec.partition("@")[0]
            known = ", ".join(self._types.versions(kind))
            told = f"{kind} is known here at {known}" if known else f"there is no type {kind} here"
            yield Fault(declared.place, told)
            return
        scope, node = self._scope, declared.value
        while node is not None and node.kind in _AROUND:
            if node.kind == "if":
                yield from self._early(node.parts[0], scope, "a condition")
            scope = scope.bind(node) if node.kind == "for" else scope
            node = node.parts[1]
        for key in ("name", "parent", "scope"):
            if value := body.property(key):
                yield from self._early(value, scope, f"the {key} of {declared.name}")
        yield from self._belongs(resource, body)
        given = {part.value for part in body.parts}
        if declared.existing:
            yield from (Fault(declared.place, "an existing resource needs a name") for _ in range("name" not in given))
            return
        yield from fit.object_of(body, resource.model, "", scope, beside=_BESIDE)

    def _belongs(self, resource: _Deployed, body: Node) -> Iterator[Fault]:
        parent, kind = body.property("parent"), resource.spec.partition("@")[0]
        name = parent.parts[0] if parent is not None and parent.kind == "index" else parent
        outer = self._resources.get(name.value) if name is not None and name.kind in ("name", "nested") else None
        if outer and outer.spec.partition("@")[0].lower() != kind.rpartition("/")[0].lower():
            yield Fault(body.place, f"{kind} does not lie in {outer.spec.partition('@')[0]}")
        if not resource.outer and kind.count("/") > 1 and parent is None and not resource.declared.existing:
            yield Fault(body.place, f"{kind} needs a parent")

    def _inner(self, declared: Declaration) -> Source | None:
        path = self._source.path.parent / declared.spec
        try:
            return read(path) if path.is_file() else None
        except BicepError:
            return None

    def _module(self, declared: Declaration) -> Iterator[Fault]:
        inner = self._inner(declared)
        if inner is None:
            yield Fault(declared.place, f"there is no module {declared.spec} that can be read")
            return
        scope, node = self._scope, declared.value
        if node is not None and node.kind == "for":
            scope = scope.bind(node)
        for part in _body(declared).parts:
            if part.value not in ("name", "params", "scope", "dependsOn"):
                yield Fault(part.place, f"a module has no property {part.value}")
        given = _body(declared).property("params") or Node("object", declared.place)
        yield from fit.value(given, Kind("object", model=of_parameters(inner)), "", scope)

    def _parameters(self) -> Iterator[Fault]:
        for using in self._source.of("using").values():
            path = self._source.path.parent / str(using.value.value if using.value else "")
            if not path.is_file():
                yield Fault(using.place, f"there is no file {path.name}")
                return
            model, given = of_parameters(read(path)), self._source.of("param")
            for name, each in given.items():
                if name not in model.properties:
                    yield Fault(each.place, f"{path.name} has no parameter {name}{near(name, model.properties)}")
                elif each.value:
                    yield from fit.value(each.value, model.properties[name].kind, name, self._scope)
            for name, told in model.properties.items():
                if told.required and name not in given:
                    yield Fault(using.place, f"{path.name} needs the parameter {name}")


def _body(declared: Declaration) -> Node:
    node = declared.value
    while node is not None and node.kind in _AROUND:
        node = node.parts[1]
    return node or Node("object", declared.place)
