"""Runs Terraform's core on a copy of infra/, or of the folder that ATALAIA_INFRA names, with providers of no cloud."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFRA = Path(os.environ.get("ATALAIA_INFRA", ROOT / "infra")).resolve()  # noqa: TID251 (make gives it)
MODULE, AWS_ROOT = Path("terraform/modules/aws-monitor"), Path("terraform/aws")
MINIMAL, COMPLETE = MODULE / "examples/minimal", MODULE / "examples/complete"
AZURE_MODULE, AZURE_ROOT = Path("terraform/modules/azure-monitor"), Path("terraform/azure")
AZURE_MINIMAL, AZURE_COMPLETE = AZURE_MODULE / "examples/minimal", AZURE_MODULE / "examples/complete"
CONFIGURATIONS = (MODULE, AWS_ROOT, MINIMAL, COMPLETE, AZURE_MODULE, AZURE_ROOT, AZURE_MINIMAL, AZURE_COMPLETE)
BUNDLES = (  # what the minimal examples name; their content is not looked at
    MINIMAL / "atalaia-aws-python3.13-arm64.zip",
    AZURE_MINIMAL / "atalaia-azure-python3.13-x86_64.zip",
)
PYTHON = ROOT / "build/infra/bin/python"
SECONDS = 240  # perhaps on a busy machine


def checks(*arguments, **options):
    """Run the program infra/checks of this tree."""
    command = [PYTHON, ROOT / "infra/checks", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, **options)


def terraform(folder, *arguments):
    return checks("terraform", folder, *arguments)


def copied(folder, initialised=()):
    """A copy of the infrastructure to work in, in which configurations can be planned."""
    copy = folder / "infra"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns("checks", ".terraform*", "*.tfstate*"))
    for each in BUNDLES:
        (copy / each).write_bytes(b"a bundle")
    for each in initialised:
        found = terraform(copy / each, "init", "-backend=false", "-no-color")
        assert found.returncode == 0, found.stdout + found.stderr
    return copy


def applied(folder):
    """What a configuration makes, with made-up ARNs and ids where a cloud would choose them."""
    found = terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color")
    assert found.returncode == 0, found.stdout + found.stderr
    return Deployed(json.loads((folder / "terraform.tfstate").read_text())["resources"])


@dataclass(frozen=True)
class Deployed:
    """A state."""

    resources: list

    def every(self, kind, name=None):
        """The arguments of each resource of a type, or only of those that the module calls *name*, with their keys."""
        return [
            (instance.get("index_key"), instance["attributes"])
            for each in self.resources
            if (each["mode"], each["type"]) == ("managed", kind) and name in (None, each["name"])
            for instance in each["instances"]
        ]

    def all(self, kind, name=None):
        """By key, the arguments of each."""
        return dict(self.every(kind, name))

    def one(self, kind, name=None):
        ((_, found),) = self.every(kind, name)
        return found

    @cached_property
    def policies(self):
        """By function, the statements of its role's policy."""
        return {name: json.loads(each["policy"])["Statement"] for name, each in self.all("aws_iam_role_policy").items()}

    def may(self, function, action, resource):
        """Whether a function's role has a right, whatever the conditions."""
        return any(
            any(fnmatchcase(action, each) for each in listed(statement["Action"]))
            and any(matches(each, resource) for each in listed(statement["Resource"]))
            for statement in self.policies[function]
            if statement["Effect"] == "Allow"
        )


def listed(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, resource):
    """Whether an ARN is one of those that a policy names: `*` is anything, slashes too, `?` any character."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(each) or re.escape(each) for each in pattern), resource) is not None
