"""Dashboards that are made from panels.json and infra/queries, beside this file.

    python infra/dashboards           make them
    python infra/dashboards --check   tell which are not as they would be made

It runs in the environment build/infra, which `make build/infra` makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from grafana import dashboards
from library import HERE
from workbook import workbook


def _made() -> Mapping[str, str]:
    """Return the files, by name."""
    return {"azure-workbook.json": _written(workbook()), **dashboards()}


def _written(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Make the files, or only compare them."""
    check = "--check" in arguments
    old = {name: text for name, text in _made().items() if not _stands(name, text)}
    for name, text in old.items():
        if check:
            sys.stdout.write(f"{name} is out of date: run `build/infra/bin/python infra/dashboards`\n")
        else:
            (HERE / name).write_text(text)
    return 1 if old and check else 0


def _stands(name: str, text: str) -> bool:
    return (HERE / name).exists() and (HERE / name).read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
