"""References to secrets, which stand in monitor files in place of the secrets; and what looks like a secret itself.

Source: what GitHub, Databricks, Slack, Microsoft and AWS say of the forms of their tokens, keys and addresses.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

KINDS = "env:NAME, secretsmanager:NAME or keyvault:https://VAULT.vault.azure.net/secrets/NAME"
"""How references are written, for messages."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}|[0-9a-f]*:[0-9a-f:.]*")
_REFERENCES = (
    r"env:[A-Za-z_][A-Za-z0-9_]*",
    r"secretsmanager:[A-Za-z0-9/_+=.@:-]+(#[^#\s]+)?",
    r"keyvault:(https://[A-Za-z0-9-]{3,24}\.vault\.[a-z.]+|http://127\.0\.0\.1:\d+)"
    r"/secrets/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?",
)  # compiled when first needed: most monitors have no policies, and functions start cold
_SECRETS = {
    "a token of GitHub": r"\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}",
    "a token of Databricks": r"\bdapi[0-9a-f]{32}",
    "a token of Slack": r"\bxox[a-z]-[\w-]{10,}",
    "the address of a Slack channel": r"https://hooks\.slack\.com/\w+/\w\S*",
    "the address of a Teams channel": r"https://[\w.-]+\.webhook\.office\.com/\w\S*",
    "a signed address": r"https://\S+[?&]sig=[\w%-]{8}\S*",
    "a token of Azure DevOps": r"\b[a-z2-7]{52}\b|\b\w{70,80}AZDO\w{4}\b",
    "an access key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a key of Azure": r"\b(AccountKey|SharedAccessKey)=[\w+/]{8,}=*",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*",
    "a signed token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",
}


def is_reference(text: str) -> bool:
    """Tell whether *text* says where a secret is kept.

    Example:
        >>> is_reference("env:GITHUB_TOKEN"), is_reference("hunter2")
        (True, False)
    """
    return any(re.fullmatch(pattern, text) for pattern in _REFERENCES)


def secret_in(text: str) -> str | None:
    """Return what secret a text seems to hold, in words without the secret; None if it seems to hold none.

    Example:
        >>> secret_in("token ghp_0123456789abcdefghij")
        'a token of GitHub'
    """
    return next((name for name, pattern in _SECRETS.items() if re.search(pattern, text)), None)


def without_secrets(text: str) -> str:
    """Return *text* with `(hidden)` in place of what seems to be a secret.

    Example:
        >>> without_secrets("'dapi0123456789abcdef0123456789abcdef' is text")
        "'(hidden)' is text"
    """
    for pattern in _SECRETS.values():
        text = re.sub(pattern, "(hidden)", text)
    return text


def is_address(text: str) -> bool:
    """Tell whether *text* is an address to send secrets to: over TLS, or on this machine; with no secret in itself.

    Example:
        >>> is_address("https://ci.example/hooks?team=risk"), is_address("http://ci.example"), is_address("https://u:p@h")
        (True, False, False)
    """
    if not (text.isascii() and text.isprintable()) or any(each in text for each in ' "<>\\#'):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return safe and bool(_HOST.fullmatch(host)) and "@" not in parts.netloc and port != 0
