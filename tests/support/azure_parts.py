"""Runs the emulated Application Insights, identity and Azure ML in a process of the emulator's Python."""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/azure-emulator/bin/python"
PROGRAM = Path(__file__).with_name("azure_parts_program.py")


@dataclass
class Parts:
    """Where they answer: `plain`, `secure`, `certificate`, `workspace`, `key`, `resource`, `identity_header`."""

    said: dict[str, Any]
    _session: Any = field(default=None)

    def __getattr__(self, name):
        try:
            return self.__dict__["said"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def http(self):
        """A session of requests that trusts the certificate and no proxy."""
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.verify, self._session.trust_env = self.certificate, False
        return self._session

    def token(self, audience):
        asked = {"resource": audience, "api-version": "2019-08-01"}
        answer = self.http.get(
            f"{self.plain}/msi/token", params=asked, headers={"X-IDENTITY-HEADER": self.identity_header}
        )
        return answer.json()["access_token"]

    def chaos(self, **knobs):
        assert self.http.post(f"{self.plain}/chaos", json=knobs).status_code == 200

    def events(self):
        """What was published so far."""
        return self.http.get(f"{self.plain}/events").json()

    def track(self, *envelopes):
        return self.http.post(f"{self.plain}/v2.1/track", json=list(envelopes))

    def ask(self, query, **more):
        headers = {"Authorization": f"Bearer {self.token('https://api.loganalytics.io')}"}
        url = f"{self.secure}/v1/workspaces/{self.workspace}/query"
        return self.http.post(url, json={"query": query, **more}, headers=headers)

    def rows(self, query, **more):
        """The rows as mappings."""
        answer = self.ask(query, **more)
        assert answer.status_code == 200, answer.text
        [table] = answer.json()["tables"]
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]


@contextmanager
def azure_parts(folder, scale=60.0):
    """They run as long as the block does."""
    variables = {"PATH": os.defpath, "PYTHONPATH": str(ROOT / "local-emulator"), "PYTHONWARNINGS": "ignore"}
    command = [PYTHON, "-s", PROGRAM, str(folder), str(scale)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, text=True)
    try:
        line = process.stdout.readline()
        assert line, f"{PYTHON} ended with {process.wait(10)}"
        yield Parts(json.loads(line))
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
