"""Runs programs of tests/support in the environment that has vendors' own clients, which ours has not."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/vendors/bin/python"


def by_vendors(home, program, *arguments, **variables):
    """What a program printed, as JSON; it reaches nothing but this machine.

    Args:
        home: A folder of its own.
        program: Its file.
        arguments: Texts.
        variables: Of its environment.
    """
    assert PYTHON.exists(), "make build/vendors"
    alone = {"PATH": os.defpath, "HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    command = [PYTHON, ROOT / "tests/support" / program, *arguments]
    env, kept = alone | variables, {"capture_output": True, "text": True}
    done = subprocess.run(command, env=env, cwd=home, check=False, timeout=120, **kept)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_sdk(home, sdk, address, /, **given):
    """What a vendor's client made of a server's answers; see vendor_clients.py."""
    return by_vendors(home, "vendor_clients.py", sdk, address, json.dumps(given))
