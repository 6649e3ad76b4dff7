"""Clients of one bucket or container, each with its own limit to the time of a request.

obstore fixes that limit, and its own retries, when a client is made. Its retries are switched off, because only we know
how much time is left and whether a conditional write may be repeated; and the limit is chosen among a few, so that
requests share connections until the time becomes short.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atalaia_obstore.patience import LEAST

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_LIMITS = (60.0, 15.0, 4.0, 1.0, LEAST)
_CONNECT = 3.0


class Clients:
    """Makes each client when it is first needed, and keeps it.

    Args:
        url: `s3://bucket` or `az://container`.
        config: What obstore needs to know beyond the environment, such as `endpoint` or `region`.
    """

    def __init__(self, url: str, config: dict[str, Any] | None = None) -> None:
        self._url = url
        self._config = config or {}
        self._made: dict[float, ObjectStore] = {}

    def within(self, seconds: float) -> ObjectStore:
        """Return a client whose requests take no longer than *seconds*, which are at least LEAST."""
        limit = next(limit for limit in _LIMITS if limit <= seconds)
        if limit not in self._made:
            self._made[limit] = self._make(limit)
        return self._made[limit]

    def _make(self, limit: float) -> ObjectStore:
        from obstore.store import from_url

        options: ClientConfig = {
            "timeout": timedelta(seconds=limit),
            "connect_timeout": timedelta(seconds=min(limit, _CONNECT)),
        }
        if str(self._config.get("endpoint", "")).startswith("http://"):
            options["allow_http"] = True
        retries: RetryConfig = {"max_retries": 0, "retry_timeout": timedelta(seconds=limit)}
        settings: Any = self._config  # its type depends on the URL's scheme
        made: ObjectStore = from_url(self._url, config=settings, client_options=options, retry_config=retries)
        return made
