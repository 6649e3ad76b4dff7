"""What a bundle is for: the functions of one cloud, and how it wants them to lie in the zip file."""

from __future__ import annotations

from msgspec import Struct

_OURS = ("atalaia", "atalaia_functions", "atalaia_local", "atalaia_obstore", "atalaia_otel", "atalaia_web")


class Cloud(Struct, frozen=True):
    """A cloud's functions.

    Attributes:
        name: As the command line calls it; so is the folder of its handlers called.
        service: Who runs them.
        packages: Ours that go into the bundle.
        inside: The folder of the bundle that packages lie in; empty for its top, where the handlers are.
        where: The bundle's own place when the functions run, for what tracebacks say.
        architectures: Processors that it has, the cheapest first.
        glibc: The minor version of the C library 2 that every one of its runtimes has.
        oldest, newest: Minor versions of Python 3 that it runs with that library, as far as that is known.
        limit: Bytes that a function's code may have when it is unzipped; None if there is no such limit.
    """

    name: str
    service: str
    packages: tuple[str, ...]
    inside: str
    where: str
    architectures: tuple[str, ...]
    glibc: int
    oldest: int
    newest: int
    limit: int | None = None


AWS = Cloud(
    name="aws",
    service="Lambda",
    packages=(*_OURS, "atalaia_aws"),
    inside="",
    where="/var/task",
    architectures=("arm64", "x86_64"),
    glibc=34,  # of Amazon Linux 2023, on which Lambda runs Python 3.12 and newer
    oldest=12,
    newest=99,
    limit=262_144_000,  # AWS's 250 MB, layers included
)
AZURE = Cloud(
    name="azure",
    service="Azure Functions",
    packages=(*_OURS, "atalaia_azure"),
    inside=".python_packages/lib/site-packages",
    where="/home/site/wwwroot",
    architectures=("x86_64",),
    glibc=31,  # of Debian 11, the oldest system below its images for Python
    oldest=11,
    newest=13,
)
CLOUDS = {cloud.name: cloud for cloud in (AWS, AZURE)}
