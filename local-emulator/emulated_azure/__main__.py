"""All of Azure that Azurite lacks, in one process; started by the emulator, never by hand.

Ends on SIGTERM, and when its standard input closes: then whoever started it is gone.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import aiohttp

from emulated_azure.assembly import Assembly, connector
from emulated_azure.places import Places
from emulation.wall import refuse_beyond_loopback


def main() -> int:
    """Serve until told to stop."""
    refuse_beyond_loopback()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(_options()))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator-folder", type=Path, required=True)
    parser.add_argument("--listen", type=_named_number, action="append", required=True, metavar="NAME=DESCRIPTOR")
    parser.add_argument("--azurite", type=_named_number, action="append", required=True, metavar="NAME=PORT")
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--worker-python", type=Path, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--node-modules", type=Path, required=True)
    return parser.parse_args()


def _named_number(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    return name, int(number)


async def _serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
    forever = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector(), auto_decompress=False, timeout=forever) as http:
        await Assembly(options, _places(options), http).serve(stop)


def _places(options: argparse.Namespace) -> Places:
    given = os.environ  # noqa: TID251 (what the emulator passes in)
    return Places(
        ports={name: _port(descriptor) for name, descriptor in options.listen},
        azurite=dict(options.azurite),
        account=given["AZURE_STORAGE_ACCOUNT_NAME"],
        account_key=given["AZURE_STORAGE_ACCOUNT_KEY"],
        instrumentation_key=given["INSTRUMENTATION_KEY"],
    )


def _port(descriptor: int) -> int:
    listener = socket.socket(fileno=descriptor)
    try:
        port: int = listener.getsockname()[1]
        return port
    finally:
        listener.detach()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # not buffered: its lock would be in the way of an end by an error
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the thread that reads our standard input is none of our concern any more
