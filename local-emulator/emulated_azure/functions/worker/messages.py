"""Stands in for the protobuf messages that the worker library is handed: names and fields, nothing more.

A field that is not set is None; a name with a capital is a message's own and must be absent where it is not one's.
"""

from typing import Any, ClassVar


class Message:
    """Holds whatever fields it is made with."""

    _kinds: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name[:1].isupper():
            raise AttributeError(name)
        return None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 (protobuf's name)
        """The field that is set, of those that exclude each other."""
        return next((name for name in self._kinds if self.__dict__.get(name) is not None), None)


class TypedData(Message):
    """One value of one kind."""

    _kinds = (
        "string", "json", "bytes", "stream", "http", "int", "double", "collection_bytes", "collection_string",
        "collection_double", "collection_sint64", "model_binding_data", "collection_model_binding_data",
    )  # fmt: skip


class ParameterBinding(Message):
    """A parameter's name and value."""

    _kinds = ("data", "rpc_shared_memory")


class RpcHttp(Message):
    """A request or an answer."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**{"headers": {}, "params": {}, "query": {}, **fields})


class _SameSite:
    Lax, Strict, ExplicitNone = 1, 2, 3


setattr(_SameSite, "None", 0)


class RpcHttpCookie(Message):
    """A cookie of an answer."""

    SameSite = _SameSite


class BindingInfo(Message):
    """A binding's direction and type."""

    inout, out, undefined, string, binary, stream = 2, 1, 0, 1, 2, 3


setattr(BindingInfo, "in", 0)


class StatusResult(Message):
    """How something ended."""

    Failure, Success, Cancelled = 0, 1, 2


class ModelBindingData(Message):
    """Where to find a value, for a binding that fetches it by itself."""


class NullableString(Message):
    """One of protobuf's wrappers."""


class NullableBool(Message):
    """One of protobuf's wrappers."""


class NullableDouble(Message):
    """One of protobuf's wrappers."""


class NullableTimestamp(Message):
    """One of protobuf's wrappers."""


class Timestamp(Message):
    """One of protobuf's own."""


class RpcException(Message):
    """What was raised."""


class RpcRetryOptions(Message):
    """A function's retry policy."""


class RpcFunctionMetadata(Message):
    """A function as indexed."""


class WorkerMetadata(Message):
    """Versions."""


class WorkerInitResponse(Message):
    """An answer."""


class FunctionMetadataResponse(Message):
    """An answer."""


class FunctionLoadResponse(Message):
    """An answer."""


class InvocationResponse(Message):
    """An answer."""


class FunctionEnvironmentReloadResponse(Message):
    """An answer."""
