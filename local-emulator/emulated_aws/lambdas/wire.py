"""As much of HTTP/1.1 as the Runtime API needs: requests in, answers out, connections kept."""

from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: StreamReader) -> Request | None:
    """The next request of a connection; None when the other side has closed it."""
    try:
        first = await reader.readline()
        if not first:
            return None
        method, path, _version = first.decode("latin-1").split(" ", 2)
        headers = await _read_headers(reader)
        return Request(method, path, headers, await _read_body(reader, headers))
    except (ConnectionError, IncompleteReadError):
        return None


async def _read_headers(reader: StreamReader) -> dict[str, str]:
    headers = {}
    while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _read_body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    chunks = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readline()
    await _read_headers(reader)  # the trailer
    return b"".join(chunks)


async def answer(
    writer: StreamWriter, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> None:
    """Send one answer; a connection that is gone by now is no fault."""
    lines = [f"HTTP/1.1 {status} Emulated", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    try:
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await writer.drain()
    except ConnectionError:
        return
