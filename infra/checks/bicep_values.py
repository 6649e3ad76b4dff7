"""What a deployment of Bicep makes: its files worked out as Azure would, with the names of what is known only there.

It stops at anything that it does not know. A value that Azure chooses is the text `<ID#properties.name>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bicep_functions import FUNCTIONS, compared, plain, worked
from bicep_kinds import LOADED, loaded
from bicep_syntax import read
from bicep_tokens import BicepError
from bicep_tree import Declaration, Node, Source

_LIMITS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minLength": ("is too short", lambda value, limit: len(value) >= limit),
    "maxLength": ("is too long", lambda value, limit: len(value) <= limit),
    "minValue": ("is too small", lambda value, limit: value >= limit),
    "maxValue": ("is too large", lambda value, limit: value <= limit),
    "allowed": ("is not allowed", lambda value, limit: value in limit),
}


@dataclass(frozen=True)
class Place:
    """A resource group."""

    subscription: str
    group: str
    location: str

    @property
    def id(self) -> str:
        """Its ID."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    def scope(self, *given: str) -> dict[str, str]:
        """Return what `resourceGroup(...)` is."""
        group = given[-1] if given else self.group
        subscription = given[0] if len(given) > 1 else self.subscription
        return {"id": f"/subscriptions/{subscription}/resourceGroups/{group}", "name": group, "location": self.location}


@dataclass(frozen=True)
class Resource:
    """A resource as other parts of a file see it."""

    id: str
    name: str
    type: str

    def get(self, name: str) -> Any:
        """Return its ID, name or type; of all else that Azure will tell it."""
        return {"id": self.id, "name": self.name, "type": self.type}.get(name, Told(f"<{self.id}#{name}>"))


class Told(str):
    """What Azure tells when the resource is there."""

    __slots__ = ()

    def get(self, name: str) -> Told:
        """Return what is in it."""
        return Told(f"{self[:-1]}.{name}>")


@dataclass
class Deployment:
    """What a file makes, and all that its modules make."""

    resources: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)


def deployed(parameters: Path, place: Place) -> Deployment:
    """Return what a file of parameters makes in a resource group.

    Raises:
        BicepError: Something in it is not known here, or Azure would refuse it.
    """
    given = read(parameters)
    (using,) = given.of("using").values()
    scope = _File(given, place, {})
    values = {name: scope.value(each.value) for name, each in given.of("param").items() if each.value}
    target = using.value.value if using.value else ""
    return _File(read(parameters.parent / target), place, values).deployed()


def told(parameters: Path) -> dict[str, Any]:
    """Return what a file of parameters makes in a made-up resource group, or `error`, why it makes nothing."""
    try:
        made = deployed(parameters, Place("00000000-1111-2222-3333-444444444444", "models", "westeurope"))
    except BicepError as error:
        return {"error": str(error)}
    return {"resources": made.resources, "outputs": made.outputs}


class _File:
    """One file with its parameters."""

    def __init__(self, source: Source, place: Place, given: Mapping[str, Any]) -> None:
        self._source, self._place, self._given = source, place, given
        self._declared = source.of("param", "var", "resource", "module")
        self._known: dict[str, Any] = {}
        self._made = Deployment()
        self._parents: dict[str, Declaration] = {}
        for each in source.of("resource").values():
            self._find_nested(each)

    def _find_nested(self, outer: Declaration) -> None:
        for part in _body(outer).parts:
            if part.kind == "resource":
                self._declared[part.value.name], self._parents[part.value.name] = part.value, outer
                self._find_nested(part.value)

    def deployed(self) -> Deployment:
        unknown = self._given.keys() - self._source.of("param").keys()
        if unknown:
            raise BicepError(0, f"{self._source.path.name} has no parameter {', '.join(sorted(unknown))}")
        for name in self._declared:
            if self._declared[name].kind != "var":
                self._name(name)
        for name, each in self._source.of("output").items():
            if each.value is not None:
                self._made.outputs[name] = self.value(each.value)
        return self._made

    # ---- names

    def _name(self, name: str) -> Any:
        if name not in self._known:
            declared = self._declared[name]
            self._known[name] = getattr(self, f"_{declared.kind}")(declared)
        return self._known[name]

    def _param(self, declared: Declaration) -> Any:
        optional = declared.type is not None and declared.type.kind == "optional"
        if declared.name not in self._given and declared.value is None and not optional:
            raise BicepError(declared.place, f"{self._source.path.name} needs the parameter {declared.name}")
        default = self.value(declared.value) if declared.value else None
        value = self._given.get(declared.name, default)
        for said in declared.said:
            if said.value in _LIMITS and value is not None and not isinstance(value, Told):
                what, holds = _LIMITS[said.value]
                if not holds(value, self.value(said.parts[0])):
                    raise BicepError(declared.place, f"{declared.name} {what}: {value!r}")
        return value

    def _var(self, declared: Declaration) -> Any:
        return self.value(declared.value) if declared.value else None

    def _resource(self, declared: Declaration) -> Any:
        return self._each(declared, declared.value, {}, self._one_resource)

    def _module(self, declared: Declaration) -> Any:
        return self._each(declared, declared.value, {}, self._one_module)

    def _each(
        self, declared: Declaration, node: Node | None, bound: Mapping[str, Any], make: Any, *, on: bool = True
    ) -> Any:
        if node is None:
            raise BicepError(declared.place, f"{declared.name} has no body")
        if node.kind == "for":
            return [self._each(declared, node.parts[1], inner, make, on=on) for inner in self._turns(node, bound)]
        if node.kind == "if":
            on = on and self.value(node.parts[0], bound) is True
            return self._each(declared, node.parts[1], bound, make, on=on)
        return make(declared, node, bound, on)

    def _one_resource(self, declared: Declaration, body: Node, bound: Mapping[str, Any], on: bool) -> Resource:
        values = {
            part.value: part.parts[-1] for part in body.parts if part.kind == "property" and part.value is not None
        }
        name = self.value(values["name"], bound)
        outer = self._parents.get(declared.name)
        parent = self._name(outer.name) if outer else self._of(values, "parent", bound)
        scope = self._of(values, "scope", bound)
        kind, _, version = declared.spec.partition("@")
        if outer:
            kind = f"{parent.type}/{kind}"
        home = scope.id if isinstance(scope, Resource) else (scope or {"id": self._place.id})["id"]
        own = f"{parent.id}/{kind.rpartition('/')[2]}/{name}" if parent else _id(home, kind, name)
        made = Resource(own, name, kind)
        if on and not declared.existing:
            inner = {
                key: self.value(each, bound)
                for key, each in values.items()
                if key not in ("parent", "scope", "dependsOn")
            }
            told = {"type": kind, "apiVersion": version, "id": own, "scope": home if scope else None}
            self._made.resources.append(plain(inner | told))
        return made

    def _one_module(self, declared: Declaration, body: Node, bound: Mapping[str, Any], on: bool) -> Any:
        if not on:
            return None
        params, scope = body.property("params"), body.property("scope")
        place = self._place
        if scope is not None:
            _, _, subscription, _, group = self.value(scope, bound)["id"].split("/")
            place = Place(subscription, group, self._place.location)
        given = self.value(params, bound) if params else {}
        made = _File(read(self._source.path.parent / declared.spec), place, given).deployed()
        self._made.resources += made.resources
        return {"outputs": made.outputs}

    def _of(self, values: Mapping[str, Node], name: str, bound: Mapping[str, Any]) -> Any:
        return self.value(values[name], bound) if name in values else None

    def _turns(self, loop: Node, bound: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for at, each in enumerate(self.value(loop.parts[0], bound)):
            yield {**bound, **dict(zip(loop.value, (each, at), strict=False))}

    # ---- expressions

    def value(self, node: Node, bound: Mapping[str, Any] | None = None) -> Any:
        """Return what an expression is worth."""
        read_it = getattr(self, f"_of_{node.kind}", None)
        if read_it is None:
            raise BicepError(node.place, f"a part of kind {node.kind} cannot be worked out here")
        try:
            return read_it(node, bound or {})
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise BicepError(
                node.place, f"{self._source.where(node.place)}: this cannot be worked out: {error!r}"
            ) from error

    def _of_literal(self, node: Node, _: Mapping[str, Any]) -> Any:
        return node.value

    def _of_text(self, node: Node, bound: Mapping[str, Any]) -> str:
        return "".join(FUNCTIONS["string"](self.value(part, bound)) for part in node.parts)

    def _of_name(self, node: Node, bound: Mapping[str, Any]) -> Any:
        return bound[node.value] if node.value in bound else self._name(node.value)

    def _of_get(self, node: Node, bound: Mapping[str, Any]) -> Any:
        return _in(self.value(node.parts[0], bound), node.value, maybe=_may(node))

    def _of_index(self, node: Node, bound: Mapping[str, Any]) -> Any:
        return _in(self.value(node.parts[0], bound), self.value(node.parts[1], bound), maybe=_may(node))

    def _of_nested(self, node: Node, _: Mapping[str, Any]) -> Any:
        return self._name(node.value)

    def _of_call(self, node: Node, bound: Mapping[str, Any]) -> Any:
        if node.value in LOADED:
            return loaded(node, self._source)
        if node.value == "resourceGroup":
            return self._place.scope(*(self.value(part, bound) for part in node.parts))
        if node.value == "subscription":
            return {"id": f"/subscriptions/{self._place.subscription}", "subscriptionId": self._place.subscription}
        given = [self.value(part, bound) for part in node.parts]
        if node.value == "subscriptionResourceId":
            return f"/subscriptions/{self._place.subscription}/providers/{given[0]}/{given[1]}"
        return FUNCTIONS[node.value](*given)

    def _of_unary(self, node: Node, bound: Mapping[str, Any]) -> Any:
        value = self.value(node.parts[0], bound)
        if node.value == "!!":
            if value is None:
                raise BicepError(node.place, "this is null, and must not be")
            return value
        return worked(node.value, 0, value) if node.value in "+-" else not value

    def _of_binary(self, node: Node, bound: Mapping[str, Any]) -> Any:
        left = self.value(node.parts[0], bound)
        if node.value == "??":
            return self.value(node.parts[1], bound) if left is None else left
        if node.value in ("&&", "||"):
            return self.value(node.parts[1], bound) if left is (node.value == "&&") else left
        right = self.value(node.parts[1], bound)
        return worked(node.value, left, right) if node.value in "+-*/%" else compared(node.value, left, right)

    def _of_choice(self, node: Node, bound: Mapping[str, Any]) -> Any:
        return self.value(node.parts[1 if self.value(node.parts[0], bound) is True else 2], bound)

    def _of_array(self, node: Node, bound: Mapping[str, Any]) -> list[Any]:
        return [self.value(part, bound) for part in node.parts]

    def _of_object(self, node: Node, bound: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for part in node.parts:
            if part.kind == "property":
                key = part.value if part.value is not None else self.value(part.parts[0], bound)
                found[key] = self.value(part.parts[-1], bound)
            elif part.kind == "spread":
                found |= self.value(part.parts[0], bound)
        return found

    def _of_for(self, node: Node, bound: Mapping[str, Any]) -> list[Any]:
        return [self.value(node.parts[1], inner) for inner in self._turns(node, bound)]

    def _of_lambda(self, node: Node, bound: Mapping[str, Any]) -> Callable[..., Any]:
        return lambda *given: self.value(node.parts[0], {**bound, **dict(zip(node.value, given, strict=False))})


def _in(value: Any, key: Any, *, maybe: bool) -> Any:
    """Return what a value has under a name or at a place."""
    if isinstance(value, (Resource, Told)) and isinstance(key, str):
        return value.get(key)
    if maybe and (value is None or (isinstance(value, dict) and key not in value)):
        return None
    return value[key]


def _may(node: Node) -> bool:
    """Return whether something may be absent: here, or further to the left."""
    return node.maybe or (node.kind in ("get", "index") and _may(node.parts[0]))


def _id(home: str, kind: str, name: str) -> str:
    namespace, *types = kind.split("/")
    pairs = zip(types, name.split("/"), strict=True)
    return f"{home}/providers/{namespace}/" + "/".join(f"{each}/{own}" for each, own in pairs)


def _body(declared: Declaration) -> Node:
    node = declared.value
    while node is not None and node.kind in ("for", "if"):
        node = node.parts[1]
    return node or Node("object", declared.place)
