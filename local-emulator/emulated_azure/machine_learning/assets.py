"""What jobs refer to: environments, components, data, models, endpoints. Kept as they came, under their ids."""

from collections.abc import Mapping
from typing import Any

from emulated_azure.machine_learning.faults import NotFoundError, RefusalError
from emulated_azure.machine_learning.surroundings import instant

VERSIONED = ("codes", "components", "data", "environments", "models")
PLAIN = ("batchEndpoints", "computes", "datastores", "onlineEndpoints", "schedules")
Asset = dict[str, Any]


class Assets:
    """By id."""

    def __init__(self) -> None:
        self._assets: dict[str, Asset] = {}

    def put(self, identity: str, body: Mapping[str, Any]) -> tuple[int, Asset]:
        """Create or replace one; the HTTP status, and it."""
        if not isinstance(body.get("properties"), Mapping):
            message = "The request body has no properties."
            raise RefusalError(message)
        status = 200 if identity in self._assets else 201
        before = self._assets.get(identity, {}).get("systemData", {})
        who = {"createdBy": "Atalaia", "createdByType": "Application", "lastModifiedBy": "Atalaia"}
        made = who | {"lastModifiedByType": "Application", "lastModifiedAt": (now := instant()), "createdAt": now}
        properties = {
            "provisioningState": "Succeeded",
            "tags": {},
            "properties": {},
            "flavors": {},
            **body["properties"],
        }
        kept = {
            "id": identity,
            "name": identity.rpartition("/")[2],
            "type": "",
            "systemData": made | {"createdAt": before.get("createdAt", now)},
        }
        self._assets[identity] = {**body, **kept, "properties": properties}
        return status, self._assets[identity]

    def get(self, identity: str) -> Asset:
        """The one of that id.

        Raises:
            NotFoundError: There is none.
        """
        found = self._assets.get(identity)
        if found is None:
            *_, kind, name = identity.split("/")
            message = f"{kind}/{name} was not found: {identity}"
            raise NotFoundError(message)
        return found

    def list(self, prefix: str) -> list[Asset]:
        """Those right under *prefix*, the newest first."""
        depth = prefix.count("/") + 1
        found = [each for key, each in self._assets.items() if key.startswith(f"{prefix}/") and key.count("/") == depth]
        return found[::-1]
