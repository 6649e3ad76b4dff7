"""Follows the quick starts as they stand, without an account: the emulators are the clouds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from infrastructure import PYTHON, ROOT

SECONDS = 900
SUPPORT = ROOT / "tests/support"
ENVIRONMENTS = ("ministack", "emulator", "node", "azure-emulator", "azure-worker")


def blocks(page, end):
    """The commands of a page, of the part with an account and of that without; what `make` makes is there."""
    parts = (ROOT / "docs" / page).read_text().split(f"\n## Without {end}\n")
    return [
        [
            re.sub(r"^make .*\n", "", block, flags=re.MULTILINE)
            for block in re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
        ]
        for part in parts
    ]


def on_aws():
    """In the order that the page asks for of one who has no account."""
    (first, *others), (emulator, package) = blocks("quick-start-aws.md", "an account")
    text = "".join(others)
    ours = re.search(r"^atalaia package aws.*\n", text, re.MULTILINE).group()
    return first + emulator + text.replace(ours, package) + "python local-emulator stop\n"


def on_azure():
    """What can be done without an account, and Terraform with a provider of no cloud in between."""
    (first, logs, monitor, deploy, *_), (emulator, alarm) = blocks("quick-start-azure.md", "a subscription")
    given = "00000000-1111-2222-3333-444444444444"
    account = f"/subscriptions/{given}/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
    with_account = re.sub(r"^(az|export ARM|export TF).*\n", "", first + logs + monitor + deploy, flags=re.MULTILINE)
    return f"export TF_VAR_logs={account}\n{with_account}{emulator}{alarm}"


@pytest.fixture
def clone(tmp_path):
    """What of a clone is used, with `terraform` and `aws` as programs."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copytree(ROOT / "local-emulator", tmp_path / "local-emulator", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("checks", ".terraform*"))
    (tmp_path / "build").mkdir()
    for name in ENVIRONMENTS:
        (tmp_path / "build" / name).symlink_to(ROOT / "build" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "aws").symlink_to(PYTHON.with_name("aws"))
    terraform = programs / "terraform"
    terraform.write_text(f'#!/bin/sh\nPYTHONPATH={SUPPORT} exec {sys.executable} {SUPPORT}/a_terraform.py "$@"\n')
    terraform.chmod(0o755)
    return tmp_path


def followed(clone, commands):
    """What the commands print."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_"))}  # noqa: TID251 (this machine's)
    path = f"{clone}/programs:{Path(sys.executable).parent}:{around['PATH']}"
    script = f"set -eux\ntrap 'python local-emulator stop' EXIT\n{commands}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=around | {"PATH": path, "COLUMNS": "200"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


def test_on_aws_it_leads_to_an_alarm(clone):
    told = followed(clone, on_aws())

    assert re.search(r"^atalaia-credit-drift\tThreshold Crossed", told, re.MULTILINE), told
    assert re.search(r'"message": "channel: drift is \d', told), told


def test_the_region_is_one_that_an_older_aws_cli_reads_too(clone):
    [[first, *_], _] = blocks("quick-start-aws.md", "an account")

    assert re.search(r"region\s+eu-west-1\s+env", followed(clone, f"{first}aws configure list\n"))


def test_on_azure_it_leads_to_what_an_alarm_asks(clone):
    told = followed(clone, on_azure())

    assert "azurerm_monitor_scheduled_query_rules_alert_v2" in told
    assert re.search(r"^ *value *\n─+\n *[1-9][\d.]+ *\n1 row", told, re.MULTILINE), told
    assert re.search(r"channel +cohen_w", told), told
