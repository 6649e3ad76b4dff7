"""What a sandbox prints: lines of its standard output, and the frames in which the runtime client logs."""

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable

FRAME_HEAD = 16  # type 4 bytes, length 4, time stamp 8
FRAME_MARK = b"\xa5\x5a"
CHUNK = 65536


class Output:
    """The reading end of a pipe; hands on whole messages. `drain` reads what is there at once."""

    def __init__(self, loop: AbstractEventLoop, deliver: Callable[[str], None], *, framed: bool) -> None:
        self._loop = loop
        self._deliver = deliver
        self._split = self._frames if framed else self._lines
        self._rest = b""
        self._descriptor, self.write_end = os.pipe()
        os.set_blocking(self._descriptor, False)
        loop.add_reader(self._descriptor, self.drain)

    def close_write_end(self) -> None:
        """To be called once the sandbox has its copy: then the pipe ends with the sandbox."""
        os.close(self.write_end)

    def drain(self) -> None:
        """Deliver all that has been written so far."""
        while self._descriptor >= 0:
            try:
                chunk = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            self._rest = self._split(self._rest + chunk)

    def close(self) -> None:
        """Deliver a last line without an end, and read no more."""
        if self._descriptor < 0:
            return
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        if self._rest:
            self._deliver(self._rest.decode(errors="replace"))

    def _lines(self, data: bytes) -> bytes:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._deliver(line.decode(errors="replace"))
        return rest

    def _frames(self, data: bytes) -> bytes:
        while len(data) >= FRAME_HEAD and data.startswith(FRAME_MARK):
            end = FRAME_HEAD + int.from_bytes(data[4:8], "big")
            if len(data) < end:
                break
            self._deliver(data[FRAME_HEAD:end].decode(errors="replace").rstrip("\n"))
            data = data[end:]
        return data
