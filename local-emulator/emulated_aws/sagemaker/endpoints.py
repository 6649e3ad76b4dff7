"""Endpoints, as far as their traffic goes: variants with weights, which take a while to be shifted."""

import time
from collections.abc import Mapping
from typing import Any

from emulated_aws.sagemaker.faults import RefusalError
from emulated_aws.sagemaker.surroundings import Surroundings

CHANGE_SECONDS = 60.0


class Endpoints:
    """All of one account and region; each method is one operation, from its arguments to its answer."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._configurations: dict[str, list[dict[str, Any]]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}

    def configure(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpointConfig."""
        name = request["EndpointConfigName"]
        self._configurations[name] = [
            {"VariantName": each["VariantName"], "Weight": each.get("InitialVariantWeight", 1.0)}
            for each in request["ProductionVariants"]
        ]
        return {"EndpointConfigArn": f"{self._around.arn}:endpoint-config/{name.lower()}"}

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpoint."""
        name, now = request["EndpointName"], time.time()
        arn = self._arn(name)
        if name in self.endpoints:
            message = f'Cannot create already existing endpoint "{arn}".'
            raise RefusalError(message)
        variants = self._configurations.get(request["EndpointConfigName"])
        if variants is None:
            message = f"Could not find endpoint configuration {request['EndpointConfigName']}."
            raise RefusalError(message)
        about = {"EndpointName": name, "EndpointArn": arn, "EndpointConfigName": request["EndpointConfigName"]}
        times = {"CreationTime": now, "LastModifiedTime": now}
        self.endpoints[name] = about | times | {"ProductionVariants": [_variant(each) for each in variants]}
        self._change(self.endpoints[name], "Creating")
        return {"EndpointArn": arn}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint: while it is created, there are no variants yet."""
        found = self._endpoint(request)
        if found["EndpointStatus"] == "Creating":
            return {key: value for key, value in found.items() if key != "ProductionVariants"}
        return found

    def shift(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities."""
        found = self._endpoint(request)
        if found["EndpointStatus"] != "InService":
            message = f'Cannot update in-progress endpoint "{found["EndpointArn"]}".'
            raise RefusalError(message)
        variants = {each["VariantName"]: each for each in found["ProductionVariants"]}
        wanted = {each["VariantName"]: each.get("DesiredWeight") for each in request["DesiredWeightsAndCapacities"]}
        if unknown := sorted(set(wanted) - set(variants)):
            message = (
                f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration '
                f'"{found["EndpointConfigName"]}".'
            )
            raise RefusalError(message)
        for name, weight in wanted.items():
            if weight is not None:
                variants[name]["DesiredWeight"] = weight
        self._change(found, "Updating")
        return {"EndpointArn": found["EndpointArn"]}

    def _change(self, endpoint: dict[str, Any], status: str) -> None:
        endpoint.update(EndpointStatus=status, LastModifiedTime=time.time())
        self._around.after(CHANGE_SECONDS, lambda: self._settle(endpoint))

    def _settle(self, endpoint: dict[str, Any]) -> None:
        with self._around.lock:
            for each in endpoint["ProductionVariants"]:
                each["CurrentWeight"] = each["DesiredWeight"]
            endpoint.update(EndpointStatus="InService", LastModifiedTime=time.time())

    def _endpoint(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.endpoints.get(request["EndpointName"])
        if found is None:
            message = f'Could not find endpoint "{self._arn(request["EndpointName"])}".'
            raise RefusalError(message)
        return found

    def _arn(self, name: str) -> str:
        return f"{self._around.arn}:endpoint/{name.lower()}"


def _variant(configured: Mapping[str, Any]) -> dict[str, Any]:
    weight = float(configured["Weight"])
    return {"VariantName": configured["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
