"""What a monitor file must fulfil where a policy shifts the traffic of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.monitor_columns import is_number
from atalaia.monitor_yaml import Issue, Path

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_ALL = 100


def broken_traffic(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Yield what is wrong with the shares of traffic that a policy at *path* wants, in SageMaker or in Azure ML."""
    sagemaker, azureml = policy.get("sagemaker_traffic"), policy.get("azureml_traffic")
    if isinstance(sagemaker, dict):
        yield from _sagemaker(sagemaker, (*path, "sagemaker_traffic"))
    if isinstance(azureml, dict) and (shares := _shares(azureml.get("traffic"))):
        yield from _azureml(shares, (*path, "azureml_traffic", "traffic"))


def _sagemaker(wanted: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    weights = _shares(wanted.get("weights"))
    for key, name in (("endpoint", wanted.get("endpoint")), *(("weights", each) for each in weights)):
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found = f"{name!r} is no name of letters, digits and hyphens between them, at most 63"
            yield Issue((*path, key), found, "Write it as SageMaker does.")
    if weights and (min(weights.values()) < 0 or not any(weights.values())):
        found = "a weight is below 0, or all are 0"
        yield Issue((*path, "weights"), found, "Give each variant its weight, such as {champion: 1, challenger: 0}.")


def _azureml(shares: Mapping[str, float], path: Path) -> Iterator[Issue]:
    if min(shares.values()) < 0 or sum(shares.values()) != _ALL:
        fix = "Give each deployment its percentage, such as {blue: 100, green: 0}."
        yield Issue(path, f"the percentages are not from 0 on with a sum of {_ALL}", fix)


def _shares(given: object) -> dict[str, float]:
    """Return the shares by name; none if there is one that is no number, which is told of elsewhere."""
    if not isinstance(given, dict) or not all(is_number(each) for each in given.values()):
        return {}
    return given
