"""Shared-key signatures, as the storage services define them for the versions since 2015-02-21."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlencode

VERSION = "2021-12-02"
SIGNED = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request to storage.

    Attributes:
        path: As it goes over the wire, percent-encoded, account first.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def signed(request: Request, account: str, key: str, now: float) -> dict[str, str]:
    """The headers of *request* with the date, the version and the signature."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers |= {"x-ms-date": formatdate(now, usegmt=True), "x-ms-version": VERSION}
    if request.body or request.method == "PUT":
        headers["content-length"] = str(len(request.body))
    text = string_to_sign(request, headers, account)
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return {**headers, "authorization": f"SharedKey {account}:{base64.b64encode(digest).decode()}"}


def string_to_sign(request: Request, headers: Mapping[str, str], account: str) -> str:
    """What the signature is made over; *headers* in lower case."""
    standard = [headers.get(name, "") for name in SIGNED]
    standard[SIGNED.index("content-length")] = str(len(request.body)) if request.body else ""
    own = [f"{name}:{value}" for name, value in sorted(headers.items()) if name.startswith("x-ms-")]
    query = [f"{name.lower()}:{value}" for name, value in sorted(request.query.items())]
    return "\n".join([request.method, *standard, *own, f"/{account}{request.path}", *query])
