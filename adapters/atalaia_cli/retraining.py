"""`atalaia retrain setup`: what a policy's job in Azure Machine Learning runs is registered there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Monitor
from atalaia_cli.azure_ml import Component, Workspace
from atalaia_cli.jobs import working
from atalaia_cli.places import open_monitor

_STEP = "retrain"
_FILE = re.compile(r".+\.[A-Za-z0-9]{1,8}")
_FILLED_IN = re.compile(r"\{[a-z_]+\}")


@click.group(short_help="Prepare what policies start.")
def retrain() -> None:
    """Prepare what policies start."""


@retrain.command(short_help="Register a training job in Azure Machine Learning.")
@click.argument("monitor")
@click.argument("component", type=Path)
@click.option("--workspace", required=True, metavar="ID", help="The workspace's resource id.")
@click.option("--compute", required=True, metavar="NAME", help="The compute cluster that the job runs on.")
@click.option("--environment", type=Path, metavar="FILE", help="Register this environment, and run in it.")
@click.option("--policy", metavar="NAME", help="The policy that is to start it; by default the only one.")
@click.option("--input", "given", metavar="NAME=URI", multiple=True, help="Data for an input; may be repeated.")
@click.option("--schedule", metavar="CRON", help="Let it run by the calendar, too, in UTC.")
def setup(
    monitor: str,
    component: Path,
    workspace: str,
    compute: str,
    environment: Path | None,
    policy: str | None,
    given: tuple[str, ...],
    schedule: str | None,
) -> None:
    """Register COMPONENT, a command component of Azure Machine Learning in YAML, with the code in the folder it names.

    Prints the block `azureml_job` for the policy in the monitor file. The component's inputs come from the policy's
    parameters of the same names, and from --input.

    \b
    Example: atalaia retrain setup monitor.yaml train/component.yml --workspace /subscriptions/... --compute cpu
    """
    opened = open_monitor(monitor)
    name, parameters = _policy(opened.monitor, policy)
    data = dict(_data(each) for each in given)
    with working("registering"):
        there = Workspace(workspace)
        stored = there.register(component, environment)
        inputs = _inputs(stored, parameters, data)
        if schedule is not None:
            job = calendar_job(opened.monitor.name, stored, compute, _by_calendar(stored, parameters, data), data)
            there.schedule(f"{opened.monitor.name}-{name}", schedule, job)
            click.echo(f"Scheduled {opened.monitor.name}-{name}: {schedule}, in UTC.", err=True)
    click.echo(f"Registered {stored.id}. Paste this into the policy {name} of {monitor}:", err=True)
    block = {
        "workspace": there.id,
        "properties": properties(opened.monitor.name, stored, there.id, compute, inputs, data),
    }
    click.echo(yaml.safe_dump({"azureml_job": block}, sort_keys=False, width=1000), nl=False)


def properties(
    monitor: str, component: Component, workspace: str, compute: str, inputs: tuple[str, ...], data: Mapping[str, str]
) -> dict[str, Any]:
    """Return a pipeline job of one step as the REST API takes it; parameters are added to its inputs at its start."""
    step = {name: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{name}}}}}"} for name in inputs}
    return {
        "jobType": "Pipeline",
        "experimentName": monitor,
        "settings": {"default_compute": f"{workspace}/computes/{compute}"},
        "inputs": {name: {"jobInputType": _kind(uri), "uri": uri} for name, uri in data.items()},
        "jobs": {_STEP: {"name": _STEP, "type": "command", "componentId": component.id, "inputs": step}},
    }


def calendar_job(
    monitor: str, component: Component, compute: str, parameters: Mapping[str, str], data: Mapping[str, str]
) -> dict[str, Any]:
    """Return the same job as Azure ML's YAML has it, with what it is told whenever the calendar starts it."""
    step = {name: f"${{{{parent.inputs.{name}}}}}" for name in (*parameters, *data)}
    return {
        "type": "pipeline",
        "experiment_name": monitor,
        "settings": {"default_compute": f"azureml:{compute}"},
        "inputs": {**parameters, **{name: {"type": _kind(uri), "path": uri} for name, uri in data.items()}},
        "jobs": {_STEP: {"type": "command", "component": f"azureml:{component.id}", "inputs": step}},
    }


def _policy(monitor: Monitor, name: str | None) -> tuple[str, Mapping[str, str]]:
    named = {each.name: each for each in monitor.policies}
    if name is None and len(named) != 1:
        msg = f"{monitor.name}: {', '.join(named) or 'no policies'}. Name the one to start the job: --policy NAME."
        raise AtalaiaError(msg)
    found = next(iter(named.values())) if name is None else named.get(name)
    if found is None:
        msg = f"{monitor.name}: no policy {name}. There are: {', '.join(named) or 'none'}."
        raise AtalaiaError(msg)
    return found.name, found.parameters


def _data(text: str) -> tuple[str, str]:
    name, equals, uri = text.partition("=")
    if not (name and equals and uri):
        msg = f"--input {text}: not NAME=URI. Write it as data=azureml://datastores/NAME/paths/FOLDER/."
        raise AtalaiaError(msg)
    return name, uri


def _inputs(component: Component, parameters: Mapping[str, str], data: Mapping[str, str]) -> tuple[str, ...]:
    """Return the inputs of the component that the job is to give.

    Raises:
        AtalaiaError: It needs others, or does not take one of the data.
    """
    lacking = sorted(component.needs - parameters.keys() - data.keys())
    if lacking:
        msg = (
            f"the component needs {', '.join(lacking)}. Give the policy parameters of these names, or --input NAME=URI."
        )
        raise AtalaiaError(msg)
    unknown = sorted(data.keys() - component.takes)
    if unknown:
        msg = (
            f"the component has no input {', '.join(unknown)}. It has: {', '.join(sorted(component.takes)) or 'none'}."
        )
        raise AtalaiaError(msg)
    return tuple(name for name in (*parameters, *data) if name in component.takes)


def _by_calendar(component: Component, parameters: Mapping[str, str], data: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that the job is given when no window is its reason.

    Raises:
        AtalaiaError: The component needs one that only a window fills in.
    """
    known = {name: text for name, text in parameters.items() if not _FILLED_IN.search(text) and name in component.takes}
    lacking = sorted(component.needs - known.keys() - data.keys())
    if lacking:
        msg = f"by the calendar there is no window to fill in {', '.join(lacking)}. Give these inputs a default."
        raise AtalaiaError(msg)
    return known


def _kind(uri: str) -> str:
    """Tell a file from a folder by its ending, as nothing else does."""
    return "uri_file" if _FILE.fullmatch(uri.rpartition("/")[2]) else "uri_folder"
