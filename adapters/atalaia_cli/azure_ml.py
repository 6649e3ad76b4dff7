"""What is registered in a workspace of Azure Machine Learning, by Microsoft's own client.

It is for an operator's machine: the functions start jobs with one request of their own, which a test holds to the same
body.
"""

from __future__ import annotations

import io
import logging
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from msgspec import Struct

from atalaia.errors import AtalaiaError

T = TypeVar("T")

_WORKSPACE = re.compile(
    r"(/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.MachineLearningServices/workspaces/([^/]+))/?",
    re.IGNORECASE,
)
_MOST = 600  # characters of an error of Microsoft's client
_ADDRESSES = ("azure_portal", "resource_manager", "active_directory", "aml_resource_id", "registry_discovery_endpoint")


class Component(Struct, frozen=True):
    """A component that is registered.

    Attributes:
        id: Its resource id.
        needs: The inputs that have no default and are not optional.
        takes: All inputs.
    """

    id: str
    needs: frozenset[str]
    takes: frozenset[str]


class Workspace:
    """A workspace, as Microsoft's client sees it."""

    def __init__(self, workspace: str) -> None:
        """Take the workspace's resource id; nothing is asked yet.

        Raises:
            AtalaiaError: It is no such id, or Microsoft's client is not installed.
        """
        found = _WORKSPACE.fullmatch(workspace)
        if found is None:
            msg = f"--workspace {workspace}: no resource id of a workspace. Copy it from the workspace's page."
            raise AtalaiaError(msg)
        warnings.filterwarnings("ignore", module=r"(azure|marshmallow|msrest)\b.*")
        try:
            from azure.ai.ml import MLClient  # noqa: PLC0415 - two seconds, for few
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415
        except ImportError as error:
            msg = "retrain setup needs Microsoft's own client. Install it: pip install 'atalaia[azure-ml]'"
            raise AtalaiaError(msg) from error
        self.id, *place = found.groups()
        options = {"show_progress": False, "enable_telemetry": False, **_elsewhere()}
        self._client: Any = MLClient(DefaultAzureCredential(), *place, **options)
        for name in ("azure", "azure.ai.ml"):  # what goes wrong is told in one line; the latter has a level of its own
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def register(self, component: Path, environment: Path | None) -> Component:
        """Register an environment, if one is given, and a component that runs in it; both as their files say.

        Raises:
            AtalaiaError: A file is none, or the workspace refuses it.
        """
        from azure.ai.ml import load_component, load_environment  # noqa: PLC0415

        loaded = _done(f"{component}", lambda: load_component(component))
        if environment is not None:
            made = _done(
                f"{environment}", lambda: self._client.environments.create_or_update(load_environment(environment))
            )
            loaded.environment = f"azureml:{made.name}:{made.version}"
        stored = _done(f"{component}", lambda: self._client.components.create_or_update(loaded))
        inputs = loaded.inputs
        needs = frozenset(name for name, each in inputs.items() if each.default is None and not each.optional)
        return Component(str(stored.id), needs, frozenset(inputs))

    def schedule(self, name: str, cron: str, job: Mapping[str, Any]) -> None:
        """Let a job, written as Azure ML's YAML has it, run by the calendar, in UTC.

        Raises:
            AtalaiaError: The workspace refuses it.
        """
        from azure.ai.ml import load_job  # noqa: PLC0415
        from azure.ai.ml.entities import CronTrigger, JobSchedule  # noqa: PLC0415

        def made() -> Any:
            text = yaml.safe_dump(dict(job), sort_keys=False)
            trigger = CronTrigger(expression=cron, time_zone="UTC")
            schedule = JobSchedule(name=name, trigger=trigger, create_job=load_job(io.StringIO(text)))
            return self._client.schedules.begin_create_or_update(schedule).result()

        _done(f"the schedule {name}", made)


def _done(what: str, work: Callable[[], T]) -> T:
    """Do what Microsoft's client does, and say of its errors how they begin, in one line."""
    from azure.ai.ml.exceptions import MlException  # noqa: PLC0415
    from azure.core.exceptions import AzureError  # noqa: PLC0415
    from marshmallow import ValidationError  # noqa: PLC0415 - its readers of files raise it

    try:
        return work()
    except (AzureError, MlException, ValidationError, OSError, ValueError) as error:
        told = (
            " ".join(str(error).partition("The easiest way to")[0].split())[:_MOST].rstrip(".") or type(error).__name__
        )
        msg = f"{what}: {told}. Correct it, or ask for the role AzureML Data Scientist in the workspace."
        raise AtalaiaError(msg) from error


def _elsewhere() -> dict[str, Any]:
    """Name the cloud that Azure Resource Manager is in, if it is not the public one."""
    endpoint = os.environ.get("ATALAIA_ARM_ENDPOINT")  # noqa: TID251 - which of Azure's clouds is asked is wiring
    if not endpoint:
        return {}
    known = {"https://management.usgovcloudapi.net": "AzureUSGovernment"}
    known |= {"https://management.chinacloudapi.cn": "AzureChinaCloud"}
    if endpoint.rstrip("/") in known:
        return {"cloud": known[endpoint.rstrip("/")]}
    there = dict.fromkeys(_ADDRESSES, endpoint) | {"storage_endpoint": "core.windows.net"}
    return {"cloud": "Other", "cloud_metadata": there}
