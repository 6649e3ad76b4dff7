"""How host and worker talk: JSON with bytes beside it, so that nothing but data crosses, and content is not encoded.

A frame is the length of a head (4 bytes), the head, and the parts that it announces.
"""

import json
import struct
from asyncio import IncompleteReadError, StreamReader
from typing import Any

LENGTH = struct.Struct("!I")
PART = "$part"


def encode(message: dict[str, Any]) -> bytes:
    """One frame; values of *message* are those of JSON, and bytes."""
    parts: list[bytes] = []

    def put_aside(value: Any) -> dict[str, int]:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"{type(value).__name__} does not cross")  # noqa: EM102, TRY003 (a fault of ours, seen in a log)
        parts.append(bytes(value))
        return {PART: len(parts) - 1}

    body = json.dumps(message, default=put_aside)
    head = json.dumps({"sizes": [len(part) for part in parts], "body": len(body.encode())}).encode()
    return b"".join([LENGTH.pack(len(head)), head, body.encode(), *parts])


async def read(reader: StreamReader) -> dict[str, Any] | None:
    """The next message; None when the other side is gone."""
    try:
        head = json.loads(await reader.readexactly(LENGTH.unpack(await reader.readexactly(LENGTH.size))[0]))
        body = await reader.readexactly(head["body"])
        parts = [await reader.readexactly(size) for size in head["sizes"]]
    except (IncompleteReadError, ConnectionError):
        return None

    def restore(value: dict[str, Any]) -> Any:
        return parts[value[PART]] if PART in value else value

    message: dict[str, Any] = json.loads(body, object_hook=restore)
    return message
