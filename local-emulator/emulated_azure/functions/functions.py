"""A function as it was indexed: its trigger, its other bindings, its retry policy, its scale group."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulated_azure.functions.cron import schedule_of
from emulated_azure.functions.patterns import resolve_settings

TRIGGERS = ("httpTrigger", "blobTrigger", "queueTrigger", "timerTrigger", "eventGridTrigger")


class FunctionFaultError(Exception):
    """A function that the host cannot listen for; the message says why."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy; `most` is -1 for without end. Seconds are on the emulated clock."""

    most: int
    least_seconds: float
    most_seconds: float

    def wait_seconds(self, attempt: int) -> float:
        """Before the retry number *attempt*, from 1: constant, or doubled each time."""
        return min(self.most_seconds, self.least_seconds * (1 << min(attempt - 1, 30)))


@dataclass(frozen=True, slots=True)
class Function:
    """One function of an application."""

    id: str
    name: str
    trigger: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...]
    retry: Retry | None

    @property
    def kind(self) -> str:
        """The trigger's type."""
        return str(self.trigger["type"])

    @property
    def group(self) -> str:
        """What it is scaled with, as on Flex Consumption: HTTP together, blobs together, all else alone."""
        return {"httpTrigger": "http", "blobTrigger": "blob"}.get(self.kind, f"function:{self.name}")

    @property
    def outputs(self) -> list[Mapping[str, Any]]:
        """Bindings that take a value."""
        return [each for each in self.others if each.get("direction") == "OUT"]

    @property
    def inputs(self) -> list[Mapping[str, Any]]:
        """Bindings that give a value, beside the trigger."""
        return [each for each in self.others if each.get("direction") != "OUT"]


def fetches_itself(binding: Mapping[str, Any]) -> bool:
    """Whether a binding's value is a client of storage, which is told where the blob is, not what is in it."""
    return str((binding.get("properties") or {}).get("SupportsDeferredBinding", "")).lower() == "true"


def function_of(found: Mapping[str, Any], settings: Mapping[str, str]) -> Function:
    """A function from what the worker told of it.

    Raises:
        FunctionFaultError: This host has no such trigger, or a binding's value is wrong.
    """
    bindings = [_resolved(json.loads(each), settings) for each in found["bindings"]]
    triggers = [each for each in bindings if str(each["type"]).lower().endswith("trigger")]
    if len(triggers) != 1:
        message = f"{found['name']} has {len(triggers)} triggers"
        raise FunctionFaultError(message)
    trigger = triggers[0]
    function = Function(
        id=found["id"],
        name=found["name"],
        trigger=trigger,
        others=tuple(each for each in bindings if each is not trigger),
        retry=_retry(found["retry"]),
    )
    _check(function, settings)
    return function


def _resolved(binding: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    def value(name: str, given: Any) -> Any:
        if name == "connection" or not isinstance(given, str):
            return given
        return resolve_settings(given, settings)

    try:
        return {name: value(name, given) for name, given in binding.items()}
    except LookupError as error:
        raise FunctionFaultError(str(error)) from error


def _retry(policy: Mapping[str, Any] | None) -> Retry | None:
    if not policy:
        return None
    if "delay_interval" in policy:
        return Retry(policy["most"], policy["delay_interval"], policy["delay_interval"])
    return Retry(policy["most"], policy["minimum_interval"], policy["maximum_interval"])


def _check(function: Function, settings: Mapping[str, str]) -> None:
    name = function.name
    if function.kind not in TRIGGERS:
        message = f"{name}: the emulator has no {function.kind}; it has {', '.join(TRIGGERS)}"
        raise FunctionFaultError(message)
    if function.kind == "blobTrigger" and str(function.trigger.get("source", "")).lower() != "eventgrid":
        message = f'{name}: a blob trigger needs source="EventGrid" on Flex Consumption'
        raise FunctionFaultError(message)
    for binding in (function.trigger, *function.others):
        connection = binding.get("connection")
        if (
            connection
            and connection not in settings
            and not any(each.startswith(f"{connection}__") for each in settings)
        ):
            message = f"{name}: no setting {connection!r}, the connection of {binding['name']!r}"
            raise FunctionFaultError(message)
    if function.kind == "timerTrigger":
        try:
            schedule_of(str(function.trigger["schedule"]))
        except ValueError as error:
            message = f"{name}: {error}"
            raise FunctionFaultError(message) from error
