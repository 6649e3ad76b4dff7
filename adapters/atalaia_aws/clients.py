"""botocore's clients for the control plane, each with its own limit to the time of a request.

They are those that boto3 gives; boto3 itself brings transfers to S3 besides, whose import is a third of its time.

A client's time-outs are fixed when it is made, so it is made for one of a few limits and kept. It does not try again by
itself: a request that failed is kept or begun anew by whoever knows how much time is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atalaia.errors import AtalaiaError

_LIMITS = (5.0, 2.0, 1.0, 0.5, 0.2)


class BotoClients:
    """Makes each client when it is first needed.

    Args:
        settings: What botocore needs to know beyond the environment, such as `endpoint_url` or `region_name`.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._settings = dict(settings or {})
        self._made: dict[tuple[str, float], Any] = {}
        self._session: Any = None

    def within(self, service: str, seconds: float) -> Any:
        """Return a client of *service* that waits no longer than *seconds*, but at least 0.2, for an answer.

        Raises:
            AtalaiaError: No region is known.
        """
        limit = next((limit for limit in _LIMITS if limit <= seconds), _LIMITS[-1])
        if (service, limit) not in self._made:
            self._made[service, limit] = self._make(service, limit)
        return self._made[service, limit]

    def _make(self, service: str, limit: float) -> Any:
        from botocore.config import Config
        from botocore.exceptions import NoRegionError
        from botocore.session import Session

        config = Config(connect_timeout=limit, read_timeout=limit, retries={"total_max_attempts": 1})
        try:
            if self._session is None:
                self._session = Session()  # it keeps what it read of services and credentials for the next client
            return self._session.create_client(service, config=config, **self._settings)
        except NoRegionError as error:
            msg = "no AWS region is known. Set AWS_REGION, such as eu-west-1."
            raise AtalaiaError(msg) from error
