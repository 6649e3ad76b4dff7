"""One request to a service that starts something, and what its refusals mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from atalaia.errors import JobError
from atalaia.references import without_secrets
from atalaia_web.wire import Answer, NoAnswerError, ask

SECONDS = 6.0
"""A request takes no longer: three of them, and the 10 s that reading a secret may take, end within half a minute."""

_AGAIN = "It will be tried again with the same id."
_BUSY = (408, 425, 429)
_MOST_REASON = 300

Secret = Callable[[str], str]
"""Returns the secret that a reference such as `env:GITHUB_TOKEN` stands for; raises JobError if there is none."""


class Service(Struct, frozen=True):
    """A service, as errors speak of it.

    Attributes:
        name: What is asked of it: `GitHub workflow train.yml of acme/models`.
        rights: What to do if the right is missing.
        fix: What to do if the request is wrong.
        refusals: Statuses that mean a missing right, besides 401 and 403.
        seconds: A request takes no longer.
    """

    name: str
    rights: str
    fix: str
    refusals: Collection[int] = ()
    seconds: float = SECONDS

    def ask(self, method: str, url: str, headers: Mapping[str, str], told: bytes, fine: Collection[int]) -> Answer:
        """Send one request, and return the answer, whose status is *fine*; redirects are not followed.

        Raises:
            JobError: It was refused, or nobody knows. The message has no headers and not the path of *url*.
        """
        sent = {"User-Agent": "atalaia", **headers} | ({"Content-Type": "application/json"} if told else {})
        try:
            answer = ask(method, url, told, sent, self.seconds)
        except NoAnswerError as error:
            msg = f"{self.name}: {error} {_AGAIN}"
            raise JobError(msg) from None
        if answer.status not in fine:
            raise JobError(self.refusal(answer))
        return answer

    def refusal(self, answer: Answer) -> str:
        """Say what was answered, and what to do."""
        reason = reason_of(answer)
        status = f"HTTP status {answer.status}" + (f" ({reason})" if reason else "")
        return f"{self.name}: {status}. {self._advice(answer)}"

    def listed(self, answer: Answer, key: str | None = None) -> list[dict[str, Any]]:
        """Return the list of objects that was answered, or that stands at *key* of what was answered.

        Raises:
            JobError: There is none.
        """
        told = _json(answer)
        found = told.get(key) if isinstance(told, dict) and key is not None else told
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise JobError(self.unclear)
        return found

    def told(self, answer: Answer) -> dict[str, Any]:
        """Return the object that was answered.

        Raises:
            JobError: It is none.
        """
        found = _json(answer)
        if not isinstance(found, dict):
            raise JobError(self.unclear)
        return found

    def named(self, answer: Answer, key: str) -> str:
        """Return what was answered at *key*, a text or number, as text.

        Raises:
            JobError: There is none.
        """
        found = self.told(answer).get(key)
        if not isinstance(found, str | int):
            raise JobError(self.unclear)
        return str(found)

    @property
    def unclear(self) -> str:
        """Say that what was answered can't be read."""
        return f"{self.name}: the answer is not what this service answers. {_AGAIN}"

    def _advice(self, answer: Answer) -> str:
        if answer.status in _BUSY or answer.status >= 500 or _is_limit(answer):
            return _AGAIN
        if answer.status in (401, 403) or answer.status in self.refusals:
            return self.rights
        if 300 <= answer.status < 400:
            return "It points elsewhere, and redirects are not followed. Give the address that it points to."
        return self.fix


def encoded(told: Mapping[str, Any]) -> bytes:
    """Return JSON whose bytes are the same for the same content."""
    return msgspec.json.encode(told, order="deterministic")


def token_of(reference: str, secret: Secret) -> str:
    """Return a token that may stand in a header.

    Raises:
        JobError: There is none, or it may not.
    """
    token = secret(reference)
    if not (token.isascii() and token.isprintable()):
        msg = f"{reference}: what is kept there is no token. Store the token alone, without a line break."
        raise JobError(msg)
    return token


def reason_of(answer: Answer) -> str:
    """Return why it was refused, if the service says so as JSON; what else servers answer may repeat the request."""
    told = _json(answer)
    parts = [str(told[key]) for key in ("error_code", "message") if told.get(key)] if isinstance(told, dict) else []
    return without_secrets(" ".join(": ".join(parts).split()))[:_MOST_REASON]


def _is_limit(answer: Answer) -> bool:
    """Tell whether GitHub says by 403 that there were too many requests."""
    return answer.status == 403 and (
        "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    )


def _json(answer: Answer) -> object:
    try:
        told: object = json.loads(answer.body)
    except ValueError:
        return None
    return told
