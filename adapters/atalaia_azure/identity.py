"""Tokens of this process's own identity in Entra ID.

Functions ask the address that their platform names: one request without any SDK, where azure-identity with msal and
cryptography would take 0.3 s of a cold start, 28 MB of memory and 19 MB of a bundle. Elsewhere azure-identity looks
for a credential, such as that of `az login`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from atalaia.errors import AtalaiaError
from atalaia_web.wire import NoAnswerError, ask

_SECONDS = 5.0
_EARLY = 300  # a token is renewed so many seconds before its end
_API = "2019-08-01"

Token = Callable[[str], str]
"""Returns a token for a resource, such as `https://monitor.azure.com`."""


class NoTokenError(AtalaiaError):
    """There is no token: nobody gives one, or not to this identity."""


class Identity:
    """Gives tokens, and keeps each as long as it holds.

    Args:
        env: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` as the platform sets them, `AZURE_CLIENT_ID` of a user-assigned
            identity.
        clock: Tells the time, in seconds since 1970.
    """

    def __init__(self, env: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self._env = env
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}
        self._credential: Any = None

    def token(self, resource: str) -> str:
        """Return a token for *resource*, without a slash at its end.

        Raises:
            NoTokenError: There is none now.
        """
        held = self._held.get(resource)
        if held is None or held[1] - _EARLY < self._clock():
            asked = self._of_platform if self._env.get("IDENTITY_ENDPOINT") else self._of_library
            held = self._held[resource] = asked(resource)
        return held[0]

    def _of_platform(self, resource: str) -> tuple[str, float]:
        client = self._env.get("AZURE_CLIENT_ID")
        asked = {"api-version": _API, "resource": resource} | ({"client_id": client} if client else {})
        url = f"{self._env['IDENTITY_ENDPOINT']}?{urlencode(asked)}"
        try:
            answer = ask("GET", url, b"", {"X-IDENTITY-HEADER": self._env.get("IDENTITY_HEADER", "")}, _SECONDS)
        except NoAnswerError as error:
            msg = f"no token for {resource}: {error}"
            raise NoTokenError(msg) from error
        if answer.status != 200:
            msg = f"no token for {resource}: HTTP status {answer.status}. Give this function app a managed identity."
            raise NoTokenError(msg)
        try:
            told = json.loads(answer.body)
            return str(told["access_token"]), float(told["expires_on"])
        except (ValueError, KeyError, TypeError) as error:
            msg = f"no token for {resource}: the platform's answer has none. Restart this function app."
            raise NoTokenError(msg) from error

    def _of_library(self, resource: str) -> tuple[str, float]:
        try:
            from azure.core.exceptions import ClientAuthenticationError
            from azure.identity import CredentialUnavailableError, DefaultAzureCredential
        except ImportError as error:
            msg = f"no token for {resource}: this is no function app, and azure-identity is not installed. Install it."
            raise NoTokenError(msg) from error
        if self._credential is None:
            self._credential = DefaultAzureCredential()
        try:
            told = self._credential.get_token(f"{resource}/.default")
        except (ClientAuthenticationError, CredentialUnavailableError) as error:
            msg = f"no token for {resource}: azure-identity found no credential. Call `az login`."
            raise NoTokenError(msg) from error
        return str(told.token), float(told.expires_on)
