"""Requests signed with a storage account's key, as "Authorize with Shared Key" of the storage services describes it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

VERSION = "2021-12-02"
"""Of the storage services' API."""

_SIGNED = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


class SharedKey(Struct, frozen=True):
    """The key of a storage account.

    Attributes:
        account: The account's name.
        key: In Base64, as the portal shows it; no message may show it.
    """

    account: str
    key: str

    def sign(self, method: str, url: str, headers: Mapping[str, str], time: float) -> dict[str, str]:
        """Return *headers* with those that sign the request, at *time*, in seconds since 1970."""
        told = {**headers, "x-ms-date": formatdate(time, usegmt=True), "x-ms-version": VERSION}
        lower = {name.lower(): value for name, value in told.items()}
        own = sorted((name, value) for name, value in lower.items() if name.startswith("x-ms-"))
        parts = [method, *(lower.get(name, "") for name in _SIGNED), *(f"{name}:{value}" for name, value in own)]
        text = "\n".join([*parts, self._resource(url)])
        mark = base64.b64encode(hmac.digest(base64.b64decode(self.key), text.encode(), "sha256")).decode()
        return {**told, "Authorization": f"SharedKey {self.account}:{mark}"}

    def _resource(self, url: str) -> str:
        parts = urlsplit(url)
        asked = sorted(parse_qsl(parts.query, keep_blank_values=True))
        return "\n".join([f"/{self.account}{parts.path}", *(f"{name}:{value}" for name, value in asked)])
