"""What names this machine, and the proxies that lead nowhere else."""

from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
NOWHERE = "http://127.0.0.1:9"  # the discard port: whoever would leave by HTTP or HTTPS ends here
PROXIES = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}


def is_loopback(url: str) -> bool:
    """Whether *url* names this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine; no name of the outside is served, whoever resolved it to us."""
    name = host.rpartition(":")[0] or host
    return name in LOOPBACK_HOSTS or name.endswith(".localhost")
