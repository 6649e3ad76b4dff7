"""Requests to Azure's APIs with a token of this app, whose refusals say what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from atalaia.errors import AtalaiaError, JobError
from atalaia.references import without_secrets
from atalaia_azure.identity import NoTokenError, Token
from atalaia_web.wire import Answer, NoAnswerError, ask

API = "2025-01-01-preview"
"""Of Azure Machine Learning in Azure Resource Manager."""

SECONDS = 6.0
"""A request takes no longer: three of them, with their tokens, end before another evaluator may begin a start."""

_RIGHTS = (401, 403)
_LATER = (408, 409, 423, 429)  # 409: another change of the same is under way
_AGAIN = "It will be tried again with the same id."


class Asked(Struct, frozen=True):
    """One request.

    Attributes:
        method, url: What is asked.
        told: The body, as plain JSON; none if it is None.
        fine: The statuses that are no refusal.
        headers: Further ones.
    """

    method: str
    url: str
    told: Any = None
    fine: tuple[int, ...] = (200,)
    headers: Mapping[str, str] = field(default_factory=dict)


class Resource(Struct, frozen=True, rename="camel"):
    """One of a list of resources: its name, what it is, and what Azure knows of it."""

    name: str
    properties: dict[str, Any] | None = None
    system_data: dict[str, Any] | None = None


class Asker(Struct, frozen=True):
    """Asks one of Azure's APIs.

    Attributes:
        resource: Whom the token is for, such as `https://management.azure.com`.
        token: Gives tokens.
        rights: What to do if this app has no right to it, as a sentence.
        other: What to do if something else is wrong with it, as a sentence.
        seconds: A request takes no longer.
    """

    resource: str
    token: Token
    rights: str
    other: str
    seconds: float = SECONDS

    def at(self, workspace: str, below: str, more: str = "") -> str:
        """Return the address of what is *below* a workspace; names may have letters of any language."""
        return f"{self.resource}{quote(workspace.rstrip('/'))}/{quote(below)}?api-version={API}{more}"

    def ask(self, what: str, asked: Asked) -> Answer:
        """Return the answer to a request for *what*, as messages call it.

        Raises:
            JobError: It was refused, or nobody knows.
        """
        body = b"" if asked.told is None else msgspec.json.encode(asked.told)
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            headers |= {"Authorization": f"Bearer {self.token(self.resource)}", **asked.headers}
            answer = ask(asked.method, asked.url, body, headers, self.seconds)
        except NoTokenError as error:
            msg = f"{what}: {error}"
            raise JobError(msg) from error
        except NoAnswerError as error:
            msg = f"{what}: {error} {_AGAIN}"
            raise JobError(msg) from error
        if answer.status not in asked.fine or _is_of_above(answer):
            msg = f"{what}: HTTP status {answer.status} ({_code(answer)}). {self._advice(answer.status)}"
            raise JobError(msg)
        return answer

    def _advice(self, status: int) -> str:
        if status in _RIGHTS:
            return self.rights
        return _AGAIN if status in _LATER or status >= 500 else self.other


def told_by(answer: Answer, what: str) -> dict[str, Any]:
    """Return the JSON object that was answered.

    Raises:
        JobError: There is none.
    """
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        msg = f"{what}: the answer is no JSON object. {_AGAIN}"
        raise JobError(msg)
    return told


def listed_by(told: Mapping[str, Any], what: str) -> list[Resource]:
    """Return the resources of a list that was answered.

    Raises:
        JobError: They are none.
    """
    try:
        return msgspec.convert(told.get("value") or [], list[Resource])
    except msgspec.ValidationError:
        msg = f"{what}: the answer is not what this service answers. {_AGAIN}"
        raise JobError(msg) from None


def learning(endpoint: str, token: Token, key: str) -> Asker:
    """Return what asks Azure Resource Manager of a workspace, for the target *key* of a policy."""
    return Asker(
        endpoint.rstrip("/"),
        token,
        "Give this app's identity the role AzureML Data Scientist in the workspace.",
        f"Correct the policy's `{key}`.",
    )


def _code(answer: Answer) -> str:
    try:
        told = json.loads(answer.body)["error"]
        code = f"{told['code']}: {' '.join(str(told.get('message', '')).split())[:300]}"
    except (ValueError, KeyError, TypeError, AttributeError):
        code = answer.text[:200]
    return without_secrets(code)


def _is_of_above(answer: Answer) -> bool:
    """Tell whether what was not found is the workspace, or what it is in, and not what was asked for."""
    return answer.status == 404 and _code(answer).partition(":")[0] in _ABOVE


_ABOVE = (
    "ResourceGroupNotFound",
    "SubscriptionNotFound",
    "ResourceNotFound",
    "WorkspaceNotFound",
    "InvalidSubscriptionId",
)


def endpoint_of(env: Mapping[str, str]) -> str:
    """Return where Azure Resource Manager is.

    A policy names a resource of the public cloud itself, unless the setting says which other.

    Raises:
        AtalaiaError: The setting is no address.
    """
    given = env.get("ATALAIA_ARM_ENDPOINT", "https://management.azure.com")
    if not is_safe(given):
        msg = f"ATALAIA_ARM_ENDPOINT={given}: a token is sent there, so it must begin with https://, or be on loopback."
        raise AtalaiaError(msg)
    return given


def is_safe(url: str) -> bool:
    """Tell whether a token may be sent to *url*: over TLS, or within this machine."""
    return url.startswith(("https://", "http://127.0.0.1:"))
