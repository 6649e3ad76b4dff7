"""Is `terraform` where a page is followed: Terraform's core, with the emulator as AWS, and for Azure nobody.

For AWS it has HashiCorp's provider of 2021; `init` brings the configuration of `-chdir` and the module, copies both,
down to what that knows. That of Azure is looked at beside the modules. Nobody is asked for consent.
"""

import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

from infrastructure import MODULE, terraform
from old_provider import core, made_ready

CONSENT = {"apply": ["-auto-approve", "-no-color"], "destroy": ["-auto-approve", "-no-color"]}


def on_aws(folder, command, *arguments):
    if command != "init":
        return core(folder, command, *arguments)
    variables = dict(os.environ)  # noqa: TID251 (a program's)
    run = {"variables": variables, "endpoint": variables["AWS_ENDPOINT_URL"], "region": variables["AWS_REGION"]}
    made_ready(folder, [Path("infra").resolve() / MODULE], SimpleNamespace(run=run))
    return SimpleNamespace(stdout="", stderr="", returncode=0)


def on_azure(folder, command, *arguments):
    beside = Path("infra/terraform").resolve() / folder.name
    if command == "init":
        shutil.rmtree(beside)
        shutil.copytree(folder, beside)
        main = beside / "main.tf"
        main.write_text(main.read_text().replace("../../infra/terraform/modules", "../modules"))
    return terraform(beside, command, *arguments)


def main(chdir, command, *arguments):
    folder = Path(chdir.removeprefix("-chdir=")).resolve()
    run = on_aws if "aws-monitor" in (folder / "main.tf").read_text() else on_azure
    done = run(folder, command, *CONSENT.get(command, ()), *arguments)
    sys.stdout.write(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
