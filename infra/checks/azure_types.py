"""The types of Azure's resources, as they were kept from the clients' wheels: one file for each type and version.

build/infra/schemas/azure/microsoft.web.sites@2025-05-01.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from azure_models import Client, clients

_RULES = Path(__file__).parent / "rules/azure-types.json"
_ALWAYS = ("id", "type", "apiVersion")


@dataclass(frozen=True)
class Kind:
    """What a value is: `string`, `int`, `bool`, `null`, `any`, `list` or `map` of *inner*, `object` of a *model*.

    *values* are those that it can have, if they are few.
    """

    name: str
    inner: Kind | None = None
    model: Model | None = None
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Property:
    """A property: what it is, and whether it must be given, or cannot."""

    kind: Kind
    required: bool = False
    readonly: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)


class Model:
    """The properties of an object, and *more*, what those are whose names are free.

    Args:
        properties: By name.
        more: What others are, None if there can be none.
        discriminator: The property whose value tells which variant it is.
        variants: By that value.
    """

    def __init__(
        self,
        properties: Mapping[str, Property],
        more: Kind | None = None,
        discriminator: str = "",
        variants: Mapping[str, Model] | None = None,
    ) -> None:
        self.more, self.discriminator = more, discriminator
        self._properties, self._variants = properties, variants or {}

    @property
    def properties(self) -> Mapping[str, Property]:
        """The properties, by name."""
        return self._properties

    @property
    def variants(self) -> Mapping[str, Model]:
        """The variants, by the discriminator's value."""
        return self._variants


class _Kept(Model):
    """A model as it lies in a file; it may hold itself."""

    def __init__(self, name: str, models: dict[str, Any]) -> None:
        self._raw, self._models = models[name], models
        more = self._raw.get("more")
        super().__init__({}, more and self._kind(more), self._raw.get("discriminator", ""))

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        return {name: self._property(each) for name, each in self._raw["properties"].items()}

    @cached_property
    def variants(self) -> Mapping[str, Model]:
        return {value: _Kept(name, self._models) for value, name in self._raw.get("variants", {}).items()}

    def _property(self, raw: dict[str, Any]) -> Property:
        limits = {name: each for name, each in raw.items() if name not in ("type", "required", "readonly")}
        return Property(self._kind(raw["type"]), raw.get("required", False), raw.get("readonly", False), limits)

    def _kind(self, raw: Any) -> Kind:
        if isinstance(raw, str):
            return Kind({"number": "int"}.get(raw, raw))
        ((name, inner),) = raw.items()
        if name == "enum":
            return Kind("int" if isinstance(inner[0], int) else "string", values=tuple(inner))
        if name == "model":
            return Kind("object", model=_Kept(inner, self._models))
        return Kind(name, inner=self._kind(inner))


@dataclass(frozen=True)
class Types:
    """All types in a folder."""

    folder: Path

    def versions(self, name: str) -> list[str]:
        """Return the versions of a type, oldest first."""
        return sorted(path.stem.partition("@")[2] for path in self.folder.glob(_file(f"{name}@*")))

    def resource(self, spec: str, name: str | None) -> Model | None:
        """Return the model of `Microsoft.Web/sites@2025-05-01`; None if it is not kept.

        Args:
            spec: Type and version.
            name: The resource's own name, where it is known: some types are others by another name.
        """
        path = self.folder / _file(spec)
        if not path.exists():
            return None
        kept = json.loads(path.read_text())
        bodies = kept["bodies"]
        told = bodies.get(name) or bodies.get("*") or next(iter(bodies.values()))
        answer = _Kept(told["answer"], kept["models"]) if told["answer"] else None
        return _whole(_Kept(told["body"], kept["models"]), answer, _required(spec))


def keep(wheel: Path, folder: Path) -> None:
    """Write the types that a wheel holds into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for spec, kept in _resources(clients(wheel)):
        (folder / _file(spec)).write_text(json.dumps(kept, separators=(",", ":")))


def _resources(found: list[Client]) -> Iterator[tuple[str, dict[str, Any]]]:
    for client in found:
        yield from client.resources()


def _file(spec: str) -> str:
    return spec.lower().replace("/", ".") + ".json"


def _required(spec: str) -> set[str]:
    """Return what else must be given: older clients lost it where `properties` itself need not be."""
    rules: dict[str, list[str]] = json.loads(_RULES.read_text())["required"]
    return set(rules.get(spec.partition("@")[0], ()))


def _whole(body: Model, answer: Model | None, required: set[str]) -> Model:
    """Return the model of a resource: what is put, and what is answered beside it."""
    properties = _joined(body, answer, required)
    inner, told = body.properties.get("properties"), answer.properties.get("properties") if answer else None
    if inner and inner.kind.model and not inner.kind.model.discriminator:
        deeper = {each.partition(".")[2] for each in required if "." in each}
        model = Model(_joined(inner.kind.model, told.kind.model if told else None, deeper), inner.kind.model.more)
        properties["properties"] = replace(properties["properties"], kind=Kind("object", model=model))
    text = Kind("string")
    properties |= {name: Property(text, readonly=True) for name in _ALWAYS}
    return Model(properties | {"name": Property(text, required=True)}, body.more)


def _joined(body: Model, answer: Model | None, required: set[str]) -> dict[str, Property]:
    more = answer.properties if answer else {}
    found = {name: replace(each, required=False, readonly=True) for name, each in more.items()} | dict(body.properties)
    return {name: replace(each, required=True) if name in required else each for name, each in found.items()}
