"""Follows the quick start as it stands, without an account: the emulator is AWS."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from infrastructure import PYTHON, ROOT

PAGE = (ROOT / "docs/quick-start-aws.md").read_text()
SECONDS = 900
SUPPORT = ROOT / "tests/support"


def blocks(text):
    return re.findall(r"```bash\n(.*?)```", text, re.DOTALL)


def steps():
    """The commands in the order of one who has no account: what `make` makes is there."""
    with_account, without = (blocks(part) for part in PAGE.split("## Without an account"))
    emulator, package = without
    first = with_account[0].replace("make setup && . .venv/bin/activate\n", "")
    emulator = emulator.replace("make build/ministack build/emulator\n", "")
    others = "".join(with_account[1:])
    ours = re.search(r"^atalaia package aws.*\n", others, re.MULTILINE).group()
    return first + emulator + others.replace(ours, package) + "python local-emulator stop\n"


@pytest.fixture
def clone(tmp_path):
    """What of a clone is used, with `terraform` and `aws` as programs."""
    for name in ("examples", "local-emulator", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("settings", "queries", "terraform", "dashboards"):
        if (ROOT / "infra" / name).exists():
            shutil.copytree(ROOT / "infra" / name, tmp_path / "infra" / name)
    (tmp_path / "build").mkdir()
    for name in ("ministack", "emulator"):
        (tmp_path / "build" / name).symlink_to(ROOT / "build" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "aws").symlink_to(PYTHON.with_name("aws"))
    terraform = programs / "terraform"
    terraform.write_text(f'#!/bin/sh\nPYTHONPATH={SUPPORT} exec {sys.executable} {SUPPORT}/old_terraform.py "$@"\n')
    terraform.chmod(0o755)
    return tmp_path


def test_it_leads_to_an_alarm(clone):
    around = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_"))}  # noqa: TID251 (this machine's)
    path = f"{clone}/programs:{Path(sys.executable).parent}:{around['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "set -eux\ntrap 'python local-emulator stop' EXIT\n" + steps()],
        cwd=clone,
        env=around | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert re.search(r"^atalaia-credit-drift\t.*threshold", done.stdout, re.MULTILINE | re.IGNORECASE), done.stdout
    assert '"message": "channel: Jensen-Shannon distance in base 2 is ' in done.stdout
