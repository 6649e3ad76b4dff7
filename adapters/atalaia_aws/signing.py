"""Requests signed with SigV4: OTLP to CloudWatch's own endpoint."""

from __future__ import annotations

from typing import Any

from atalaia.errors import NotSentError
from atalaia_otel.otlp import OtlpChannel

_SERVICE = "monitoring"


def signed_channel(region: str, url: str | None = None, credentials: Any = None) -> OtlpChannel:
    """Return a channel to CloudWatch's OTLP endpoint.

    Args:
        region: The AWS region whose CloudWatch it is.
        url: Another endpoint that checks the same signatures.
        credentials: botocore's; by default those of the environment, renewed as botocore does it.
    """
    address = url or f"https://monitoring.{region}.amazonaws.com/v1/metrics"
    return OtlpChannel(address, sign=Signer(region, credentials).sign)


class Signer:
    """Signs requests to CloudWatch in one region."""

    def __init__(self, region: str, credentials: Any = None) -> None:
        """Use *credentials* of botocore, or look for them when the first request is signed."""
        self._region = region
        self._credentials = credentials

    def sign(self, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        """Return *headers* with the signature.

        Raises:
            NotSentError: There are no credentials.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest("POST", url, headers, body)
        SigV4Auth(self._found().get_frozen_credentials(), _SERVICE, self._region).add_auth(request)
        return dict(request.headers.items())

    def _found(self) -> Any:
        if self._credentials is None:
            from botocore.session import Session

            self._credentials = Session().get_credentials()
        if self._credentials is None:
            msg = "CloudWatch metrics: no AWS credentials were found. Give this process a role."
            raise NotSentError(msg)
        return self._credentials
