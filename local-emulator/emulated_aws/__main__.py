"""MiniStack with what it lacks, in one process; started by the emulator, never by hand.

Ends on SIGTERM, and when its standard input closes: then whoever started it is gone.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from emulation.wall import refuse_beyond_loopback

if TYPE_CHECKING:
    from emulated_aws.assembly import Assembly

VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")


def main() -> int:
    """Serve until told to stop."""
    refuse_beyond_loopback()
    from emulated_aws.assembly import Assembly  # noqa: PLC0415 (MiniStack reads its environment as it is imported)

    options = _options()
    variables = {name: os.environ[name] for name in VARIABLES}  # noqa: TID251 (what the emulator passes in)
    assembly = Assembly(options, {**variables, "AWS_ALLOW_HTTP": "true"})
    asyncio.run(_serve(assembly))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator-folder", type=Path, required=True)
    parser.add_argument("--gateway-descriptor", type=int, required=True)
    parser.add_argument("--admin-descriptor", type=int, required=True)
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--sandbox-python", type=Path, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--account", required=True)
    return parser.parse_args()


async def _serve(assembly: "Assembly") -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
    try:
        await assembly.serve(stop)
    finally:
        assembly.stop()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # not buffered: its lock would be in the way of an end by an error
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # MiniStack's threads are none of our concern any more
