"""The inputs and outputs of a file of Bicep, as its README tells them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bicep_syntax import read
from bicep_tree import Declaration, Source

_DECLARED = re.compile(r"(?:param|output) \w+ (?P<type>.+?)(?: = (?P<value>.*))?$")


class Written(str):
    """A default as it is written."""

    __slots__ = ()


def declared(path: Path) -> dict[str, Any]:
    """Return what is told of each, as of the inputs and outputs of a module of Terraform."""
    source = read(path)
    return {
        "variable": {name: _told(each, source) for name, each in source.of("param").items()},
        "output": {name: _told(each, source) for name, each in source.of("output").items()},
        "terraform": {},
    }


def _told(each: Declaration, source: Source) -> dict[str, Any]:
    said = each.decorator("description")
    found = _DECLARED.match(source.text[each.place :].partition("\n")[0])
    told = {"description": said.value if said else "", "type": found["type"] if found else "any"}
    optional = told["type"].endswith("?")
    return told | ({"default": Written(found["value"] or "null")} if found and (found["value"] or optional) else {})
