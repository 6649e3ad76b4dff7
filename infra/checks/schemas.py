"""The schemas of providers: read out of wheels once, on installation, and kept as one file for each type.

build/infra/schemas/aws/provider.json
build/infra/schemas/aws/resource.aws_lambda_function.json
build/infra/schemas/aws/data.aws_region.json
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from generated import Generated, Schema

_PROTOCOL_6 = ("azapi",)  # of the providers here, only these have attributes that hold attributes
_KINDS = {"TerraformResource": "resource", "TerraformDataSource": "data", "TerraformProvider": "provider"}
_FILE = re.compile(r"package/lib/[^/]+/index\.js")
_TYPE = re.compile(r'static tfResourceType = "(\w+)"')
_VERSION = re.compile(r"providerVersion: '([^']+)'")
_BLOCK = re.compile(r'^\s*(resource|data)\s+"(\w+?)_(\w+)"', re.MULTILINE)


def keep(wheel: Path, folder: Path) -> None:
    """Write the schemas that a wheel holds into *folder*, each into a file of its own."""
    version = ""
    for text in _files(wheel):
        found = _TYPE.search(text)
        if found is None:
            continue
        name = found[1]
        home = folder / name.partition("_")[0]
        generated = Generated(text, attributes_nest=home.name in _PROTOCOL_6)
        kind = _KINDS.get(generated.base)
        if kind is None:
            continue
        home.mkdir(parents=True, exist_ok=True)
        if kind == "provider":
            told = _VERSION.search(text)
            version = told[1] if told else ""
            _write(home / "provider.json", {**generated.provider_schema, "provider": version})
        else:
            _write(home / f"{kind}.{name}.json", generated.schema)


def _files(wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as whole:
        (name,) = (name for name in whole.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(whole.read(name))) as package:
            for member in package:
                stream = package.extractfile(member) if _FILE.fullmatch(member.name) else None
                if stream is not None:
                    yield stream.read().decode()


def _write(path: Path, schema: Schema) -> None:
    path.write_text(json.dumps(schema, separators=(",", ":")))


def types_in(folders: Iterable[Path]) -> dict[str, set[str]]:
    """Return, by provider, the types that configurations below *folders* use, such as `resource.aws_sqs_queue`."""
    found: dict[str, set[str]] = {}
    for path in sorted({path for folder in folders for path in folder.rglob("*.tf")}):
        for kind, provider, name in _BLOCK.findall(path.read_text()):
            found.setdefault(provider, set()).add(f"{kind}.{provider}_{name}")
    return found


def load(folder: Path, provider: str, types: Iterable[str]) -> dict[str, Any]:
    """Return what is kept of a provider, by section; types that it does not have are left out."""
    home = folder / provider
    sections: dict[str, Any] = {"resource": {}, "data": {}}
    for each in sorted(types):
        path = home / f"{each}.json"
        if path.exists():
            kind, _, name = each.partition(".")
            sections[kind][name] = json.loads(path.read_text())
    return {"provider": json.loads((home / "provider.json").read_text()), **sections}
