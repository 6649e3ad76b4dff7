"""Tokens as Microsoft Entra ID gives them: signed JWTs that name who asks, for what, and until when."""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

TENANT = "00000000-0000-0000-0000-000000000004"
PRINCIPAL = "00000000-0000-0000-0000-000000000005"
ISSUER = f"https://sts.windows.net/{TENANT}/"
LIFETIME_SECONDS = 24 * 3600
KEY_ID = "atalaia-emulator"


class TokenError(Exception):
    """A token that is not good; the message says why."""


class Tokens:
    """Makes tokens and tells its own from others."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def make(self, audience: str, client: str) -> tuple[str, int]:
        """A token of *client* for *audience*, and the Unix time at which it ends."""
        now = int(time.time())
        ends = now + LIFETIME_SECONDS
        claims = {
            "aud": audience,
            "iss": ISSUER,
            "iat": now,
            "nbf": now - 300,
            "exp": ends,
            "appid": client,
            "oid": PRINCIPAL,
            "sub": PRINCIPAL,
            "tid": TENANT,
            "idtyp": "app",
            "ver": "1.0",
            "uti": uuid.uuid4().hex,
        }
        signed = f"{_encoded({'typ': 'JWT', 'alg': 'RS256', 'kid': KEY_ID})}.{_encoded(claims)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_text(signature)}", ends

    def claims(self, token: str) -> dict[str, Any]:
        """What *token* claims.

        Raises:
            TokenError: It is not ours, or has ended.
        """
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: dict[str, Any] = json.loads(_bytes(signed.partition(".")[2]))
        except (InvalidSignature, ValueError) as error:
            message = "The access token is invalid."
            raise TokenError(message) from error
        if claims["exp"] <= time.time():
            message = "The access token has expired."
            raise TokenError(message)
        return claims

    def published(self) -> dict[str, Any]:
        """The public key, as a set of JSON web keys."""
        numbers = self._key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID}
        return {"keys": [key | {"n": _text(numbers.n.to_bytes(size)), "e": _text(numbers.e.to_bytes(3))}]}


def _encoded(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
