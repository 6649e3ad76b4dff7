"""Shifting traffic of online endpoints of Azure Machine Learning to other deployments.

The split is a property of the endpoint, and the API changes an endpoint only as a whole (its PATCH knows tags and
identity alone) and without conditions. So it is read, and written back with the other split; a split that is as wanted
is left alone, so that doing it again does nothing.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import AzuremlTraffic
from atalaia.ports import Job
from atalaia_azure.asking import Asked, Asker, listed_by, told_by
from atalaia_functions.naming import job_name

_KEPT = ("location", "identity", "kind", "sku", "tags")
_TOLD_ONLY = ("provisioningState", "scoringUri", "swaggerUri", "keys")


class TrafficShifter(Struct, frozen=True):
    """Gives an online endpoint the split of traffic that a policy names.

    Attributes:
        wanted: The endpoint, and the split.
        arm: Asks Azure Resource Manager.
    """

    wanted: AzuremlTraffic
    arm: Asker

    def start(self, job: Job) -> str:
        """Shift the traffic unless it is so already, and return a name for that.

        Raises:
            JobError: It was not shifted, or nobody knows; do it again with the same id.
        """
        what = f"online endpoint {self.wanted.endpoint}"
        endpoint = told_by(self.arm.ask(what, Asked("GET", self._url())), what)
        if _split((endpoint.get("properties") or {}).get("traffic")) != _split(self.wanted.traffic):
            self._demand_deployments(what)
            self.arm.ask(what, Asked("PUT", self._url(), self._changed(endpoint), (200, 201, 202)))
        return job_name(job)

    def _demand_deployments(self, what: str) -> None:
        told = told_by(self.arm.ask(what, Asked("GET", self._url("/deployments"))), what)
        there = sorted(each.name for each in listed_by(told, what))
        missing = sorted(set(self.wanted.traffic) - set(there))
        if missing and not told.get("nextLink"):  # if the list goes on, Azure itself knows what lacks
            msg = f"{what}: no deployment {', '.join(missing)}. There are: {', '.join(there) or 'none'}. Name them."
            raise JobError(msg)

    def _changed(self, endpoint: dict[str, Any]) -> dict[str, Any]:
        known = endpoint.get("properties") or {}
        properties = {key: value for key, value in known.items() if key not in _TOLD_ONLY}
        kept = {key: endpoint[key] for key in _KEPT if endpoint.get(key) is not None}
        return {**kept, "properties": {**properties, "traffic": self.wanted.traffic}}

    def _url(self, below: str = "") -> str:
        return self.arm.at(self.wanted.workspace, f"onlineEndpoints/{self.wanted.endpoint}{below}")


def _split(traffic: dict[str, int] | None) -> dict[str, int]:
    return {name: share for name, share in (traffic or {}).items() if share}
