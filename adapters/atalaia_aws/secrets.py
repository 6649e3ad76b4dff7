"""Secrets that AWS Secrets Manager keeps."""

from __future__ import annotations

import json

from atalaia.errors import JobError
from atalaia_aws.asking import SECONDS, asked
from atalaia_aws.clients import BotoClients


def kept_secret(clients: BotoClients, where: str) -> str:
    """Return what a secret holds, without blanks around it; it is asked for anew each time.

    Args:
        clients: Where the call goes.
        where: The secret's name or ARN; or that, `#`, and a key of the JSON object that it holds.

    Raises:
        JobError: It could not be read, or there is nothing of the kind in it.
    """
    name, _, key = where.partition("#")
    answer = asked(
        f"secret {name}",
        "secretsmanager:GetSecretValue",
        "Give the name or the ARN of a secret in the functions' region.",
        lambda: clients.within("secretsmanager", SECONDS).get_secret_value(SecretId=name),
    )
    held = answer.get("SecretString")
    found = _of_key(held, key) if key else held
    if not isinstance(found, str) or not found.strip():
        part = f"no text under the key {key}" if key else "no text"
        msg = f"secret {name}: it holds {part}. Store the secret there."
        raise JobError(msg)
    return found.strip()


def _of_key(held: object, key: str) -> object:
    """Return what a JSON object has under *key*, None if it has nothing or *held* is no such object."""
    try:
        told = json.loads(held) if isinstance(held, str) else None
    except ValueError:  # its message would hold the beginning of what was read
        return None
    return told.get(key) if isinstance(told, dict) else None
