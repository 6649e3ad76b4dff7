"""A module's README: the tables of its inputs and outputs, between two marks, and what a declaration must have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

import bicep_inputs

BEGIN, END = "<!-- inputs and outputs: made by `python infra/checks docs` -->", "<!-- end -->"
MOST_INPUTS = 15
BICEP = "main.bicep"


def tables(module: Path) -> str:
    """Return the tables of a module's inputs and outputs."""
    declared = _declared(module)
    rows = ["| Input | Type | Default | |", "|---|---|---|---|"]
    rows += [_input(name, each) for name, each in sorted(declared["variable"].items())]
    rows += ["", "| Output | |", "|---|---|"]
    rows += [f"| `{name}` | {each.get('description', '')} |" for name, each in sorted(declared["output"].items())]
    return "\n".join(rows)


def renewed(module: Path) -> str:
    """Return a module's README with tables as they are now."""
    path = module / "README.md"
    text = path.read_text() if path.exists() else f"# {module.name}\n\n{BEGIN}\n{END}\n"
    before, mark, rest = text.partition(BEGIN)
    return f"{before}{mark}\n{tables(module)}\n{END}{rest.partition(END)[2]}" if mark else text


def faults(module: Path) -> Iterator[str]:
    """Yield what is wrong with a module's README and declarations."""
    path, declared = module / "README.md", _declared(module)
    if not path.exists() or BEGIN not in path.read_text():
        yield "README.md is absent, or has no place for the tables"
    elif path.read_text() != renewed(module):
        yield "README.md is out of date: run `build/infra/bin/python infra/checks docs`"
    if len(declared["variable"]) > MOST_INPUTS:
        yield f"there are {len(declared['variable'])} inputs, more than {MOST_INPUTS}"
    if (module / BICEP).exists():
        return  # what else must be is looked at with the rest of Bicep
    text = "\n".join(each.read_text() for each in sorted(module.glob("*.tf")))
    for name, each in declared["variable"].items():
        if not each.get("description") or each.get("type", "any") == "any":
            yield f"variable {name} needs a type and a description"
        if not re.search(rf"\bvar\.{name}\b", text):
            yield f"variable {name} is never used"
    yield from (
        f"output {name} needs a description" for name, e in declared["output"].items() if "description" not in e
    )
    yield from _unbounded(declared["terraform"])


def _unbounded(blocks: dict[str, Any]) -> Iterator[str]:
    if not blocks.get("required_version"):
        yield "terraform.required_version is missing"
    for name, each in blocks.get("required_providers", {}).items():
        if not isinstance(each, dict) or "source" not in each or "<" not in each.get("version", ""):
            yield f"provider {name} needs a source, and a version with an upper bound"


def _input(name: str, told: dict[str, Any]) -> str:
    default = f"`{_default(told['default'])}`" if "default" in told else "required"
    kind = " ".join(str(told.get("type", "any")).split()).replace("|", "\\|")
    return f"| `{name}` | `{kind}` | {default} | {told.get('description', '')} |"


def _default(value: Any) -> str:
    return str(value) if isinstance(value, bicep_inputs.Written) else json.dumps(value)


def _declared(module: Path) -> dict[str, Any]:
    if (module / BICEP).exists():
        return bicep_inputs.declared(module / BICEP)
    found: dict[str, Any] = {"variable": {}, "output": {}, "terraform": {}}
    for path in sorted(module.glob("*.tf")):
        with path.open() as stream:
            read = _plain(hcl2.load(stream))
        for kind in ("variable", "output"):
            for block in read.get(kind, []):
                found[kind] |= block
        for block in read.get("terraform", []):
            found["terraform"] |= block | _joined(block.get("required_providers"))
    return found


def _joined(groups: Any) -> dict[str, Any]:
    given = groups if isinstance(groups, list) else [groups] if groups else []
    return {"required_providers": {name: each for group in given for name, each in group.items()}} if given else {}


def _plain(value: Any) -> Any:
    """Return a value without the quotes and `${}` that the reader leaves on."""
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return value
    text = value[2:-1] if value.startswith("${") and value.endswith("}") else value
    return text[1:-1].replace('\\"', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text
