"""Runs the emulator as a process, and talks to it as anyone would: boto3, and HTTP to its admin port."""

import base64
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# in the lane of Python 3.13 these are others
SANDBOX_PYTHON = Path(os.environ.get("ATALAIA_SANDBOX_PYTHON", ROOT / "build/emulator/bin/python"))  # noqa: TID251 - wiring
WORKER_PYTHON = Path(os.environ.get("ATALAIA_WORKER_PYTHON", ROOT / "build/azure-worker/bin/python"))  # noqa: TID251 - wiring
PATIENCE_SECONDS = 20
ROLE = "arn:aws:iam::123456789012:role/any"


def site_packages(environment):
    """The folder of packages of an environment in build/."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return ROOT / "build" / environment / "lib" / version / "site-packages"


@dataclass
class Emulator:
    """A running emulator: what `start --json` said of it."""

    run: dict[str, Any]
    folder: Path
    _clients: dict[Any, Any] = field(default_factory=dict)

    def client(self, service, tries=1, **options):
        """A boto3 client that tries so often; *options* go to its Config. Asked for again, the same one."""
        asked = (service, tries, *sorted(options.items()))
        if asked not in self._clients:
            self._clients[asked] = self._new_client(service, tries, options)
        return self._clients[asked]

    def _new_client(self, service, tries, options):
        import boto3
        from botocore.config import Config

        config = Config(retries={"max_attempts": tries - 1}, read_timeout=60, **options)
        keys = self.run["variables"]
        return boto3.client(
            service,
            endpoint_url=self.run["endpoint"],
            region_name=self.run["region"],
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            config=config,
        )

    def signed(self, service, path, body, headers, *, key=None, secret=None):
        """A POST as a client of AWS would sign it, to be sent with `fetch`."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        keys = self.run["variables"]
        credentials = Credentials(key or keys["AWS_ACCESS_KEY_ID"], secret or keys["AWS_SECRET_ACCESS_KEY"])
        request = AWSRequest("POST", self.run["endpoint"] + path, data=body, headers=headers)
        SigV4Auth(credentials, service, self.run["region"]).add_auth(request)
        return urllib.request.Request(request.url, body, dict(request.headers), method="POST")

    def arn(self, service, rest):
        return f"arn:aws:{service}:{self.run['region']}:{self.run['account']}:{rest}"

    def admin(self, method, path, body=None):
        status, answer = self.admin_answer(method, path, body)
        assert status == 200, answer
        return answer

    def admin_answer(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, answer = fetch(urllib.request.Request(self.run["admin"] + path, data, method=method))
        return status, json.loads(answer)

    def chaos(self, **knobs):
        return self.admin("POST", "/chaos", knobs)

    def function(self, name, source, handler="h.handler", **options):
        """Create a function from source text and wait until it is active."""
        client = self.client("lambda")
        variables = options.pop("variables", {})
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler=handler,
            Code={"ZipFile": package({"h.py": source})},
            Environment={"Variables": variables},
            **{"Role": ROLE, **options},
        )
        return self.arn("lambda", f"function:{name}")

    def invoke(self, name, event=None, **options):
        """The answer's payload, FunctionError and log."""
        answer = self.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail", **options
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError"), log

    def queue(self, name, **attributes):
        url = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.arn("sqs", name)

    def receive(self, url, count=1, seconds=PATIENCE_SECONDS):
        """The first *count* bodies of a queue, as values; what came when the patience ends."""
        client, bodies, end = self.client("sqs"), [], time.monotonic() + seconds
        while len(bodies) < count and time.monotonic() < end:
            found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            for message in found:
                bodies.append(json.loads(message["Body"]))
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def told(self, function, count=1, seconds=PATIENCE_SECONDS):
        """The first *count* values that a function printed behind "TOLD "; what came when the patience ends."""
        client, group = self.client("logs"), f"/aws/lambda/{function}"

        def values():
            groups = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            if not any(each["logGroupName"] == group for each in groups):
                return []
            events = client.filter_log_events(logGroupName=group)["events"]
            lines = [event["message"] for event in events]
            return [json.loads(line.removeprefix("TOLD ")) for line in lines if line.startswith("TOLD ")]

        until(lambda: len(values()) >= count, seconds)
        return values()

    def bucket(self, name):
        place = {"LocationConstraint": self.run["region"]}
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
        return name


def fetch(request):
    """Status and body of an HTTP answer, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def package(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as content:
        for name, text in files.items():
            content.writestr(name, text)
    return buffer.getvalue()


def until(fact, seconds=PATIENCE_SECONDS):
    """The first true value of *fact*; its last value when the patience ends."""
    end = time.monotonic() + seconds
    while not (value := fact()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def command(*arguments):
    return [sys.executable, str(ROOT / "local-emulator"), *map(str, arguments)]


def run(*arguments, **options):
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=60, **options)


def environment(**more):
    pythons = {"ATALAIA_SANDBOX_PYTHON": str(SANDBOX_PYTHON), "ATALAIA_WORKER_PYTHON": str(WORKER_PYTHON)}
    return {"PATH": os.defpath, **pythons, **more}


@contextmanager
def emulator(folder, *arguments, **variables):
    """An emulated AWS that runs as long as the block does."""
    with running(folder, "--cloud", "aws", *arguments, **variables) as started:
        yield Emulator({**started, **started["aws"]}, Path(folder))


@contextmanager
def running(folder, *arguments, **variables):
    """What `start` said of an emulator that runs as long as the block does."""
    started = run("start", "--state", folder, "--detach", "--json", *arguments, env=environment(**variables))
    assert started.returncode == 0, started.stderr
    try:
        yield json.loads(started.stdout)
    finally:
        stopped = run("stop", "--state", folder)
        assert stopped.returncode == 0, stopped.stderr


def processes(folder):
    """Process ids whose command line names the folder, but ours."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
        except OSError:
            continue
        if str(folder).encode() in words and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found
