"""The schema of a provider's resource, read back out of the JavaScript that was generated from it.

The wheels of CDK Terrain's prebuilt providers hold, for each resource and data source, one file made from what
`terraform providers schema -json` prints. Each argument's name, type and nesting stand in it, and whether it is
required, optional, computed or write-only. Lost are descriptions, defaults, `sensitive`, and numbers of blocks other
than "at most one" and "at least one".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Schema = dict[str, Any]
Type = Any  # as Terraform's JSON has it: "string", ["list", "string"], ["object", {...}]

_SCALARS = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_READERS: dict[str, Type] = {  # what a getter calls, and the type that this tells of
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
}
_CLASS = re.compile(r"^class (\w+) extends \w+\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_WRITER = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(
    r"^ +(\w+): \{\n +value: (.*),\n +isBlock: (?:true|false),\n +type: \"(\w+)\",\n +storageClassType: \"(\w+)\",\n",
    re.MULTILINE,
)
_GETTER = re.compile(
    r"^    // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"(?=((?:    (?!// \w+ - computed).*\n){1,3}))",
    re.MULTILINE,
)
_CHILD = re.compile(r"= new (\w+?)(OutputReference|List|Map)\(this, \"\w+\"(?:, (true|false))?\)")
_READER = re.compile(r"(?:this\.|cdktn\.)(get\w+Attribute|interpolationForAttribute|\w+Map)\(")
_MODES = {"List": "list", "Map": "map"}


@dataclass(frozen=True)
class _Entry:
    """How one argument is written: the code of its value, `type` and `storageClassType`."""

    value: str
    kind: str
    storage: str

    @property
    def is_one_block(self) -> bool:
        return "listMapper" not in self.value


@dataclass(frozen=True)
class _Getter:
    """How one argument is read, and what the comment before it tells."""

    name: str
    flags: dict[str, bool]
    code: str


class Generated:
    """One generated file.

    Args:
        text: Its content.
        attributes_nest: Whether the provider speaks protocol 6, in which attributes may hold attributes.
    """

    def __init__(self, text: str, *, attributes_nest: bool) -> None:
        self._nest = attributes_nest
        code = text.partition("//# sourceMappingURL=")[0]
        self._classes = {found[1]: (found[2], found[3]) for found in _CLASS.finditer(code)}
        self._written = {found[1].lower(): _entries(found[2]) for found in _WRITER.finditer(code)}
        self._root, self.base = next(
            (body, base) for base, body in self._classes.values() if base.startswith("Terraform")
        )

    @cached_property
    def schema(self) -> Schema:
        """The schema of the resource or data source."""
        return {"version": 0, "block": self._block(self._root, self._settable)}

    @cached_property
    def provider_schema(self) -> Schema:
        """The schema of a provider's own configuration, whose class has no getters that tell of flags."""
        block = self._configuration(self._settable, required=self._is_required)
        block["attributes"].pop("alias", None)  # Terraform's own
        return {"version": 0, "block": block}

    @property
    def _settable(self) -> dict[str, _Entry]:
        _, mark, rest = self._root.partition("synthesizeHclAttributes()")
        return _entries(rest) if mark else {}

    def _is_required(self, name: str) -> bool:
        return f"reset{''.join(word.title() for word in name.split('_'))}(" not in self._root

    def _configuration(self, entries: Mapping[str, _Entry], required: Any = lambda _: False) -> Schema:
        attributes: Schema = {}
        blocks: Schema = {}
        for name, entry in entries.items():
            inner = self._written.get(entry.storage.removesuffix("List").lower())
            if inner is None:
                attributes[name] = {"type": _type(entry), "required" if required(name) else "optional": True}
                continue
            blocks[name] = {"nesting_mode": entry.kind, "block": self._configuration(inner)}
            blocks[name] |= {"max_items": 1} if entry.is_one_block else {}
            blocks[name] |= {"min_items": 1} if required(name) else {}
        return {"attributes": attributes, "block_types": blocks}

    def _block(self, body: str, settable: Mapping[str, _Entry]) -> Schema:
        attributes: Schema = {}
        blocks: Schema = {}
        before, after_attributes = "", False
        for getter in _getters(body):
            after_attributes |= getter.name < before  # attributes come in order, then blocks, in order again
            before = getter.name
            entry, child = settable.get(getter.name), self._child(getter.code)
            if child is None:
                attributes[getter.name] = _leaf(entry, getter)
            elif entry is None:  # it is only read: an attribute that holds objects
                attributes[getter.name] = {"type": child.as_type(), **getter.flags}
            elif block := child.as_block(entry, plain=after_attributes or getter.name == "timeouts" or not self._nest):
                blocks[getter.name] = block | ({"min_items": 1} if getter.flags.get("required") else {})
            elif self._nest:
                attributes[getter.name] = {"nested_type": child.as_nested(), **getter.flags}
            else:
                attributes[getter.name] = {"type": child.as_type(), **getter.flags}
        return {"attributes": attributes, "block_types": blocks}

    def _child(self, code: str) -> _Child | None:
        found = _CHILD.search(code)
        if found is None or f"{found[1]}OutputReference" not in self._classes:
            return None
        _, body = self._classes[f"{found[1]}OutputReference"]
        mode = "set" if found[3] == "true" and found[2] == "List" else _MODES.get(found[2], "single")
        return _Child(mode, self._block(body, self._written.get(found[1].lower(), {})))


@dataclass(frozen=True)
class _Child:
    """What an argument holds that is no plain value."""

    mode: str
    block: Schema

    def as_type(self) -> Type:
        inner = _object(self.block)
        return inner if self.mode == "single" else [self.mode, inner]

    def as_nested(self) -> Schema:
        return {"attributes": _only_attributes(self.block), "nesting_mode": self.mode}

    def as_block(self, entry: _Entry, *, plain: bool) -> Schema | None:
        """Return the nested block that it is; None if it is an attribute."""
        if self.mode == "single" and entry.kind in ("list", "set"):
            return {"nesting_mode": entry.kind, "block": self.block, "max_items": 1}
        if self.mode == "single":
            return {"nesting_mode": "single", "block": self.block} if plain else None
        if "HclTerraform, true)" in entry.value:
            return {"nesting_mode": entry.kind, "block": self.block}
        return None


def _getters(body: str) -> Iterator[_Getter]:
    for found in _GETTER.finditer(body):
        told = zip(("computed", "optional", "required"), found.groups()[1:4], strict=True)
        yield _Getter(found[1], {flag: True for flag, value in told if value == "true"}, found[5])


def _entries(body: str) -> dict[str, _Entry]:
    return {found[1]: _Entry(found[2], found[3], found[4]) for found in _ENTRY.finditer(body)}


def _leaf(entry: _Entry | None, getter: _Getter) -> Schema:
    if entry is not None:
        write_only = {"write_only": True} if "markWriteOnlyAttribute(" in entry.value else {}
        return {"type": _type(entry), **getter.flags, **write_only}
    found = _READER.search(getter.code)
    read: Type = _READERS.get(found[1], "dynamic") if found else "dynamic"
    as_set = "Fn.tolist(" in getter.code and isinstance(read, list)
    return {"type": ["set", read[1]] if as_set else read, **getter.flags}


def _type(entry: _Entry) -> Type:
    """Return the type that, for example, `stringListMap` with the kind `map` is."""
    found = re.fullmatch(r"(string|number|boolean|any)((?:List|Map|Set)*)", entry.storage)
    if found is None or entry.storage == "anyMap":
        return "dynamic"
    made: Type = _SCALARS[found[1]]
    around = re.findall("List|Map|Set", found[2])
    for place, part in enumerate(around, start=1):
        made = [entry.kind if place == len(around) and entry.kind in ("list", "set", "map") else part.lower(), made]
    return made


def _object(block: Schema) -> Type:
    fields = {name: _attribute_type(attribute) for name, attribute in block["attributes"].items()}
    fields |= {name: [each["nesting_mode"], _object(each["block"])] for name, each in block["block_types"].items()}
    return ["object", fields]


def _attribute_type(attribute: Schema) -> Type:
    if "type" in attribute:
        return attribute["type"]
    nested = attribute["nested_type"]
    inner = _object({"attributes": nested["attributes"], "block_types": {}})
    return inner if nested["nesting_mode"] == "single" else [nested["nesting_mode"], inner]


def _only_attributes(block: Schema) -> Schema:
    """Return the attributes of a block that may hold no blocks: those that it has become attributes."""
    inner = {
        name: {
            "nested_type": {"attributes": _only_attributes(each["block"]), "nesting_mode": each["nesting_mode"]},
            "required" if each.get("min_items") else "optional": True,
        }
        for name, each in block["block_types"].items()
    }
    return {**block["attributes"], **inner}
