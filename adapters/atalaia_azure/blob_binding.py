"""What a blob trigger hands to a function: the blob's name, and nothing of its content.

With the types of `azure.functions` the host would read the whole blob and send it to this process, before the function
knows whether it has read this content already. What Microsoft ships to avoid that brings azure-storage-blob and
azure-identity, half a second of a cold start, of which nothing is used: blobs are read by ranges, through obstore. So
this is a type of our own for the same mechanism, of which `azurefunctions.extensions.base` is the public half.
"""

from __future__ import annotations

import json
from typing import Any

from azurefunctions.extensions.base import Datum, InConverter, SdkType

from atalaia.monitoring.service import Arrival

_REFERENCE = "model_binding_data"


class BlobName(SdkType):
    """The blob that a trigger tells of.

    Attributes:
        arrival: It, as a log object: the host tells neither its size nor its ETag.
    """

    def __init__(self, *, data: Any) -> None:
        """Read the host's reference to a blob: its connection, container and name."""
        told = json.loads(data.content)
        self.arrival = Arrival(f"az://{told['ContainerName']}/{told['BlobName']}")

    def get_sdk_type(self) -> BlobName:
        """Return itself: there is no other type behind it."""
        return self


class BlobNameConverter(InConverter, binding="blob", trigger="blobTrigger"):
    """Tells the worker that a parameter of type `BlobName` takes a reference."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Tell whether this converter makes values of a type."""
        return issubclass(pytype, BlobName)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Any, pytype: Any = BlobName) -> BlobName | None:  # noqa: ARG003 - the worker's
        """Return the value of a parameter.

        Raises:
            ValueError: The host has sent something else than a reference.
        """
        if data is None or data.type is None:
            return None
        if data.type != _REFERENCE:
            msg = f"a blob's reference was expected, not {data.type!r}. Use an extension bundle 4 or newer."
            raise ValueError(msg)
        return BlobName(data=data.value)
