"""A provider that knows a real one's schemas and talks to no cloud.

Terraform's core judges a configuration by the schemas: unknown and missing arguments, wrong blocks, wrong types. The
provider adds what the core asks of it: a plan in which computed values are unknown, and an apply that makes them up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from data_sources import COMPUTED
from generated import Schema
from made_up import made_up, told_of
from rules import Fault, broken, set_though_computed
from values import UNKNOWN, decode, encode, filled, is_whole
from wire import MESSAGES

_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
_ERROR = 1


def _attribute(name: str, told: Schema) -> Any:
    flags = {flag: told[flag] for flag in ("required", "optional", "computed", "write_only") if flag in told}
    if "nested_type" not in told:
        return MESSAGES["Attribute"](name=name, type=json.dumps(told["type"]).encode(), **flags)
    nested = told["nested_type"]
    inner = [_attribute(key, each) for key, each in nested["attributes"].items()]
    holds = MESSAGES["Object"](attributes=inner, nesting=_NESTING[nested["nesting_mode"]])
    return MESSAGES["Attribute"](name=name, nested_type=holds, **flags)


def _block(told: Schema) -> Any:
    attributes = [_attribute(name, each) for name, each in told["attributes"].items()]
    blocks = [
        MESSAGES["NestedBlock"](
            type_name=name, block=_block(each["block"]), nesting=_NESTING[each["nesting_mode"]],
            min_items=each.get("min_items", 0), max_items=each.get("max_items", 0),
        )
        for name, each in told["block_types"].items()
    ]  # fmt: skip
    return MESSAGES["Block"](attributes=attributes, block_types=blocks)


def _schema(told: Schema) -> Any:
    return MESSAGES["Schema"](version=told["version"], block=_block(told["block"]))


def _entries(schemas: dict[str, Schema]) -> list[Any]:
    return [MESSAGES["SchemaEntry"](key=name, value=_schema(each)) for name, each in schemas.items()]


def _diagnostics(type_name: str, faults: Iterator[Fault]) -> list[Any]:
    return [
        MESSAGES["Diagnostic"](
            severity=_ERROR,
            summary=f"Invalid {type_name}",
            detail=f'"{name}": {why}',
            attribute=MESSAGES["Path"](steps=[MESSAGES["Step"](attribute_name=name.split(".")[0])]),
        )
        for name, why in faults
    ]


class Provider:
    """Answers what the core asks; each method of the protocol is one that takes a request and returns a response.

    Args:
        schemas: Its own, those of its resources and of its data sources, as `schemas.load` returns them.
    """

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._told = MESSAGES["Schemas"](
            provider=_schema(schemas["provider"]),
            resources=_entries(schemas["resource"]),
            data=_entries(schemas["data"]),
            capabilities=MESSAGES["Capabilities"](get_provider_schema_optional=True),
        )

    def get_provider_schema(self, _: Any) -> Any:
        """Tell the schemas."""
        return self._told

    def validate_provider_config(self, _: Any) -> Any:
        """Take any configuration that fits the schema."""
        return MESSAGES["ProviderFaults"]()

    def configure_provider(self, _: Any) -> Any:
        """Need nothing."""
        return MESSAGES["Faults"]()

    def stop_provider(self, _: Any) -> Any:
        """Have nothing to stop."""
        return MESSAGES["Empty"]()

    def validate_resource_config(self, request: Any) -> Any:
        """Judge a resource's arguments, as far as they are known."""
        return self._judged("resource", request)

    def validate_data_resource_config(self, request: Any) -> Any:
        """Judge a data source's arguments, as far as they are known."""
        return self._judged("data", request)

    def _judged(self, kind: str, request: Any) -> Any:
        config = decode(request.config) or {}
        faults = [*set_though_computed(self._schemas[kind][request.type_name]["block"], config)]
        if kind == "resource":
            faults += broken(request.type_name, config)
        return MESSAGES["Faults"](diagnostics=_diagnostics(request.type_name, iter(faults)))

    def upgrade_resource_state(self, request: Any) -> Any:
        """Return a state of this version as it is."""
        block, state = self._block(request.type_name), json.loads(request.raw_state.json)
        known = {name: state.get(name) for name in (*block["attributes"], *block["block_types"])}
        value = MESSAGES["Value"](json=json.dumps(known).encode())
        return MESSAGES["UpgradeResponse"](upgraded_state=value)

    def read_resource(self, request: Any) -> Any:
        """Find everything as it was left."""
        return MESSAGES["ReadResponse"](new_state=request.current_state)

    def plan_resource_change(self, request: Any) -> Any:
        """Take what is proposed; of something new, the computed values are unknown yet."""
        proposed, prior = decode(request.proposed_new_state), decode(request.prior_state)
        if proposed is None or prior is not None:
            return MESSAGES["PlanResponse"](planned_state=request.proposed_new_state)
        planned = filled(self._block(request.type_name), proposed, lambda *_: UNKNOWN)
        faults = _diagnostics(request.type_name, broken(request.type_name, proposed))
        return MESSAGES["PlanResponse"](planned_state=encode(planned), diagnostics=faults)

    def apply_resource_change(self, request: Any) -> Any:
        """Make up what was unknown."""
        planned = decode(request.planned_state)
        if planned is None:
            return MESSAGES["ApplyResponse"](new_state=request.planned_state)
        make = partial(made_up, request.type_name, told_of(request.type_name, planned))
        new = filled(self._block(request.type_name), planned, make)
        return MESSAGES["ApplyResponse"](new_state=encode(new))

    def read_data_source(self, request: Any) -> Any:
        """Compute what can be, make up the rest."""
        config, block = decode(request.config), self._schemas["data"][request.type_name]["block"]
        compute = COMPUTED.get(request.type_name)
        found = compute(config) if compute is not None and is_whole(config) else {}
        known = config | {name: value for name, value in found.items() if name in block["attributes"]}
        make = partial(made_up, request.type_name, told_of(request.type_name, config))
        return MESSAGES["DataResponse"](state=encode(filled(block, known, make)))

    def _block(self, type_name: str) -> Schema:
        block: Schema = self._schemas["resource"][type_name]["block"]
        return block
