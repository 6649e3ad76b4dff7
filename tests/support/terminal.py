"""The command line as users run it: a process of its own."""

import json
import subprocess
import sys


def atalaia(*arguments, cwd=None, **options):
    """Run a command and return the finished process with its output as text."""
    command = [sys.executable, "-m", "atalaia_cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **options)


def strict_json(text):
    """Read JSON that has none of the tokens that only some readers accept."""

    def refuse(token):
        raise ValueError(token)

    return json.loads(text, parse_constant=refuse)
