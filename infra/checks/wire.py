"""The part of Terraform's plugin protocol 6 that a provider without a cloud needs, as protobuf messages.

The messages are made when this is imported, from the public interface's names, numbers and types; so no compiler and
no generated code are needed. Enumerations go as int32, and maps as lists of entries: on the wire they are the same.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "offline"
_LAYOUT = """
Value               msgpack:1:bytes json:2:bytes
Step                attribute_name:1:string
Path                steps:1:*Step
Diagnostic          severity:1:int32 summary:2:string detail:3:string attribute:4:Path
RawState            json:1:bytes
Attribute           name:1:string type:2:bytes required:4:bool optional:5:bool computed:6:bool nested_type:10:Object
                    write_only:11:bool
Object              attributes:1:*Attribute nesting:3:int32
NestedBlock         type_name:1:string block:2:Block nesting:3:int32 min_items:4:int64 max_items:5:int64
Block               attributes:2:*Attribute block_types:3:*NestedBlock
Schema              version:1:int64 block:2:Block
SchemaEntry         key:1:string value:2:Schema
Capabilities        get_provider_schema_optional:2:bool
Empty
Schemas             provider:1:Schema resources:2:*SchemaEntry data:3:*SchemaEntry capabilities:6:Capabilities
ProviderRequest     config:1:Value
ConfigRequest       type_name:1:string config:2:Value
Faults              diagnostics:1:*Diagnostic
ProviderFaults      diagnostics:2:*Diagnostic
UpgradeRequest      type_name:1:string version:2:int64 raw_state:3:RawState
UpgradeResponse     upgraded_state:1:Value
ReadRequest         type_name:1:string current_state:2:Value
ReadResponse        new_state:1:Value
PlanRequest         type_name:1:string prior_state:2:Value proposed_new_state:3:Value config:4:Value
PlanResponse        planned_state:1:Value diagnostics:4:*Diagnostic
ApplyRequest        type_name:1:string prior_state:2:Value planned_state:3:Value config:4:Value
ApplyResponse       new_state:1:Value
DataResponse        state:1:Value
"""


def _fields(message: Any, words: list[str]) -> None:
    for word in words:
        name, number, kind = word.split(":")
        field = message.field.add(name=name, number=int(number))
        plain = kind.lstrip("*")
        field.label = field.LABEL_OPTIONAL if plain == kind else field.LABEL_REPEATED
        scalar = getattr(field, f"TYPE_{plain.upper()}", None)
        if scalar is None:
            field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
        else:
            field.type = scalar


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for line in _LAYOUT.strip().replace("\n   ", " ").splitlines():
        name, *words = line.split()
        _fields(file.message_type.add(name=name), words)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        each.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{each.name}"))
        for each in file.message_type
    }


MESSAGES = _messages()
"""The classes of messages, by the names that they have here."""
