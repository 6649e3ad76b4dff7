"""Serves a provider to Terraform's core: gRPC on a unix socket."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

import grpc

from provider import Provider
from wire import MESSAGES

_METHODS = {  # of the protocol, what each is sent
    "GetProviderSchema": "Empty",
    "ValidateProviderConfig": "ProviderRequest",
    "ConfigureProvider": "Empty",
    "StopProvider": "Empty",
    "ValidateResourceConfig": "ConfigRequest",
    "ValidateDataResourceConfig": "ConfigRequest",
    "UpgradeResourceState": "UpgradeRequest",
    "ReadResource": "ReadRequest",
    "PlanResourceChange": "PlanRequest",
    "ApplyResourceChange": "ApplyRequest",
    "ReadDataSource": "ConfigRequest",
}
_ANY_LENGTH = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def serve(provider: Provider, address: str) -> Any:
    """Return a server that runs until its `stop` is called."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8), options=_ANY_LENGTH)
    handlers = {name: _handler(getattr(provider, _spelt(name)), name) for name in _METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tfplugin6.Provider", handlers),))
    server.add_insecure_port(address)
    server.start()
    return server


def _handler(method: Callable[[Any], Any], name: str) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        lambda request, _: method(request),
        request_deserializer=MESSAGES[_METHODS[name]].FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


def _spelt(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
