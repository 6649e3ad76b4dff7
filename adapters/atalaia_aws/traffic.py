"""Shifting the traffic of a SageMaker endpoint to other variants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import SagemakerTraffic
from atalaia.ports import Job
from atalaia_aws.asking import SECONDS, asked
from atalaia_aws.clients import BotoClients
from atalaia_functions.naming import job_name

_IN_SERVICE = "InService"
_CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
_FIX = "Correct the policy's `sagemaker_traffic`: an endpoint in the functions' region, and its variants."


class TrafficStarter(Struct, frozen=True):
    """Gives an endpoint's variants the weights of a policy, unless they have them.

    It is a state that is asked for, so nothing can be done twice: who finds the weights as they shall be is done.

    Attributes:
        clients: Where the calls go.
        wanted: The endpoint, and the weights of its variants; those that are not named keep theirs.
    """

    clients: BotoClients
    wanted: SagemakerTraffic

    def start(self, job: Job) -> str:
        """Ask for the weights unless they are so, and return the job's name, which SageMaker does not know.

        Raises:
            JobError: The endpoint is not as it shall be: it is changing already, it was not changed, or nobody knows.
        """
        endpoint = self._ask("DescribeEndpoint")
        self._demand_settled(endpoint)
        present = {each["VariantName"]: each for each in endpoint.get("ProductionVariants", ())}
        self._demand_known(present)
        if not self._is_done(present):
            weights = [{"VariantName": name, "DesiredWeight": weight} for name, weight in self.wanted.weights.items()]
            self._ask("UpdateEndpointWeightsAndCapacities", DesiredWeightsAndCapacities=weights)
        return job_name(job)

    def _ask(self, operation: str, **more: Any) -> Any:
        from botocore import xform_name

        client, name = self.clients.within("sagemaker", SECONDS), self.wanted.endpoint
        call = getattr(client, xform_name(operation))
        return asked(f"endpoint {name}", f"sagemaker:{operation}", _FIX, lambda: call(EndpointName=name, **more))

    def _is_done(self, present: Mapping[str, Any]) -> bool:
        return all(
            math.isclose(present[name].get("CurrentWeight", -1), weight, rel_tol=1e-6, abs_tol=1e-9)
            for name, weight in self.wanted.weights.items()
        )

    def _demand_known(self, present: Mapping[str, Any]) -> None:
        unknown = sorted(set(self.wanted.weights) - set(present))
        if unknown:
            msg = (
                f"endpoint {self.wanted.endpoint}: it has no variant {', '.join(unknown)}. "
                f"Name among those that it has: {', '.join(sorted(present))}."
            )
            raise JobError(msg)

    def _demand_settled(self, endpoint: Mapping[str, Any]) -> None:
        status = str(endpoint["EndpointStatus"])
        if status == _IN_SERVICE:
            return
        advice = "It will be tried again." if status in _CHANGING else "Bring it into service; then it is tried again."
        msg = f"endpoint {self.wanted.endpoint}: its status is {status}, so its traffic cannot be shifted. {advice}"
        raise JobError(msg)
