"""A vault of Azure Key Vault on 127.0.0.1, after its REST reference: `GET /secrets/NAME[/VERSION]?api-version=7.4`."""

import contextlib
from urllib.parse import parse_qs, urlsplit

from answering import answering, error

_CHALLENGE = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'


class Vault:
    """`secrets` by name, or name/version; `plan` lists the next answers: a status and codes, the innermost last."""

    def __init__(self, token):
        self.secrets, self.plan, self.seen, self._token = {}, [], [], token

    def answer(self, method, url, headers, _body):
        parts = urlsplit(url)
        self.seen.append((method, parts.path, parse_qs(parts.query)))
        if headers.get("authorization") != f"Bearer {self._token}":
            missing = "AKV10000: Request is missing a Bearer or PoP token."
            return *error(401, "Unauthorized", missing), {"WWW-Authenticate": _CHALLENGE}
        if self.plan:
            status, code, *inner = self.plan.pop(0)
            told = {"code": code, "message": "as planned", **({"innererror": {"code": inner[0]}} if inner else {})}
            return status, {"error": told}
        name = parts.path.removeprefix("/secrets/").rstrip("/")
        if name not in self.secrets:
            return error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
        return 200, {"value": self.secrets[name], "id": f"https://v/secrets/{name}", "attributes": {"enabled": True}}


@contextlib.contextmanager
def key_vault(token):
    """Run it; its address is `vault.address`."""
    vault = Vault(token)
    with answering(vault.answer) as vault.address:
        yield vault
