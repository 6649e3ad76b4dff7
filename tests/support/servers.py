"""Real servers for tests, each a process of its own on 127.0.0.1."""

import contextlib
import socket
import subprocess
import sys
import time

REGION, ACCESS_KEY, SECRET_KEY = "us-east-1", "testing", "testing-secret"
BOTO = {"region_name": REGION, "aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
OBSTORE = {"region": REGION, "access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
_PATIENCE_SECONDS = 60


@contextlib.contextmanager
def moto():
    """Run moto's server and yield its address."""
    port = free_port()
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
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


def boto_client(service, address):
    import boto3  # only what needs it pays for it

    return boto3.client(service, endpoint_url=address, **BOTO)
