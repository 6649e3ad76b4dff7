"""Secrets in Azure Key Vault, over its REST API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from msgspec import Struct

from atalaia.errors import JobError
from atalaia_azure.identity import NoTokenError, Token
from atalaia_web.wire import Answer, NoAnswerError, ask

_API = "7.4"
_SECONDS = 5.0
_PLACE = re.compile(
    r"(https://[a-z][a-z0-9-]{1,22}[a-z0-9]\.(vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)))"
    r"(/secrets/[0-9a-zA-Z-]{1,127}(?:/[0-9a-f]{32})?)/?",
    re.IGNORECASE,
)
_ADVICE = {
    401: "Give this app's identity the role Key Vault Secrets User on it.",
    403: "Give this app's identity the role Key Vault Secrets User on it.",
    404: "Correct its name.",
    "ForbiddenByFirewall": "Let this app through the vault's firewall.",
    "SecretDisabled": "Enable it, or name another version.",
}


class Vaults(Struct, frozen=True):
    """Reads secrets as this app.

    Attributes:
        token: Gives tokens.
        at: Returns the address to ask a vault at; that is its own, but in tests.
        seconds: A request takes no longer.
    """

    token: Token
    at: Callable[[str], str] = str
    seconds: float = _SECONDS

    def secret(self, url: str) -> str:
        """Return the secret at *url*, `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]`.

        Raises:
            JobError: That is no such place, or it cannot be read.
        """
        found = _PLACE.fullmatch(url)
        if found is None:  # it may be the secret itself, so it is not repeated
            msg = "keyvault: no secret of a vault. Write keyvault:https://VAULT.vault.azure.net/secrets/NAME."
            raise JobError(msg)
        vault, suffix, path = found.groups()
        answer = self._answer(url, f"{self.at(vault)}{path}?api-version={_API}", f"https://{suffix.lower()}")
        try:
            value = json.loads(answer.body)["value"]
        except (ValueError, KeyError, TypeError):  # nor is what came from there
            value = None
        if not isinstance(value, str) or not value:
            msg = f"secret {url}: it is empty. Set it."
            raise JobError(msg)
        return value

    def _answer(self, url: str, where: str, resource: str) -> Answer:
        try:
            headers = {"Authorization": f"Bearer {self.token(resource)}"}
            answer = ask("GET", where, b"", headers, self.seconds)
        except (NoTokenError, NoAnswerError) as error:
            msg = f"secret {url}: {error}"
            raise JobError(msg) from error
        if answer.status != 200:
            code = _code(answer)
            advice = _ADVICE.get(code) or _ADVICE.get(answer.status) or "It will be tried again."
            msg = f"secret {url}: HTTP status {answer.status}{f' ({code})' if code else ''}. {advice}"
            raise JobError(msg)
        return answer


def _code(answer: Answer) -> str:
    """Return the innermost code of an error; the rest of it is not repeated."""
    try:
        told = json.loads(answer.body)["error"]
        code = str((told.get("innererror") or told)["code"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return code if re.fullmatch(r"[A-Za-z]{1,50}", code) else ""
