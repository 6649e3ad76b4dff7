"""Is `terraform` where a page is followed: Terraform's core, HashiCorp's provider of 2021, and the emulator as AWS.

`init` brings the configuration of `-chdir` and the module down to what that provider knows: both are copies. Nobody is
asked for consent.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

from infrastructure import MODULE
from old_provider import core, made_ready

CONSENT = {"apply": ["-auto-approve"], "destroy": ["-auto-approve"]}


def main(chdir, command, *arguments):
    folder, variables = Path(chdir.removeprefix("-chdir=")).resolve(), dict(os.environ)  # noqa: TID251 (a program's)
    if command == "init":
        run = {"variables": variables, "endpoint": variables["AWS_ENDPOINT_URL"], "region": variables["AWS_REGION"]}
        made_ready(folder, [Path("infra").resolve() / MODULE], SimpleNamespace(run=run))
        return 0
    done = core(folder, command, *CONSENT.get(command, ()), *arguments)
    sys.stdout.write(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
