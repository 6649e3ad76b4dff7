"""The types of Azure's resources, read out of the wheels of Microsoft's management clients, which are not imported.

What a client puts to a resource's address is that resource's type: its models tell each property's name, type, values,
and whether it is required or only read. Two generations of generated code are understood: models with `_attribute_map`,
whose `properties` are flattened into them, and models of `rest_field`. Previews are left out. Lost are, in the older,
what must be given in an object that need not be (rules/azure-types.json has it of the types in use) and the values of
what is only read; in the newer, lengths and ranges. Nothing tells closed enumerations from open ones: all are taken as
closed, which is stricter than Bicep.
"""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

Type = Any  # "string", {"list": TYPE}, {"map": TYPE}, {"enum": [VALUE, ...]} or {"model": NAME}
Model = dict[str, Any]  # properties, by name; discriminator and variants; more, the type of properties without a name

_PLAIN = {"int": "int", "long": "int", "float": "number", "bool": "bool", "object": "any", "Any": "any", "JSON": "any"}
_LIMITS = {"max_length", "min_length", "maximum", "minimum", "max_items", "min_items", "pattern"}
_SHELVES = ("_models", "models")


@dataclass(frozen=True)
class _Put:
    """An address to which a client puts a resource: its type, its name if it can have but one, and what goes there."""

    type: str
    name: str | None
    version: str
    body: str
    answer: str | None


@dataclass
class Client:
    """One client's generated code: all that belongs to one folder `models`."""

    models: list[ast.Module] = field(default_factory=list)
    operations: list[ast.Module] = field(default_factory=list)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Every class of models and of enumerations, by name."""
        return {each.name: each for tree in self.models for each in tree.body if isinstance(each, ast.ClassDef)}

    @cached_property
    def enumerations(self) -> dict[str, list[Any]]:
        """The values of every enumeration, by name."""
        found = {}
        for name, each in self.classes.items():
            if any(isinstance(base, ast.Name) and base.id == "Enum" for base in each.bases):
                found[name] = [value for _, value in _constants(each)]
        return found

    def resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each type of resource with its version, and what is kept of it: bodies by name, and models."""
        together: dict[str, dict[str, _Put]] = {}
        for put in self._puts():
            together.setdefault(f"{put.type}@{put.version}", {}).setdefault(put.name or "*", put)
        for spec, puts in together.items():
            bodies = {name: {"body": put.body, "answer": put.answer} for name, put in puts.items()}
            named = [model for put in puts.values() for model in (put.body, put.answer) if model]
            yield spec, {"bodies": bodies, "models": self._closed(named)}

    def _closed(self, names: Iterable[str]) -> dict[str, Model]:
        """Return models, and those that they name."""
        found: dict[str, Model] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                for each, model in self._model(name):
                    found[each] = model
                    waiting += [*_named(model), *model.get("variants", {}).values()]
        return found

    def _bases(self, name: str) -> Iterator[ast.ClassDef]:
        """Yield a model's class after those that it is made from."""
        for base in self.classes[name].bases:
            if isinstance(base, (ast.Name, ast.Attribute)):
                inner = base.id if isinstance(base, ast.Name) else base.attr
                if inner in self.classes:
                    yield from self._bases(inner)
        yield self.classes[name]

    def _model(self, name: str) -> Iterator[tuple[str, Model]]:
        """Yield a model, and those that stand for the objects which are flattened into it."""
        found: dict[str, Model] = {name: {"properties": {}}}
        for each in self._bases(name):
            parts = dict(_constants(each))
            if "_attribute_map" in parts:
                self._read_maps(name, found, parts, _annotations(each))
            else:
                self._read_fields(found[name], each)
        own = dict(_constants(self.classes[name]))
        if "_subtype_map" in own:
            ((attribute, variants),) = own["_subtype_map"].items()
            found[name] |= {"discriminator": _keys(own["_attribute_map"][attribute]["key"])[-1], "variants": variants}
        elif any(key == "__mapping__" for key in _assigned(self.classes[name])):
            found[name] |= self._variants(name)
        yield from found.items()

    def _read_maps(
        self, name: str, found: dict[str, Model], parts: dict[str, Any], annotations: dict[str, ast.expr]
    ) -> None:
        for attribute, told in parts["_attribute_map"].items():
            rules = parts.get("_validation", {}).get(attribute, {})
            flags = {"required": True} if rules.get("required") else {}
            flags |= {"readonly": True} if rules.get("readonly") else {}
            read = annotations.get(attribute)
            kind = _from_text(told["type"]) if read is None else self._from_annotation(read)
            if not told["key"]:
                found[name]["more"] = kind["map"]
                continue
            *around, key = _keys(told["key"])
            home = name
            for outer in around:
                inner = f"{home}.{outer}"
                place = found[home]["properties"].setdefault(outer, {"type": {"model": inner}})
                place |= {"required": True} if "required" in flags else {}
                found.setdefault(inner, {"properties": {}})
                home = inner
            limits = {limit: rules[limit] for limit in sorted(_LIMITS & rules.keys())}
            found[home]["properties"][key] = {"type": kind, **flags, **limits}

    def _read_fields(self, model: Model, each: ast.ClassDef) -> None:
        for line in each.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.value, ast.Call):
                continue
            options = {option.arg: option.value for option in line.value.keywords}
            name = ast.literal_eval(options["name"]) if "name" in options else getattr(line.target, "id", "")
            told: dict[str, Any] = {"type": self._from_annotation(line.annotation)}
            told |= {} if _is(line.annotation, "Optional") else {"required": True}
            if "visibility" in options and ast.literal_eval(options["visibility"]) == ["read"]:
                told = {"type": told["type"], "readonly": True}
            model["properties"][name] = told

    def _variants(self, name: str) -> Model:
        lines = [
            line for line in self.classes[name].body if isinstance(line, ast.AnnAssign) and _is(line.value, "rest_disc")
        ]
        options = {option.arg: option.value for line in lines[:1] for option in getattr(line.value, "keywords", [])}
        if not lines:
            return {}
        key = ast.literal_eval(options["name"]) if "name" in options else getattr(lines[0].target, "id", "")
        variants = {}
        for each in self.classes.values():
            values = [ast.literal_eval(word.value) for word in each.keywords if word.arg == "discriminator"]
            if values and name in {base.name for base in self._bases(each.name)}:
                variants[values[0]] = each.name
        return {"discriminator": key, "variants": variants}

    def _from_annotation(self, node: ast.expr) -> Type:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._from_annotation(ast.parse(node.value, mode="eval").body)
        if isinstance(node, ast.Subscript):
            return self._from_generic(_tail(node.value), node.slice)
        return self._from_name(_tail(node))

    def _from_generic(self, outer: str, inner: ast.expr) -> Type:
        options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if outer in ("List", "list"):
            return {"list": self._from_annotation(inner)}
        if outer in ("Dict", "dict", "Mapping"):
            return {"map": self._from_annotation(options[1])}
        if outer == "Literal":
            members = [(_tail(each.value), each.attr) for each in options if isinstance(each, ast.Attribute)]
            plain = [each.value for each in options if isinstance(each, ast.Constant)]
            return {"enum": plain + [dict(_constants(self.classes[enum]))[member] for enum, member in members]}
        read = [each for each in map(self._from_annotation, options) if each != "none"]
        return next((each for each in read if isinstance(each, dict)), read[0])  # of `str or an enumeration` the latter

    def _from_name(self, name: str) -> Type:
        if name in self.enumerations:
            return {"enum": self.enumerations[name]}
        if name in self.classes:
            return {"model": name}
        return "none" if name == "None" else _PLAIN.get(name, "string")  # times and durations are text

    def _puts(self) -> Iterator[_Put]:
        for tree in self.operations:
            requests = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
            for group in (each for each in tree.body if isinstance(each, ast.ClassDef)):
                methods = [each for each in group.body if isinstance(each, ast.FunctionDef)]
                for method in methods:
                    for name in {_tail(call.func) for call in _calls(method)} & requests.keys():
                        public = re.sub(r"^_(\w+)_initial$", r"begin_\1", method.name)
                        yield from self._put(requests[name], [each for each in methods if each.name == public])

    def _put(self, request: ast.FunctionDef, overloads: list[ast.FunctionDef]) -> Iterator[_Put]:
        texts = [each.value for each in ast.walk(request) if isinstance(each, ast.Constant)]
        address = next((each for each in texts if isinstance(each, str) and each.startswith("/")), "")
        version = next((each for each in texts if re.fullmatch(r"20\d\d-\d\d-\d\d", str(each))), None)
        bodies = [name for each in overloads for argument in each.args.args for name in self._models_in(argument)]
        answers = [name for each in overloads if each.returns for name in self._models_in(each.returns)]
        if "PUT" in texts and version and bodies and "/providers/" in address:
            kind, name = _resource(address)
            yield _Put(kind, name, str(version), bodies[0], answers[0] if answers else None)

    def _models_in(self, node: ast.AST) -> Iterator[str]:
        for each in ast.walk(node):
            name = each.attr if isinstance(each, ast.Attribute) and _tail(each.value) in _SHELVES else ""
            if name in self.classes and name not in self.enumerations:  # those are parts of an address
                yield name


def clients(wheel: Path) -> list[Client]:
    """Return the clients in a wheel: one, or one for each version of the API."""
    found: dict[PurePosixPath, Client] = {}
    with zipfile.ZipFile(wheel) as whole:
        for path in map(PurePosixPath, sorted(whole.namelist())):
            if path.suffix == ".py" and "aio" not in path.parts and path.parent.name in ("models", "operations"):
                tree = ast.parse(whole.read(str(path)))
                getattr(found.setdefault(path.parent.parent, Client()), path.parent.name).append(tree)
    return [each for home, each in found.items() if not home.name.endswith("_preview")]


def _resource(address: str) -> tuple[str, str | None]:
    """Return the type that `/.../providers/Microsoft.Web/sites/{name}` is of, and the name if it is fixed."""
    namespace, *parts = address.rpartition("/providers/")[2].strip("/").split("/")
    name = parts[-1] if len(parts) % 2 == 0 and not parts[-1].startswith("{") else None
    return "/".join([namespace, *parts[::2]]), name


def _from_text(text: str) -> Type:
    """Return the type that `[str]`, `{Sku}` or `iso-8601` is."""
    if text.startswith("["):
        return {"list": _from_text(text[1:-1])}
    if text.startswith("{"):
        return {"map": _from_text(text[1:-1])}
    return {"model": text} if text[:1].isupper() else _PLAIN.get(text, "string")


def _keys(path: str) -> list[str]:
    r"""Return the keys in `properties.odata\.type`."""
    return [each.replace("\\.", ".") for each in re.split(r"(?<!\\)\.", path)]


def _named(model: Model) -> Iterator[str]:
    for kind in [*(each["type"] for each in model["properties"].values()), model.get("more")]:
        inner = kind
        while isinstance(inner, dict) and not inner.keys() & {"model", "enum"}:
            (inner,) = inner.values()
        if isinstance(inner, dict) and "model" in inner:
            yield inner["model"]


def _constants(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """Yield what a class sets to a constant."""
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            try:
                yield line.targets[0].id, ast.literal_eval(line.value)
            except ValueError:
                continue


def _assigned(node: ast.ClassDef) -> Iterator[str]:
    yield from (line.target.id for line in node.body if isinstance(line, ast.AnnAssign) and hasattr(line.target, "id"))


def _annotations(node: ast.ClassDef) -> dict[str, ast.expr]:
    """Return the types of what a class is made with."""
    made = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    return {each.arg: each.annotation for one in made for each in one.args.kwonlyargs if each.annotation is not None}


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _tail(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is(node: ast.AST | None, name: str) -> bool:
    called = node.func if isinstance(node, ast.Call) else getattr(node, "value", None)
    return called is not None and _tail(called).startswith(name)
