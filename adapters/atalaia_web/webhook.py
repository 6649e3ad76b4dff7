"""Messages to any address over HTTP, signed, and laid out as the receiver wants them.

The receiver gets the job's id, and may get a message twice: after a crash nobody knows whether it came.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import Chat, Webhook
from atalaia.ports import Job
from atalaia.references import is_address, is_reference
from atalaia_web.asking import SECONDS, Secret, Service, encoded
from atalaia_web.chats import slack, teams
from atalaia_web.telling import message_of, request_of

_FINE = (200, 201, 202, 204)
_LAYOUTS: Mapping[Chat, Callable[[Job], dict[str, Any]]] = {
    Chat.JSON: request_of,
    Chat.SLACK: lambda job: slack(message_of(job)),
    Chat.TEAMS: lambda job: teams(message_of(job)),
}


class WebhookStarter(Struct, frozen=True):
    """Sends messages to an address.

    Attributes:
        target: The address, the key to sign with, and the layout.
        secret: Reads the key, and the address if that is one.
        seconds: A request takes no longer.
        clock: Tells the time of signatures, in seconds since 1970.
    """

    target: Webhook
    secret: Secret
    seconds: float = SECONDS
    clock: Callable[[], float] = time.time

    def start(self, job: Job) -> str:
        """Send the message, and return the job's id, which the receiver got with it.

        Raises:
            JobError: It was not sent, or nobody knows; start it again with the same id.
        """
        body = encoded(_LAYOUTS[self.target.format](job))
        headers = {"Idempotency-Key": job.id}
        if self.target.secret is not None:
            headers["Atalaia-Signature"] = signature(self.secret(self.target.secret), body, int(self.clock()))
        service = Service(
            f"webhook {self.target.url if is_reference(self.target.url) else urlsplit(self.target.url).hostname}",
            "Correct its address or key, or give it the right there.",
            "Correct its address or `format`.",
            seconds=self.seconds,
        )
        service.ask("POST", self._url(), headers, body, _FINE)
        return job.id

    def _url(self) -> str:
        if not is_reference(self.target.url):
            return self.target.url
        url = self.secret(self.target.url)
        if not is_address(url):
            msg = f"webhook {self.target.url}: what is kept there is no address over https. Store the address alone."
            raise JobError(msg)
        return url


def signature(key: str, body: bytes, seconds: int) -> str:
    """Return the header by which a receiver knows who sent a body, and when.

    `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256, with the key, of the seconds, a dot and the body.

    Example:
        >>> signature("key", b"{}", 1700000000)[:24]
        't=1700000000,v1=9d713ed4'
    """
    signed = hmac.new(key.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={signed.hexdigest()}"
