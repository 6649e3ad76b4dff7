"""Real servers for tests, each a process of its own on 127.0.0.1."""

import contextlib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CLOUDS = ["emulator", "moto"]
"""Servers that speak AWS: ours, and moto's as a second opinion."""
STORES = [*CLOUDS, "azurite"]
"""Servers that hold objects."""
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server that speaks AWS, and the credential that it takes."""

    address: str
    region: str = "us-east-1"
    key: str = "testing"
    secret: str = "testing-secret"
    scheme: str = "s3"

    def endpoint(self, address=None):
        """What obstore takes for it; at another address, such as a proxy's."""
        return address or self.address

    @property
    def boto(self):
        """What boto3 needs to know, but the address."""
        return {"region_name": self.region, "aws_access_key_id": self.key, "aws_secret_access_key": self.secret}

    @property
    def obstore(self):
        """What obstore needs to know, but the address."""
        return {"region": self.region, "access_key_id": self.key, "secret_access_key": self.secret}

    def client(self, service):
        import boto3  # only what needs it pays for it

        return boto3.client(service, endpoint_url=self.address, **self.boto)

    def make_bucket(self, name):
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.client("s3").create_bucket(Bucket=name, **({} if self.region == "us-east-1" else place))


def emulated(aws):
    """The emulator, as such a server."""
    keys = aws.run["variables"]
    return Server(aws.run["endpoint"], aws.run["region"], keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])


@contextlib.contextmanager
def moto():
    """Run moto's server."""
    port = free_port()
    program = Path(__file__).parent / "moto_server.py"
    server = subprocess.Popen(
        [sys.executable, program, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, server)
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(timeout=20)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def wait_for(port, server):
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"no server answers on port {port}")
